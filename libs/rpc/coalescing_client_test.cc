// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/coalescing_client.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>  // NOLINT: callers
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fake_clock.h"
#include "libs/base/fake_timer.h"
#include "libs/base/thread_pool.h"
#include "libs/base/timer.h"
#include "libs/rpc/batch_transport.h"

namespace keyward::rpc {
namespace {

struct Question {
  int id = 0;
  std::string resource;
  size_t bytes = 1;
};

struct Reply {
  int id = 0;
  std::string resource;
  std::string plaintext;
};

struct QuestionTraits {
  using Item = Question;
  using Answer = Reply;
  using Expectation = Question;
  static size_t Bytes(const Question& q) { return q.bytes; }
  static size_t Units(const Question&) { return 1; }
  static Question Expect(const Question& q) { return q; }
  static int KeyOf(const Question& q) { return q.id; }
  static int KeyOf(const Reply& r) { return r.id; }
  static bool Matches(const Question& q, const Reply& r) {
    return q.resource == r.resource;
  }
  static void Wipe(Question*) {}
  static void Wipe(Reply* r) { r->plaintext.clear(); }
};

using Client = CoalescingClient<QuestionTraits>;

// Keeps what was sent until the test answers it.
class FakePeer final : public BatchTransport<Question, Reply> {
 public:
  struct Sent {
    std::vector<Question> items;
    SteadyTime deadline;
    Done done;
  };

  explicit FakePeer(std::vector<Sent>* sent) : sent_(sent) {}

  void Send(std::vector<Question> items, SteadyTime deadline,
            Done done) override {
    sent_->push_back(Sent{std::move(items), deadline, std::move(done)});
  }

 private:
  std::vector<Sent>* const sent_;
};

class CoalescingClientTest : public testing::Test {
 protected:
  CoalescingClientTest() {
    options_.peer = "store";
    options_.on_failure = [this](const absl::Status& status) {
      failures_.push_back(status);
    };
    Restart();
  }

  void Restart() {
    client_ = std::make_unique<Client>(
        options_, std::make_unique<FakePeer>(&sent_), &clock_, &timer_);
  }

  // Submits and returns the index of the result in results_.
  size_t Ask(int id, absl::Duration patience = absl::Seconds(10),
             size_t bytes = 1) {
    const size_t place = results_.size();
    results_.emplace_back();
    client_->Submit(Question{id, Name(id), bytes},
                    clock_.SteadyNow() + patience,
                    [this, place](Client::Result result) {
                      EXPECT_FALSE(results_[place].has_value());
                      results_[place] = std::move(result);
                    });
    return place;
  }

  static std::string Name(int id) { return "secret " + std::to_string(id); }

  static std::vector<Reply> HonestAnswers(const FakePeer::Sent& sent) {
    std::vector<Reply> answers;
    for (const Question& q : sent.items) {
      answers.push_back(Reply{q.id, q.resource, "value of " + q.resource});
    }
    return answers;
  }

  void Answer(size_t batch) {
    BatchReply<Reply> reply;
    reply.answers = HonestAnswers(sent_[batch]);
    sent_[batch].done(std::move(reply));
  }

  void ExpectRefused(size_t place, Delivery delivery, const char* reason) {
    ASSERT_TRUE(results_[place].has_value());
    EXPECT_EQ(results_[place]->delivery, delivery);
    EXPECT_EQ(results_[place]->error.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ErrorReason(results_[place]->error), reason);
    EXPECT_EQ(results_[place]->answer.plaintext, "");
  }

  FakeClock clock_{absl::FromUnixSeconds(1'700'000'000)};
  FakeTimer timer_{&clock_};
  CoalescingOptions options_;
  std::vector<FakePeer::Sent> sent_;
  std::vector<std::optional<Client::Result>> results_;
  std::vector<absl::Status> failures_;
  std::unique_ptr<Client> client_;
};

TEST_F(CoalescingClientTest, TheFirstItemIsSentAtOnce) {
  Ask(1);
  ASSERT_EQ(sent_.size(), 1u);
  Answer(0);
  ASSERT_TRUE(results_[0].has_value());
  EXPECT_EQ(results_[0]->delivery, Delivery::kAnswered);
  EXPECT_EQ(results_[0]->answer.plaintext, "value of secret 1");
}

TEST_F(CoalescingClientTest, ItemsThatArriveInFlightTravelTogetherInOrder) {
  for (int id = 1; id <= 4; ++id) Ask(id);
  ASSERT_EQ(sent_.size(), 1u);
  Answer(0);
  ASSERT_EQ(sent_.size(), 2u);
  ASSERT_EQ(sent_[1].items.size(), 3u);
  EXPECT_EQ(sent_[1].items[0].id, 2);
  EXPECT_EQ(sent_[1].items[2].id, 4);
}

TEST_F(CoalescingClientTest, ABatchIsSentWithTheLongestRemainingTime) {
  Ask(1);
  Ask(2, absl::Seconds(3));
  Ask(3, absl::Seconds(30));
  Ask(4, absl::Seconds(5));
  Answer(0);
  EXPECT_EQ(sent_[1].deadline, clock_.SteadyNow() + absl::Seconds(30));
}

TEST_F(CoalescingClientTest, ABatchHoldsAtMost256Items) {
  for (int id = 0; id <= 257; ++id) Ask(id);
  Answer(0);
  EXPECT_EQ(sent_[1].items.size(), 256u);
  Answer(1);
  EXPECT_EQ(sent_[2].items.size(), 1u);
}

TEST_F(CoalescingClientTest, ABatchHoldsAtMostOneMebibyte) {
  Ask(1);
  Ask(2, absl::Seconds(10), 700 << 10);
  Ask(3, absl::Seconds(10), 324 << 10);
  Ask(4, absl::Seconds(10), 1);
  Answer(0);
  EXPECT_EQ(sent_[1].items.size(), 2u);
}

TEST_F(CoalescingClientTest, AnItemThatNoBatchCanHoldIsAnError) {
  const size_t place = Ask(1, absl::Seconds(10), (1 << 20) + 1);
  ASSERT_TRUE(results_[place].has_value());
  EXPECT_EQ(results_[place]->delivery, Delivery::kUnsent);
  EXPECT_EQ(results_[place]->error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(CoalescingClientTest, P8_AnUnsentItemExpiresAsCertainlyNotDone) {
  Ask(1);
  const size_t waiting = Ask(2, absl::Milliseconds(500));
  timer_.Advance(absl::Milliseconds(500));
  ExpectRefused(waiting, Delivery::kUnsent, kStoreUnavailable);
  Answer(0);
  EXPECT_EQ(sent_.size(), 1u) << "an expired item must not be sent";
}

TEST_F(CoalescingClientTest, P8_AHungPeerNeverHangsACallerPastItsDeadline) {
  const size_t quick = Ask(1, absl::Milliseconds(200));
  timer_.Advance(absl::Milliseconds(199));
  EXPECT_FALSE(results_[quick].has_value());
  timer_.Advance(absl::Milliseconds(1));
  ExpectRefused(quick, Delivery::kUnknown, kStoreUnavailable);
}

TEST_F(CoalescingClientTest, P8_ItemsOfOneBatchExpireOneByOne) {
  Ask(1);
  const size_t quick = Ask(2, absl::Seconds(2));
  const size_t patient = Ask(3, absl::Seconds(20));
  Answer(0);
  timer_.Advance(absl::Seconds(2));
  ExpectRefused(quick, Delivery::kUnknown, kStoreUnavailable);
  EXPECT_FALSE(results_[patient].has_value());
  Answer(1);
  EXPECT_EQ(results_[patient]->delivery, Delivery::kAnswered);
}

TEST_F(CoalescingClientTest, P8_ATimeOfDaySetBackLengthensNoDeadline) {
  const size_t first = Ask(1, absl::Milliseconds(500));
  const size_t second = Ask(2, absl::Milliseconds(900));
  clock_.Set(clock_.Now() - absl::Hours(1));
  timer_.Advance(absl::Milliseconds(500));
  ExpectRefused(first, Delivery::kUnknown, kStoreUnavailable);
  EXPECT_FALSE(results_[second].has_value());
  timer_.Advance(absl::Milliseconds(400));
  ExpectRefused(second, Delivery::kUnsent, kStoreUnavailable);
}

TEST_F(CoalescingClientTest, P8_ATimeOfDaySetForwardsEndsNothingEarly) {
  const size_t sent = Ask(1, absl::Milliseconds(500));
  clock_.Set(clock_.Now() + absl::Hours(1));
  const size_t waiting = Ask(2, absl::Milliseconds(500));
  timer_.Advance(absl::Milliseconds(499));
  EXPECT_FALSE(results_[sent].has_value());
  EXPECT_FALSE(results_[waiting].has_value());
  Answer(0);
  EXPECT_EQ(results_[sent]->delivery, Delivery::kAnswered);
  timer_.Advance(absl::Milliseconds(1));
  ExpectRefused(waiting, Delivery::kUnknown, kStoreUnavailable);
}

TEST_F(CoalescingClientTest, ABatchUnansweredForASecondHoldsNothingBack) {
  Ask(1);
  Ask(2);
  timer_.Advance(absl::Milliseconds(999));
  EXPECT_EQ(sent_.size(), 1u);
  timer_.Advance(absl::Milliseconds(1));
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].items[0].id, 2);
}

TEST_F(CoalescingClientTest,
       P8_AtMostFourBatchesAreInFlightThenItemsAreRefused) {
  for (int id = 1; id <= 4; ++id) {
    Ask(id, absl::Seconds(60));
    timer_.Advance(absl::Seconds(1));
  }
  EXPECT_EQ(sent_.size(), 4u);
  const size_t fifth = Ask(5);
  ExpectRefused(fifth, Delivery::kUnsent, kStoreUnavailable);
  Answer(2);
  Ask(6);
  EXPECT_EQ(sent_.size(), 5u);
}

TEST_F(CoalescingClientTest, P8_ItemsThatWaitBehindFourBatchesAreRefused) {
  for (int id = 1; id <= 3; ++id) {
    Ask(id, absl::Seconds(60));
    timer_.Advance(absl::Seconds(1));
  }
  Ask(4, absl::Seconds(60));
  const size_t waiting = Ask(5, absl::Seconds(60));
  timer_.Advance(absl::Seconds(1));
  ExpectRefused(waiting, Delivery::kUnsent, kStoreUnavailable);
}

TEST_F(CoalescingClientTest, ABatchThatIsNeverReportedFreesItsPlace) {
  for (int id = 1; id <= 4; ++id) {
    Ask(id, absl::Seconds(10));
    timer_.Advance(absl::Seconds(1));
  }
  timer_.Advance(absl::Seconds(12));
  Ask(5);
  EXPECT_EQ(sent_.size(), 5u);
}

TEST_F(CoalescingClientTest,
       P8_AnAnswerForAnotherResourceRefusesTheWholeBatch) {
  Ask(1);
  const size_t a = Ask(2);
  const size_t b = Ask(3);
  Answer(0);
  BatchReply<Reply> reply;
  reply.answers = HonestAnswers(sent_[1]);
  reply.answers[0].resource = Name(77);
  sent_[1].done(std::move(reply));
  ExpectRefused(a, Delivery::kUnknown, kResponseMismatch);
  ExpectRefused(b, Delivery::kUnknown, kResponseMismatch);
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(ErrorReason(failures_[0]), kResponseMismatch);
}

TEST_F(CoalescingClientTest, P1_ShuffledAnswersAreRefusedAndGivenToNoOne) {
  Ask(1);
  const size_t a = Ask(2);
  const size_t b = Ask(3);
  Answer(0);
  BatchReply<Reply> reply;
  reply.answers = HonestAnswers(sent_[1]);
  // Each caller would get the other's secret under its own id.
  std::swap(reply.answers[0].id, reply.answers[1].id);
  sent_[1].done(std::move(reply));
  ExpectRefused(a, Delivery::kUnknown, kResponseMismatch);
  ExpectRefused(b, Delivery::kUnknown, kResponseMismatch);
}

TEST_F(CoalescingClientTest, AnswersMayComeInAnyOrder) {
  Ask(1);
  const size_t a = Ask(2);
  const size_t b = Ask(3);
  Answer(0);
  BatchReply<Reply> reply;
  reply.answers = HonestAnswers(sent_[1]);
  std::reverse(reply.answers.begin(), reply.answers.end());
  sent_[1].done(std::move(reply));
  EXPECT_EQ(results_[a]->answer.plaintext, "value of secret 2");
  EXPECT_EQ(results_[b]->answer.plaintext, "value of secret 3");
}

TEST_F(CoalescingClientTest, P8_MissingSurplusAndDoubledAnswersAreRefused) {
  for (const std::string how : {"missing", "surplus", "doubled"}) {
    Ask(1);
    const size_t a = Ask(2);
    const size_t b = Ask(3);
    Answer(sent_.size() - 1);
    BatchReply<Reply> reply;
    reply.answers = HonestAnswers(sent_.back());
    if (how == "missing") reply.answers.pop_back();
    if (how == "surplus") reply.answers.push_back(Reply{9, Name(9), "x"});
    if (how == "doubled") reply.answers[1] = reply.answers[0];
    sent_.back().done(std::move(reply));
    ExpectRefused(a, Delivery::kUnknown, kResponseMismatch);
    ExpectRefused(b, Delivery::kUnknown, kResponseMismatch);
  }
}

TEST_F(CoalescingClientTest, ALateAnswerIsForgottenAndItsNeighbourAnswered) {
  Ask(1);
  const size_t quick = Ask(2, absl::Seconds(2));
  const size_t patient = Ask(3);
  Answer(0);
  timer_.Advance(absl::Seconds(2));
  Answer(1);
  ExpectRefused(quick, Delivery::kUnknown, kStoreUnavailable);
  EXPECT_EQ(results_[patient]->answer.plaintext, "value of secret 3");
}

TEST_F(CoalescingClientTest, AFailedBatchThatNeverLeftIsCertainlyNotDone) {
  const size_t place = Ask(1);
  BatchReply<Reply> reply;
  reply.status = absl::UnavailableError("ipv4:10.0.0.7:7101: refused");
  reply.sent = false;
  sent_[0].done(std::move(reply));
  ExpectRefused(place, Delivery::kUnsent, kStoreUnavailable);
}

TEST_F(CoalescingClientTest, AFailedBatchThatLeftMayHaveBeenDone) {
  const size_t place = Ask(1);
  BatchReply<Reply> reply;
  reply.status = absl::UnavailableError("ipv4:10.0.0.7:7101: reset");
  sent_[0].done(std::move(reply));
  ExpectRefused(place, Delivery::kUnknown, kStoreUnavailable);
}

TEST_F(CoalescingClientTest, TheCauseOfAFailureIsLoggedAndNotToldToCallers) {
  const size_t place = Ask(1);
  BatchReply<Reply> reply;
  reply.status = absl::UnavailableError("ipv4:10.0.0.7:7101: reset");
  sent_[0].done(std::move(reply));
  EXPECT_EQ(results_[place]->error.message(), "store did not answer");
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_EQ(failures_[0].message(), "ipv4:10.0.0.7:7101: reset");
}

TEST_F(CoalescingClientTest, WhatWaitsIsBounded) {
  options_.max_queued_items = 2;
  Restart();
  Ask(1);
  Ask(2);
  Ask(3);
  ExpectRefused(Ask(4), Delivery::kUnsent, kStoreUnavailable);
}

TEST_F(CoalescingClientTest, WhatWaitsIsBoundedInBytes) {
  options_.max_queued_bytes = 100;
  Restart();
  Ask(1);
  Ask(2, absl::Seconds(10), 60);
  ExpectRefused(Ask(3, absl::Seconds(10), 60), Delivery::kUnsent,
                kStoreUnavailable);
}

TEST_F(CoalescingClientTest, AnItemWhoseDeadlineHasPassedIsNotTakenUp) {
  ExpectRefused(Ask(1, absl::ZeroDuration()), Delivery::kUnsent,
                kStoreUnavailable);
  EXPECT_TRUE(sent_.empty());
}

TEST_F(CoalescingClientTest, DestroyingTheClientAnswersWhatIsOpen) {
  const size_t in_flight = Ask(1);
  const size_t waiting = Ask(2);
  client_.reset();
  ExpectRefused(in_flight, Delivery::kUnknown, kStoreUnavailable);
  ExpectRefused(waiting, Delivery::kUnsent, kStoreUnavailable);
  Answer(0);
  EXPECT_EQ(timer_.waiting(), 0u);
}

// Answers on threads of its own, in any order, and sometimes not at all.
class BusyPeer final : public BatchTransport<Question, Reply> {
 public:
  // Not its own threads: the last of their callbacks may be what destroys it.
  explicit BusyPeer(ThreadPool* pool) : pool_(pool) {}

  void Send(std::vector<Question> items, SteadyTime, Done done) override {
    auto shared_done = std::make_shared<Done>(std::move(done));
    EXPECT_TRUE(pool_
                    ->Submit([items = std::move(items), shared_done] {
                      BatchReply<Reply> reply;
                      reply.sent = items.front().id % 7 != 0;
                      if (!reply.sent) {
                        reply.status = absl::UnavailableError("no");
                      }
                      for (const Question& q : items) {
                        reply.answers.push_back(Reply{q.id, q.resource, "v"});
                      }
                      if (!reply.sent) reply.answers.clear();
                      (*shared_done)(std::move(reply));
                    })
                    .ok());
  }

 private:
  ThreadPool* const pool_;
};

TEST(CoalescingClientThreadsTest, EveryItemOfManyThreadsIsAnsweredOnce) {
  constexpr int kThreads = 4;
  constexpr int kItems = 500;
  const SystemClock clock;
  ThreadTimer timer(&clock);
  ThreadPool pool(3, 1000);
  std::vector<std::atomic<int>> answers(kThreads * kItems);
  {
    Client client(CoalescingOptions(), std::make_unique<BusyPeer>(&pool),
                  &clock, &timer);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kItems; ++i) {
          const int id = t * kItems + i;
          // Every tenth gives up about when its answer comes.
          const absl::Duration patience =
              i % 10 == 0 ? absl::Microseconds(300) : absl::Seconds(30);
          client.Submit(Question{id, std::to_string(id)},
                        clock.SteadyNow() + patience,
                        [&, id](Client::Result result) {
                          if (result.delivery == Delivery::kAnswered) {
                            EXPECT_EQ(result.answer.id, id);
                          }
                          ++answers[id];
                        });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    // Destroyed while items are in flight: it answers them.
  }
  for (const auto& count : answers) EXPECT_EQ(count, 1);
}

}  // namespace
}  // namespace keyward::rpc
