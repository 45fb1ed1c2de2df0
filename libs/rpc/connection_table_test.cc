// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/connection_table.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"

namespace keyward::rpc {
namespace {

using Verdict = ConnectionTable::Verdict;

sockaddr_storage Peer(const std::string& address) {
  sockaddr_storage peer = {};
  sockaddr_in v4 = {};
  sockaddr_in6 v6 = {};
  if (inet_pton(AF_INET, address.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&peer, &v4, sizeof(v4));
  } else if (inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    std::memcpy(&peer, &v6, sizeof(v6));
  } else {
    peer.ss_family = AF_UNIX;
  }
  return peer;
}

class ConnectionTableTest : public testing::Test {
 protected:
  ~ConnectionTableTest() override {
    for (const int fd : open_) close(fd);
  }

  // A socket whose descriptor nothing had before.
  int NewSocket() {
    const int made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int fd = fcntl(made, F_DUPFD_CLOEXEC, next_++);
    EXPECT_GE(fd, next_ - 1);
    close(made);
    open_.push_back(fd);
    return fd;
  }

  // Of a connection that is new.
  Verdict Admit(const std::string& address) {
    return table_.Admit(NewSocket(), Peer(address));
  }

  // Closes the one that was opened as the n-th.
  void Close(size_t n) {
    close(open_[n]);
    open_.erase(open_.begin() + static_cast<ptrdiff_t>(n));
  }

  void NextLook() { clock_.Advance(ConnectionTable::kLookInterval); }

  FakeClock clock_{absl::UnixEpoch()};
  ConnectionTable table_{{4, 2}, &clock_};
  std::vector<int> open_;
  int next_ = 100;
};

TEST_F(ConnectionTableTest, P8_OneAddressHasNoMoreThanItsShare) {
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kTooManyOfAddress);
  EXPECT_EQ(Admit("192.0.2.2"), Verdict::kAdmitted);
  EXPECT_EQ(table_.size(), 3u);
}

TEST_F(ConnectionTableTest, P8_AllAddressesHaveNoMoreThanThereIs) {
  for (const char* address : {"192.0.2.1", "192.0.2.2", "192.0.2.3", "::1"}) {
    EXPECT_EQ(Admit(address), Verdict::kAdmitted);
  }
  EXPECT_EQ(Admit("192.0.2.4"), Verdict::kTooMany);
}

TEST_F(ConnectionTableTest, AConnectionThatHasEndedGivesItsPlaceBack) {
  Admit("192.0.2.1");
  Admit("192.0.2.1");
  Close(0);
  NextLook();
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kTooManyOfAddress);
}

TEST_F(ConnectionTableTest, ADescriptorThatIsAnotherSocketsByNowDoesNotCount) {
  Admit("192.0.2.1");
  Admit("192.0.2.1");
  const int other = NewSocket();
  ASSERT_EQ(dup2(other, open_[0]), open_[0]);
  NextLook();
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
}

TEST_F(ConnectionTableTest, ADescriptorThatIsAFilesByNowDoesNotCount) {
  Admit("192.0.2.1");
  Admit("192.0.2.1");
  const int file = open("/dev/null", O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(dup2(file, open_[0]), open_[0]);
  close(file);
  NextLook();
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
}

TEST_F(ConnectionTableTest, ADescriptorThatIsAcceptedAgainCountsOnce) {
  const int fd = NewSocket();
  EXPECT_EQ(table_.Admit(fd, Peer("192.0.2.1")), Verdict::kAdmitted);
  EXPECT_EQ(table_.Admit(fd, Peer("192.0.2.1")), Verdict::kAdmitted);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kTooManyOfAddress);
}

TEST_F(ConnectionTableTest, P8_AFloodDoesNotMakeItLookAllTheTime) {
  Admit("192.0.2.1");
  Admit("192.0.2.1");
  NextLook();
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kTooManyOfAddress);
  Close(0);
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kTooManyOfAddress);
  NextLook();
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
}

TEST_F(ConnectionTableTest, ANetworkOfIpv6IsOneAddress) {
  EXPECT_EQ(Admit("2001:db8::1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("2001:db8::ffff:1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("2001:db8::2"), Verdict::kTooManyOfAddress);
  EXPECT_EQ(Admit("2001:db8:0:1::1"), Verdict::kAdmitted);
}

TEST_F(ConnectionTableTest, AnIpv4AddressIsTheSameOnASocketOfBothFamilies) {
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("::ffff:192.0.2.1"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("192.0.2.1"), Verdict::kTooManyOfAddress);
  EXPECT_EQ(Admit("::ffff:192.0.2.2"), Verdict::kAdmitted);
}

TEST_F(ConnectionTableTest, PeersWithoutAnAddressAreOne) {
  EXPECT_EQ(Admit("/a/path"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("/another"), Verdict::kAdmitted);
  EXPECT_EQ(Admit("/a/third"), Verdict::kTooManyOfAddress);
}

}  // namespace
}  // namespace keyward::rpc
