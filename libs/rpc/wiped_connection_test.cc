// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/wiped_connection.h"

#include <openssl/ssl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/client_context.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/crypto/wipe.h"
#include "libs/crypto/wiping_allocator.h"
#include "libs/rpc/grpc_time.h"
#include "libs/rpc/test_peers.h"
#include "libs/rpc/wiped_buffer.h"
#include "proto/keyward/secrets/v1/secret.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

using keyward::secrets::v1::SecretPayload;

constexpr size_t kNeedle = 32;
constexpr uint8_t kMask = 0x5a;

// A random value that this process holds nowhere by itself, only masked.
class Needle {
 public:
  Needle() {
    std::random_device random;
    for (uint8_t& byte : masked_) byte = static_cast<uint8_t>(random());
  }

  // The value in the clear, for the caller to wipe.
  std::string Expose() const {
    std::string value(kNeedle, '\0');
    std::transform(
        masked_.begin(), masked_.end(), value.begin(),
        [](uint8_t byte) { return static_cast<char>(byte ^ kMask); });
    return value;
  }

  bool StandsAt(const uint8_t* place) const {
    return std::equal(
        masked_.begin(), masked_.end(), place,
        [](uint8_t masked, uint8_t byte) { return (masked ^ kMask) == byte; });
  }

 private:
  std::array<uint8_t, kNeedle> masked_;
};

// How often the value is in this process's memory. Reads by way of the kernel,
// since a region may go away meanwhile.
class OwnMemory {
 public:
  size_t Count(const Needle& needle) {
    std::ifstream maps("/proc/self/maps");
    size_t count = 0;
    for (std::string line; std::getline(maps, line);) {
      uintptr_t begin = 0;
      uintptr_t end = 0;
      char readable = '-';
      if (std::sscanf(line.c_str(), "%lx-%lx %c", &begin, &end, &readable) !=
              3 ||
          readable != 'r') {
        continue;
      }
      // Pieces overlap, so that a value on an edge is seen.
      for (; begin + kNeedle <= end; begin += buffer_.size() - kNeedle) {
        count += CountFrom(begin, end, needle);
      }
    }
    return count;
  }

 private:
  size_t CountFrom(uintptr_t begin, uintptr_t end, const Needle& needle) {
    const iovec here = {buffer_.data(), buffer_.size()};
    const iovec there = {reinterpret_cast<void*>(begin),
                         std::min(buffer_.size(), end - begin)};
    const ssize_t got = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
    size_t count = 0;
    for (ssize_t i = 0; i + static_cast<ssize_t>(kNeedle) <= got; ++i) {
      count += needle.StandsAt(buffer_.data() + i) ? 1 : 0;
    }
    // What was read is not to be found again.
    crypto::WipeBytes(buffer_.data(), buffer_.size());
    return count;
  }

  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(1 << 20);
};

class WipedConnectionTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!crypto::IsWipingAllocatorActive()) {
      GTEST_SKIP() << "sanitizers have an allocator of their own";
    }
    ServerOptions options;
    options.services = {
        {keyward::secrets::v1::GetSecretRequest::descriptor()->file()->service(
             0),
         &handler_}};
    options.limits = InternalServerLimits();
    server_ = std::make_unique<TestServer>(
        std::move(options), ClientCertificate::kRequired, &clock_);
    channel_ = server_->Connect();
  }

  // Calls a method that does not exist, so that gRPC itself drops the message.
  grpc::StatusCode Send(const Needle& needle) {
    grpc::ByteBuffer request;
    {
      SecretPayload payload;
      payload.mutable_data()->assign(needle.Expose());
      request = SerializeToWipedBuffer(payload);
      crypto::WipeString(payload.mutable_data());
    }
    grpc::ClientContext context;
    context.set_deadline(GrpcDeadline(absl::Seconds(10)));
    grpc::ByteBuffer response;
    grpc::StatusCode code = grpc::StatusCode::OK;
    Event done;
    grpc::GenericStub(channel_).UnaryCall(
        &context, "/keyward.secrets.v1.SecretService/Nothing",
        grpc::StubOptions(), &request, &response, [&](grpc::Status status) {
          code = status.error_code();
          done.Set();
        });
    EXPECT_TRUE(done.Wait());
    return code;
  }

  SystemClock clock_;
  FunctionHandler handler_;
  std::unique_ptr<TestServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  OwnMemory memory_;
};

TEST_F(WipedConnectionTest, IsActive) { EXPECT_TRUE(ConnectionsAreWiped()); }

TEST_F(WipedConnectionTest, TheSearchFindsWhatIsThereAndNothingElse) {
  const Needle needle;
  EXPECT_EQ(memory_.Count(needle), 0u);
  std::string value(2 * kNeedle, '\0');
  value.replace(0, kNeedle, needle.Expose());
  EXPECT_GE(memory_.Count(needle), 1u);
  crypto::WipeString(&value);
}

TEST_F(WipedConnectionTest, P5_AnOpenConnectionKeepsNoMessageThatGrpcDropped) {
  for (int i = 0; i < 5; ++i) {
    const Needle needle;
    ASSERT_EQ(Send(needle), grpc::StatusCode::UNIMPLEMENTED);
    // gRPC's other threads may still be about to let go of it.
    const absl::Time end = absl::Now() + absl::Seconds(2);
    size_t count = memory_.Count(needle);
    while (count > 0 && absl::Now() < end) count = memory_.Count(needle);
    EXPECT_EQ(count, 0u) << i;
  }
}

TEST_F(WipedConnectionTest, OthersThanGrpcReadAsEver) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const ssl = SSL_new(context);
  char data[16] = "kept";
  EXPECT_LE(SSL_read(ssl, data, sizeof(data)), 0);
  EXPECT_STREQ(data, "kept");
  SSL_free(ssl);
  SSL_CTX_free(context);
}

TEST_F(WipedConnectionTest, WritingToNoConnectionFailsAndKeepsTheData) {
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL* const ssl = SSL_new(context);
  static constexpr char kData[] = "constant memory of a caller";
  EXPECT_LE(SSL_write(ssl, kData, sizeof(kData)), 0);
  EXPECT_STREQ(kData, "constant memory of a caller");
  SSL_free(ssl);
  SSL_CTX_free(context);
}

}  // namespace
}  // namespace keyward::rpc
