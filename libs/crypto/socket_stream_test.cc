// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/socket_stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/crypto/listener_for_testing.h"

namespace keyward::crypto {
namespace {

class SocketStreamTest : public testing::Test {
 protected:
  SteadyTime In(absl::Duration time) { return clock_.SteadyNow() + time; }

  std::unique_ptr<SocketStream> ConnectTo(uint16_t port) {
    return SocketStream::Connect("127.0.0.1", port, clock_,
                                 In(absl::Seconds(60)))
        .value();
  }

  const SystemClock clock_;
};

TEST_F(SocketStreamTest, CarriesBytesBothWaysAndSeesTheEnd) {
  ListenerForTesting server([&](int fd) {
    char c;
    while (read(fd, &c, 1) == 1 && c != '.') {
      if (write(fd, &c, 1) != 1) break;
    }
    return true;
  });
  const auto stream = ConnectTo(server.port());
  ASSERT_EQ(stream->Write("abc.", In(absl::Seconds(60))), absl::OkStatus());
  std::string all;
  for (;;) {
    char out[2];
    const auto got = stream->Read(absl::MakeSpan(out), In(absl::Seconds(60)));
    ASSERT_TRUE(got.ok()) << got.status();
    if (*got == 0) break;
    all.append(out, *got);
  }
  EXPECT_EQ(all, "abc");
}

TEST_F(SocketStreamTest, NobodyAtTheAddressIsUnavailable) {
  uint16_t port;
  {
    ListenerForTesting server([](int) { return true; });
    port = server.port();
  }
  EXPECT_EQ(
      SocketStream::Connect("127.0.0.1", port, clock_, In(absl::Seconds(60)))
          .status()
          .code(),
      absl::StatusCode::kUnavailable);
}

TEST_F(SocketStreamTest, ANameIsNotLookedUp) {
  EXPECT_EQ(SocketStream::Connect("localhost", 1, clock_, In(absl::Seconds(60)))
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(SocketStreamTest, ReadEndsAtTheDeadline) {
  ListenerForTesting* self = nullptr;
  ListenerForTesting server([&](int fd) {
    char c;
    if (read(fd, &c, 1) != 1) return false;
    self->Pause(-1);
    return false;
  });
  self = &server;
  const auto stream = ConnectTo(server.port());
  ASSERT_EQ(stream->Write("x", In(absl::Seconds(60))), absl::OkStatus());
  char out[2];
  EXPECT_EQ(stream->Read(absl::MakeSpan(out), In(absl::Milliseconds(100)))
                .status()
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SocketStreamTest, WriteEndsAtTheDeadlineThoughThePeerTakesByteByByte) {
  ListenerForTesting* self = nullptr;
  ListenerForTesting server([&](int fd) {
    char some[4096];
    while (self->WaitToRead(fd) && read(fd, some, sizeof(some)) > 0 &&
           self->Pause(5)) {
    }
    return false;
  });
  self = &server;
  const auto stream = ConnectTo(server.port());
  EXPECT_EQ(stream
                ->Write(std::string(size_t{256} << 20, 'x'),
                        In(absl::Milliseconds(300)))
                .code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(SocketStreamTest, APeerThatIsGoneEndsTheConnectionAndNotTheProcess) {
  ListenerForTesting server([&](int fd) {
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    return true;
  });
  const auto stream = ConnectTo(server.port());
  absl::Status status;
  while (status.ok()) {
    status = stream->Write("x", In(absl::Seconds(60)));
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(stream->Write("x", In(absl::Seconds(60))).code(),
            absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace keyward::crypto
