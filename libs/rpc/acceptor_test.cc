// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/mutex.h"

namespace keyward::rpc {
namespace {

constexpr int kPatienceMillis = 10'000;

// Takes connections and keeps them.
class Taken {
 public:
  void Add(int fd) {
    MutexLock lock(&mu_);
    fds_.emplace_back(fd);
    changed_.SignalAll();
  }
  // Waits until there are `count`; how many there are.
  size_t Await(size_t count) {
    MutexLock lock(&mu_);
    while (fds_.size() < count) {
      if (!changed_.WaitFor(&mu_, absl::Milliseconds(kPatienceMillis))) break;
    }
    return fds_.size();
  }
  void CloseAll() {
    MutexLock lock(&mu_);
    fds_.clear();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  std::vector<UniqueFd> fds_ ABSL_GUARDED_BY(mu_);
};

// A client's end. Nothing is sent on it, so it is readable when it ends.
class Client {
 public:
  Client() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}

  bool Connect(int port) const {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect(fd_.get(), reinterpret_cast<sockaddr*>(&address),
                   sizeof(address)) == 0;
  }
  bool IsEnded(int millis = kPatienceMillis) const {
    pollfd watched = {fd_.get(), POLLIN, 0};
    return poll(&watched, 1, millis) == 1;
  }

 private:
  UniqueFd fd_;
};

class AcceptorTest : public testing::Test {
 protected:
  void Start(ConnectionLimits limits) {
    auto listener = Listen("127.0.0.1:0");
    ASSERT_TRUE(listener.ok()) << listener.status();
    port_ = listener->port;
    auto acceptor =
        Acceptor::Create(*std::move(listener), limits, &clock_, &log_,
                         [this](int, int fd) { taken_.Add(fd); });
    ASSERT_TRUE(acceptor.ok()) << acceptor.status();
    acceptor_ = *std::move(acceptor);
  }

  bool Logged(const std::string& text) const {
    for (const std::string& line : sink_.lines()) {
      if (absl::StrContains(line, text)) return true;
    }
    return false;
  }

  SystemClock clock_;
  MemoryLogSink sink_;
  Logger log_{"test", LogLevel::kInfo, &clock_, &sink_};
  Taken taken_;
  int port_ = 0;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, P8_WhatIsTooMuchIsResetAndTheOthersStay) {
  Start({100, 2});
  std::vector<Client> clients(3);
  ASSERT_TRUE(clients[0].Connect(port_) && clients[1].Connect(port_));
  ASSERT_EQ(taken_.Await(2), 2u);
  ASSERT_TRUE(clients[2].Connect(port_));
  EXPECT_TRUE(clients[2].IsEnded());
  EXPECT_FALSE(clients[0].IsEnded(0) || clients[1].IsEnded(0));
  EXPECT_TRUE(Logged("limits.connections_of_address"));
}

TEST_F(AcceptorTest, P8_APlaceIsGivenAgainOnceItIsFree) {
  Start({1, 1});
  const Client first;
  ASSERT_TRUE(first.Connect(port_));
  ASSERT_EQ(taken_.Await(1), 1u);
  taken_.CloseAll();
  // The table looks again after a while.
  bool again = false;
  for (int i = 0; i < 100 && !again; ++i) {
    const Client next;
    ASSERT_TRUE(next.Connect(port_));
    again = !next.IsEnded(100);
  }
  EXPECT_TRUE(again);
}

TEST_F(AcceptorTest, P8_WithoutADescriptorConnectionsAreResetAndNothingEnds) {
  Start({1000, 1000});
  const Client before;
  ASSERT_TRUE(before.Connect(port_));
  ASSERT_EQ(taken_.Await(1), 1u);
  std::vector<Client> during(5);
  const Client after;
  rlimit files = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  // No descriptor is below so low a limit any more.
  const rlimit few = {64, files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &few), 0);
  {
    std::vector<UniqueFd> fillers;
    for (int fd = 0; fd >= 0;) {
      fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
      fillers.emplace_back(fd);
    }
    for (const Client& client : during) {
      ASSERT_TRUE(client.Connect(port_));
      EXPECT_TRUE(client.IsEnded());
    }
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_TRUE(Logged("ulimit -n"));
  ASSERT_TRUE(after.Connect(port_));
  EXPECT_EQ(taken_.Await(2), 2u);
  EXPECT_FALSE(after.IsEnded(0) || before.IsEnded(0));
}

TEST_F(AcceptorTest, AfterStopNothingListensAndNothingIsTaken) {
  Start({100, 100});
  acceptor_->Stop();
  const Client client;
  EXPECT_FALSE(client.Connect(port_));
  acceptor_->Stop();
  EXPECT_EQ(taken_.Await(0), 0u);
}

TEST_F(AcceptorTest, TheLimitOfOpenFilesIsRaisedAsFarAsItMayBe) {
  rlimit before = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit low = {128, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &low), 0);
  Start({100, 100});
  rlimit now = {};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &now), 0);
  EXPECT_EQ(now.rlim_cur, before.rlim_max);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(AcceptorLimitsTest, P8_ConnectionsLeaveFilesForOthers) {
  const auto fitting = [](size_t files) {
    return Acceptor::FittingInto(files, {4096, 1024}).connections;
  };
  EXPECT_EQ(fitting(1 << 20), 4096u);
  EXPECT_EQ(fitting(4096 + Acceptor::kOtherFiles), 4096u);
  EXPECT_EQ(fitting(1024), 1024u - Acceptor::kOtherFiles);
  EXPECT_EQ(fitting(100), 50u);
  EXPECT_EQ(fitting(0), 1u);
}

}  // namespace
}  // namespace keyward::rpc
