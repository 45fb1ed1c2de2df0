// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/frame_guard.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/test_frames.h"

namespace keyward::rpc {
namespace {

using namespace test_frames;  // NOLINT: of frames

using Verdict = FrameGuard::Verdict;

constexpr int kMostOpen = 1024;

class FrameGuardTest : public testing::Test {
 protected:
  FrameGuardTest() { Begin(); }

  void Begin() {
    guard_.emplace();
    Send(kPreface);
    Answer(FrameOf(kSettings, 0, 0, Setting(3, kMostOpen)));
  }

  // Headers of the next call.
  std::string Headers(uint8_t flags = kEndHeaders, size_t length = 100) {
    stream_ += 2;
    return Frame(kHeaders, flags, length, stream_);
  }
  std::string WholeCall() {
    return Headers() + Frame(kData, kEndStream, 50, stream_);
  }
  // What the server sends.
  void Answer(const std::string& bytes) { guard_->SeeAnswer(Bytes(bytes)); }
  // Ends the newest call.
  void AnswerCall() {
    Answer(Frame(kHeaders, kEndHeaders, 10, stream_) +
           Frame(kData, 0, 100, stream_) +
           Frame(kHeaders, kEndHeaders | kEndStream, 10, stream_));
  }

  Verdict Send(const std::string& bytes) {
    return guard_->See(Bytes(bytes), now_);
  }
  // Sends what it makes so often; the first verdict that is not kFine.
  Verdict Repeat(int times, const std::function<std::string()>& make) {
    Verdict verdict = Verdict::kFine;
    for (int i = 0; i < times && verdict == Verdict::kFine; ++i) {
      verdict = Send(make());
    }
    return verdict;
  }
  Verdict Repeat(int times, const std::string& bytes) {
    return Repeat(times, [&] { return bytes; });
  }
  // The same with whole calls, each of which is answered.
  Verdict RepeatCalls(int times, const std::string& after = "") {
    Verdict verdict = Verdict::kFine;
    for (int i = 0; i < times && verdict == Verdict::kFine; ++i) {
      verdict = Send(WholeCall() + after);
      AnswerCall();
    }
    return verdict;
  }
  void Wait(absl::Duration time) { now_ += time; }

  SteadyTime now_ = SteadyTime() + absl::Hours(1);
  std::optional<FrameGuard> guard_;
  uint32_t stream_ = 1;
};

TEST_F(FrameGuardTest, ABusyClientIsFine) {
  const std::string busy =
      Frame(kWindowUpdate, 0, 4) + Frame(kPing, kAck, 8) + Frame(kPing, 0, 8);
  for (int second = 0; second < 20; ++second) {
    ASSERT_EQ(RepeatCalls(3000, busy), Verdict::kFine);
    Wait(absl::Seconds(1));
  }
}

TEST_F(FrameGuardTest, P8_HeadersHaveAnEnd) {
  EXPECT_EQ(Send(Headers(0, 16384)), Verdict::kFine);
  EXPECT_EQ(Repeat(3, Frame(kContinuation, 0, 16384)), Verdict::kFine);
  EXPECT_EQ(Send(Frame(kContinuation, 0, 1)), Verdict::kHeaders);
}

TEST_F(FrameGuardTest, P8_HeadersOfNothingHaveAnEnd) {
  EXPECT_EQ(Send(Headers(0, 1)), Verdict::kFine);
  EXPECT_EQ(Repeat(FrameGuard::kHeaderFrames - 1, Frame(kContinuation, 0, 0)),
            Verdict::kFine);
  EXPECT_EQ(Send(Frame(kContinuation, 0, 0)), Verdict::kHeaders);
}

TEST_F(FrameGuardTest, P8_OneFrameOfHeadersIsBoundedToo) {
  EXPECT_EQ(Send(Headers(kEndHeaders, FrameGuard::kHeaderBlockBytes + 1)),
            Verdict::kHeaders);
}

TEST_F(FrameGuardTest, EachCallsHeadersAreCountedAnew) {
  EXPECT_EQ(Repeat(100,
                   [this] {
                     return Headers(0, 16384) + Frame(kContinuation, 0, 16384) +
                            Frame(kContinuation, kEndHeaders, 16384) +
                            Frame(kData, kEndStream, 50);
                   }),
            Verdict::kFine);
}

TEST_F(FrameGuardTest, P8_CallsThatAreTakenBackAreFew) {
  const auto taken_back = [this] {
    const std::string headers = Headers();
    return headers + Frame(kReset, 0, 4, stream_);
  };
  EXPECT_EQ(Repeat(FrameGuard::kResets, taken_back), Verdict::kFine);
  EXPECT_EQ(Send(taken_back()), Verdict::kResets);
}

TEST_F(FrameGuardTest, P8_WholeCallsThatAreTakenBackAreFewToo) {
  EXPECT_EQ(RepeatCalls(10 * FrameGuard::kResets, Frame(kReset, 0, 4)),
            Verdict::kResets);
}

TEST_F(FrameGuardTest, AClientMayTakeBackHalfOfItsCalls) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(Send(WholeCall()), Verdict::kFine);
    AnswerCall();
    ASSERT_EQ(Send(WholeCall()), Verdict::kFine);
    ASSERT_EQ(Send(Frame(kReset, 0, 4, stream_)), Verdict::kFine);
  }
}

TEST_F(FrameGuardTest, AllCallsOfABusyClientMayEndAtOnce) {
  ASSERT_EQ(RepeatCalls(4000), Verdict::kFine);
  EXPECT_EQ(Repeat(1024, Frame(kReset, 0, 4)), Verdict::kFine);
}

TEST_F(FrameGuardTest, P8_WholeCallsEarnNoUnboundedResets) {
  ASSERT_EQ(RepeatCalls(100'000), Verdict::kFine);
  EXPECT_EQ(Repeat(1 + FrameGuard::kMostResets, Frame(kReset, 0, 4)),
            Verdict::kResets);
}

TEST_F(FrameGuardTest, P8_OnlyTheEndOfARequestEarnsResets) {
  const int most = FrameGuard::kIdleFrames;
  // Ends of a call that has ended, and calls on a stream that had one.
  ASSERT_EQ(Repeat(most / 4, Frame(kData, kEndStream, 0, 3)), Verdict::kFine);
  ASSERT_EQ(RepeatCalls(1), Verdict::kFine);
  ASSERT_EQ(
      Repeat(most / 4, Frame(kHeaders, kEndHeaders | kEndStream, 1, stream_)),
      Verdict::kFine);
  EXPECT_EQ(Repeat(2 * FrameGuard::kResets, Frame(kReset, 0, 4)),
            Verdict::kResets);
}

TEST_F(FrameGuardTest, ResetsComeBackWithTime) {
  ASSERT_EQ(Repeat(FrameGuard::kResets, Frame(kReset, 0, 4)), Verdict::kFine);
  Wait(absl::Seconds(3));
  ASSERT_EQ(Repeat(3 * FrameGuard::kResetsPerSecond, Frame(kReset, 0, 4)),
            Verdict::kFine);
  EXPECT_EQ(Send(Frame(kReset, 0, 4)), Verdict::kResets);
}

TEST_F(FrameGuardTest, P8_NoMoreCallsAreOpenThanTheSettingsAllow) {
  const int most = kMostOpen + FrameGuard::kCallsBeyond;
  EXPECT_EQ(Repeat(most, [this] { return WholeCall(); }), Verdict::kFine);
  // A call that has ended makes room for one.
  AnswerCall();
  EXPECT_EQ(Send(WholeCall()), Verdict::kFine);
  EXPECT_EQ(Send(WholeCall()), Verdict::kCalls);
}

TEST_F(FrameGuardTest, P8_CallsThatAreNotWholeAreOpenToo) {
  const int most = kMostOpen + FrameGuard::kCallsBeyond;
  EXPECT_EQ(Repeat(most, [this] { return Headers(); }), Verdict::kFine);
  EXPECT_EQ(Send(Headers()), Verdict::kCalls);
}

TEST_F(FrameGuardTest, P8_FewCallsComeBeforeTheSettings) {
  guard_.emplace();
  Send(kPreface);
  EXPECT_EQ(Repeat(FrameGuard::kCallsBeyond, [this] { return WholeCall(); }),
            Verdict::kFine);
  EXPECT_EQ(Send(WholeCall()), Verdict::kCalls);
}

TEST_F(FrameGuardTest, ACallIsOverThatEitherSideResets) {
  const int most = kMostOpen + FrameGuard::kCallsBeyond;
  ASSERT_EQ(Repeat(most, [this] { return WholeCall(); }), Verdict::kFine);
  EXPECT_EQ(Send(Frame(kReset, 0, 4, stream_)), Verdict::kFine);
  EXPECT_EQ(Send(WholeCall()), Verdict::kFine);
  Answer(Frame(kReset, 0, 4, stream_));
  EXPECT_EQ(Send(WholeCall()), Verdict::kFine);
  EXPECT_EQ(Send(WholeCall()), Verdict::kCalls);
}

TEST_F(FrameGuardTest, P8_FramesThatDoNothingAreBounded) {
  for (const std::string& frame :
       {Frame(kPing, kAck, 8), Frame(kSettings, kAck, 0),
        Frame(kPriority, 0, 5), Frame(kData, 0, 0),
        Frame(kData, 0, FrameGuard::kLeastData - 1),
        Frame(kData, kEndStream, 1000), Frame(kHeaders, kEndHeaders, 10),
        Frame(kWindowUpdate, 0, 4), Frame(kGoAway, 0, 8),
        Frame(kPushPromise, 0, 4), Frame(kUnknown, 0, 0)}) {
    Begin();
    const int most = FrameGuard::kIdleFrames;
    EXPECT_EQ(Repeat(most, frame), Verdict::kFine);
    EXPECT_EQ(Send(frame), Verdict::kIdleFrames);
  }
}

TEST_F(FrameGuardTest, P8_FramesThatMustBeAnsweredAreFewer) {
  for (const std::string& frame :
       {Frame(kPing, 0, 8), Frame(kSettings, 0, 6)}) {
    Begin();
    const int most = FrameGuard::kIdleFrames / FrameGuard::kAnsweredCost;
    EXPECT_EQ(Repeat(most, frame), Verdict::kFine);
    EXPECT_EQ(Send(frame), Verdict::kIdleFrames);
  }
}

TEST_F(FrameGuardTest, APingForEachFrameOfDataIsFine) {
  for (int i = 0; i < 100'000; ++i) {
    Answer(Frame(kData, 0, 100, 1));
    ASSERT_EQ(Send(Frame(kPing, 0, 8) + Frame(kWindowUpdate, 0, 4)),
              Verdict::kFine);
    Wait(absl::Milliseconds(1));
  }
}

TEST_F(FrameGuardTest, FramesThatDoNothingComeBackWithTime) {
  const int per_second = FrameGuard::kIdleFramesPerSecond;
  for (int second = 0; second < 10; ++second) {
    ASSERT_EQ(Repeat(per_second, Frame(kWindowUpdate, 0, 4)), Verdict::kFine);
    Wait(absl::Seconds(1));
  }
}

TEST_F(FrameGuardTest, DataThatIsSomethingIsFine) {
  EXPECT_EQ(Repeat(100'000, Frame(kData, 0, FrameGuard::kLeastData)),
            Verdict::kFine);
}

TEST_F(FrameGuardTest, AVerdictStays) {
  Repeat(FrameGuard::kResets, Frame(kReset, 0, 4));
  ASSERT_EQ(Send(Frame(kReset, 0, 4)), Verdict::kResets);
  Wait(absl::Hours(1));
  EXPECT_EQ(Send(WholeCall()), Verdict::kResets);
}

// Whatever the bytes come in: TLS and TCP cut where they like.
TEST_F(FrameGuardTest, P8_ItSeesTheSameInPiecesOfEverySize) {
  std::string all = kPreface + Frame(kSettings, kAck, 0);
  for (int i = 0; i < FrameGuard::kResets + 1; ++i) {
    all += Headers();
    all += Frame(kReset, 0, 4, stream_);
  }
  // The frame that is too much is seen once its header is there.
  const size_t last = all.size() - 4 - 1;
  for (size_t piece = 1; piece < 40; ++piece) {
    guard_.emplace();
    size_t place = 0;
    while (place < all.size() &&
           Send(all.substr(place, piece)) == Verdict::kFine) {
      place += piece;
    }
    EXPECT_EQ(place / piece, last / piece) << piece;
  }
}

}  // namespace
}  // namespace keyward::rpc
