// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// bench_echo: the yardstick. A gRPC server over TLS 1.3 that answers what it
// was sent and does nothing else. It uses gRPC as libs/rpc does, the callback
// API over raw bytes, and asks for client certificates as the gateway does, so
// that the rest of a call's cost is Keyward's own.
//
// Prints its port, and ends when its standard input does.

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/rpc_method.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/impl/service_type.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "libs/base/file_util.h"
#include "libs/crypto/tls_policy.h"

namespace keyward::bench {
namespace {

constexpr size_t kMaxFileBytes = 1 << 20;

struct EchoOptions {
  std::string authorities;
  std::string certificate;
  std::string key;
};

class EchoService final : public grpc::Service {
 public:
  EchoService() {
    namespace gi = grpc::internal;
    AddMethod(new gi::RpcServiceMethod("/keyward.bench.Echo/Echo",
                                       gi::RpcMethod::NORMAL_RPC, nullptr));
    MarkMethodRawCallback(
        0, new gi::CallbackUnaryHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
               [](grpc::CallbackServerContext* context,
                  const grpc::ByteBuffer* request, grpc::ByteBuffer* response) {
                 *response = *request;
                 grpc::ServerUnaryReactor* const reactor =
                     context->DefaultReactor();
                 reactor->Finish(grpc::Status::OK);
                 return reactor;
               }));
  }
};

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> Credentials(
    const EchoOptions& options) {
  grpc::SslServerCredentialsOptions tls(
      GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY);
  grpc::SslServerCredentialsOptions::PemKeyCertPair pair;
  const struct {
    const std::string& path;
    std::string* content;
  } files[] = {{options.authorities, &tls.pem_root_certs},
               {options.certificate, &pair.cert_chain},
               {options.key, &pair.private_key}};
  for (const auto& file : files) {
    absl::StatusOr<std::string> read =
        ReadFileBounded(file.path, kMaxFileBytes);
    if (!read.ok()) return read.status();
    *file.content = *std::move(read);
  }
  tls.pem_key_cert_pairs.push_back(std::move(pair));
  return grpc::SslServerCredentials(tls);
}

absl::Status Serve(const EchoOptions& options) {
  if (absl::Status status = crypto::RestrictTls(); !status.ok()) return status;
  absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> credentials =
      Credentials(options);
  if (!credentials.ok()) return credentials.status();
  EchoService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", *credentials, &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    return absl::UnavailableError("cannot listen on 127.0.0.1");
  }
  std::printf("%d\n", port);
  std::fflush(stdout);
  // Whoever started it holds the other end, and closes it even by dying.
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  EchoOptions options;
  CLI::App app("Answers what it is sent.", "bench_echo");
  app.add_option("--ca", options.authorities, "file of authorities")
      ->required();
  app.add_option("--cert", options.certificate, "file of the certificate")
      ->required();
  app.add_option("--key", options.key, "file of its key")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  const absl::Status served = Serve(options);
  if (served.ok()) return 0;
  std::fprintf(stderr, "bench_echo: %s\n", served.ToString().c_str());
  return 1;
}

}  // namespace
}  // namespace keyward::bench

int main(int argc, char** argv) { return keyward::bench::Main(argc, argv); }
