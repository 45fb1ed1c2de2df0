// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A server and a client on loopback, for tests of what lies between.

#ifndef KEYWARD_LIBS_RPC_TEST_PEERS_H_
#define KEYWARD_LIBS_RPC_TEST_PEERS_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/support/channel_arguments.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/peer_channel.h"
#include "libs/rpc/server.h"
#include "libs/rpc/server_credentials.h"
#include "libs/rpc/test_certificates.h"

namespace keyward::rpc {

inline constexpr char kTestServerId[] = "spiffe://test.domain/service/server";
inline constexpr char kTestClientId[] = "spiffe://test.domain/service/client";

// The SPIFFE id that the handshake verified: there is one authority in tests.
inline absl::StatusOr<std::string> TestIdentity(const PeerFacts& peer) {
  if (peer.spiffe_id.empty()) return absl::UnauthenticatedError("who?");
  return peer.spiffe_id;
}

// Delegates to functions; without one a call is INTERNAL.
class FunctionHandler final : public CallHandler {
 public:
  std::function<void(IncomingCall, UnaryDone)> unary;
  std::function<void(IncomingCall, std::shared_ptr<StreamWriter>)> stream;
  std::function<void(const PeerFacts&,
                     const google::protobuf::MethodDescriptor*,
                     const absl::Status&)>
      refused;

  void HandleUnary(IncomingCall call, UnaryDone done) override {
    if (unary) {
      unary(std::move(call), std::move(done));
    } else {
      done(absl::InternalError("no handler"), nullptr);
    }
  }
  void HandleStream(IncomingCall call,
                    std::shared_ptr<StreamWriter> writer) override {
    if (stream) {
      stream(std::move(call), std::move(writer));
    } else {
      writer->Finish(absl::InternalError("no handler"));
    }
  }
  void OnRefused(const PeerFacts& peer,
                 const google::protobuf::MethodDescriptor* method,
                 const absl::Status& status) override {
    if (refused) refused(peer, method, status);
  }
};

// Something that happens once, waited for at most ten seconds.
class Event {
 public:
  void Set() {
    MutexLock lock(&mu_);
    set_ = true;
    changed_.SignalAll();
  }
  bool Wait() {
    MutexLock lock(&mu_);
    while (!set_) {
      if (!changed_.WaitFor(&mu_, absl::Seconds(10))) return set_;
    }
    return true;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool set_ ABSL_GUARDED_BY(mu_) = false;
};

// One server with an authority, and channels to it.
class TestServer {
 public:
  // Serves `options`, whose address and TLS are filled in here.
  TestServer(ServerOptions options, ClientCertificate client_certificate,
             const Clock* clock);

  const TestAuthority& authority() const { return authority_; }
  ReloadableServerTls* tls() { return tls_.get(); }
  Server* server() { return server_.get(); }
  std::string address() const;
  void Stop() { server_.reset(); }

  // A channel of the client that the authority calls `id`.
  std::shared_ptr<grpc::Channel> Connect(
      const std::string& id = kTestClientId) {
    return ConnectWith(authority_.Issue(id));
  }
  std::shared_ptr<grpc::Channel> ConnectWith(TlsMaterial material);
  // Without a certificate.
  std::shared_ptr<grpc::Channel> ConnectAnonymously(
      const grpc::ChannelArguments& arguments = {}) const;

 private:
  const Clock* const clock_;
  const TestAuthority authority_{"test authority"};
  std::shared_ptr<ReloadableServerTls> tls_;
  std::unique_ptr<Server> server_;
  // Those that Connect gave; whoever has one releases it before.
  std::vector<std::unique_ptr<PeerChannel>> channels_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_TEST_PEERS_H_
