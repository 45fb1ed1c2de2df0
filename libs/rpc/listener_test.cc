// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace keyward::rpc {
namespace {

// Whether something listens on the port of the address.
bool Connects(int family, const char* host, int port) {
  const UniqueFd made(socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in v4 = {};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<uint16_t>(port));
  sockaddr_in6 v6 = {};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = v4.sin_port;
  if (family == AF_INET) {
    inet_pton(AF_INET, host, &v4.sin_addr);
    return connect(made.get(), reinterpret_cast<sockaddr*>(&v4), sizeof(v4)) ==
           0;
  }
  inet_pton(AF_INET6, host, &v6.sin6_addr);
  return connect(made.get(), reinterpret_cast<sockaddr*>(&v6), sizeof(v6)) == 0;
}

bool MachineHasIpv6() {
  const auto listener = Listen("[::1]:0");
  return listener.ok();
}

TEST(ListenerTest, AFreePortIsTakenForZero) {
  const auto listener = Listen("127.0.0.1:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  ASSERT_EQ(listener->sockets.size(), 1u);
  EXPECT_GT(listener->port, 0);
  EXPECT_TRUE(Connects(AF_INET, "127.0.0.1", listener->port));
  EXPECT_FALSE(Connects(AF_INET, "127.0.0.2", listener->port));
}

TEST(ListenerTest, EverywhereIsBothFamilies) {
  for (const char* address : {"0.0.0.0:0", "[::]:0"}) {
    const auto listener = Listen(address);
    ASSERT_TRUE(listener.ok()) << listener.status();
    EXPECT_TRUE(Connects(AF_INET, "127.0.0.2", listener->port)) << address;
    if (MachineHasIpv6()) {
      EXPECT_TRUE(Connects(AF_INET6, "::1", listener->port)) << address;
    }
  }
}

TEST(ListenerTest, ANameIsAllOfItsAddressesOnOnePort) {
  const auto listener = Listen("localhost:0");
  ASSERT_TRUE(listener.ok()) << listener.status();
  EXPECT_TRUE(Connects(AF_INET, "127.0.0.1", listener->port));
  for (const UniqueFd& socket : listener->sockets) {
    sockaddr_storage bound = {};
    socklen_t size = sizeof(bound);
    ASSERT_EQ(
        getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size),
        0);
    // At the same place in both families.
    EXPECT_EQ(ntohs(reinterpret_cast<sockaddr_in*>(&bound)->sin_port),
              listener->port);
  }
}

TEST(ListenerTest, ATakenPortIsNotSharedAndTheErrorSaysWhatToDo) {
  const auto first = Listen("127.0.0.1:0");
  ASSERT_TRUE(first.ok());
  const auto second = Listen(absl::StrCat("127.0.0.1:", first->port));
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(
      absl::StrContains(second.status().message(), "Address already in use"));
  EXPECT_TRUE(absl::StrContains(second.status().message(), "listen.address"));
}

TEST(ListenerTest, NothingListensOnceTheSocketsAreGone) {
  int port = 0;
  {
    const auto listener = Listen("127.0.0.1:0");
    ASSERT_TRUE(listener.ok());
    port = listener->port;
    ASSERT_TRUE(Connects(AF_INET, "127.0.0.1", port));
  }
  EXPECT_FALSE(Connects(AF_INET, "127.0.0.1", port));
}

TEST(ListenerTest, AnAddressThatIsNoneIsAnErrorThatNamesIt) {
  for (const char* address :
       {"nonsense", "host.invalid:1", "192.0.2.1:1", "127.0.0.1:port"}) {
    const auto listener = Listen(address);
    EXPECT_EQ(listener.status().code(), absl::StatusCode::kUnavailable);
    EXPECT_TRUE(absl::StrContains(listener.status().message(), address));
  }
}

}  // namespace
}  // namespace keyward::rpc
