// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// What every client sends once its TLS is taken off, as Keyward itself looks at
// it in front of gRPC (P8). A second implementation, which keeps all bytes and
// has the table of frame_guard.h in whole numbers, gives the same verdict after
// every step, however the bytes are cut; and a guard that has said no says so
// for ever.
//
// The input is a client's bytes or, after a first byte of zero, choices of what
// both sides send and when.

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/frame_guard.h"
#include "libs/rpc/frame_reader.h"
#include "libs/rpc/test_frames.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

namespace frames = rpc::test_frames;
using Frame = rpc::FrameReader::Frame;
using Guard = rpc::FrameGuard;
using Verdict = rpc::FrameGuard::Verdict;

// Nothing of a frame's payload is kept: there is no place for it.
static_assert(std::is_trivially_copyable_v<rpc::FrameReader> &&
              sizeof(rpc::FrameReader) <= 64);

constexpr size_t kPreface = 24;
// Enough to use every budget up.
constexpr size_t kMostBytes = size_t{256} << 10;
// A copy of each piece of more would take too long.
constexpr size_t kFewBytes = 512;
// A double has its seconds exactly, and so what they earn.
constexpr absl::Duration kTick = absl::Milliseconds(250);

// Something that happens to a connection.
struct Step {
  enum Kind { kClient, kServer, kTicks } kind;
  std::string bytes;
  int ticks = 0;
};

// -- the second implementation -----------------------------------------------

uint32_t Number(const std::string& bytes, size_t at, int size) {
  uint32_t number = 0;
  while (size-- > 0) number = number * 256 + static_cast<uint8_t>(bytes[at++]);
  return number;
}

// All that one side has sent.
class Side {
 public:
  explicit Side(size_t preface) : next_(preface) {}

  // The frames whose headers `bytes` complete.
  std::vector<Frame> Add(const std::string& bytes) {
    all_ += bytes;
    std::vector<Frame> found;
    for (;;) {
      for (; setting_ + 6 <= std::min(settings_end_, all_.size());
           setting_ += 6) {
        if (Number(all_, setting_, 2) == 3) {
          most_streams_ = Number(all_, setting_ + 2, 4);
        }
      }
      if (next_ + 9 > all_.size()) return found;
      Frame frame;
      frame.length = Number(all_, next_, 3);
      frame.type = static_cast<uint8_t>(all_[next_ + 3]);
      frame.flags = static_cast<uint8_t>(all_[next_ + 4]);
      frame.stream = Number(all_, next_ + 5, 4) % 0x8000'0000;
      found.push_back(frame);
      setting_ = settings_end_ = next_ + 9;
      next_ += 9 + frame.length;
      if (frame.type == frames::kSettings) settings_end_ = next_;
    }
  }

  absl::optional<uint32_t> most_streams() const { return most_streams_; }

 private:
  std::string all_;
  size_t next_;
  size_t setting_ = 0;
  size_t settings_end_ = 0;
  absl::optional<uint32_t> most_streams_;
};

// What may come at once, and comes back with time once it is first used.
class Allowance {
 public:
  Allowance(int64_t most, int64_t left, int64_t per_second)
      : most_(most), left_(left), per_second_(per_second) {}

  void Add(int64_t amount) { left_ = std::min(most_, left_ + amount); }
  void Pass(int ticks) {
    if (used_) Add(per_second_ * ticks / 4);
  }
  bool Use(int64_t amount) {
    used_ = true;
    if (left_ < amount) return false;
    left_ -= amount;
    return true;
  }

 private:
  int64_t most_;
  int64_t left_;
  int64_t per_second_;
  bool used_ = false;
};

// The table of frame_guard.h.
class Model {
 public:
  Verdict See(const Step& step) {
    switch (step.kind) {
      case Step::kTicks:
        resets_.Pass(step.ticks);
        idle_.Pass(step.ticks);
        break;
      case Step::kServer:
        for (const Frame& frame : server_.Add(step.bytes)) SeeAnswer(frame);
        break;
      case Step::kClient:
        for (const Frame& frame : client_.Add(step.bytes)) {
          if (verdict_ == Verdict::kFine) verdict_ = SeeFrame(frame);
        }
        break;
    }
    return verdict_;
  }

 private:
  static bool Ends(const Frame& frame) { return (frame.flags & 1) != 0; }

  void SeeAnswer(const Frame& frame) {
    const bool data = frame.type == frames::kData;
    if (((data || frame.type == frames::kHeaders) && Ends(frame)) ||
        frame.type == frames::kReset) {
      open_.erase(frame.stream);
    }
    if (data) idle_.Add(20);
  }

  Verdict SeeFrame(const Frame& frame) {
    const bool headers = frame.type == frames::kHeaders;
    if (headers || frame.type == frames::kContinuation) {
      if (headers) block_.clear();
      block_.push_back(frame.length);
      size_t bytes = 0;
      for (const size_t length : block_) bytes += length;
      if (bytes > 65'536 || block_.size() > 32) return Verdict::kHeaders;
      if (!headers) return Verdict::kFine;
    }
    if (headers && frame.stream > last_call_) {
      last_call_ = frame.stream;
      open_.insert(frame.stream);
      ++unended_;
      if (Ends(frame)) EndRequest();
      const size_t most = server_.most_streams().value_or(0) + size_t{100};
      return open_.size() > most ? Verdict::kCalls : Verdict::kFine;
    }
    if (frame.type == frames::kData) {
      if (Ends(frame) && unended_ > 0) {
        EndRequest();
        return Verdict::kFine;
      }
      if (!Ends(frame) && frame.length >= 64) return Verdict::kFine;
    }
    if (frame.type == frames::kReset) {
      open_.erase(frame.stream);
      return resets_.Use(2) ? Verdict::kFine : Verdict::kResets;
    }
    const bool asks =
        (frame.type == frames::kPing || frame.type == frames::kSettings) &&
        !Ends(frame);
    return idle_.Use(asks ? 20 : 1) ? Verdict::kFine : Verdict::kIdleFrames;
  }

  void EndRequest() {
    --unended_;
    resets_.Add(1);
  }

  Side client_{kPreface};
  Side server_{0};
  Verdict verdict_ = Verdict::kFine;
  std::vector<size_t> block_;
  uint32_t last_call_ = 0;
  std::set<uint32_t> open_;
  int64_t unended_ = 0;
  Allowance resets_{4000, 200, 20};
  Allowance idle_{20'000, 20'000, 10'000};
};

// -- the real ones -----------------------------------------------------------

// How bytes are cut: all at once, into pieces of one size, or of many.
class Cuts {
 public:
  enum Kind { kNone, kEven, kUneven };
  Cuts(Kind kind, size_t size) : kind_(kind), size_(size) {}

  // The size of the next piece of what is left.
  size_t Next(size_t left) {
    if (kind_ == kNone) return left;
    if (kind_ == kUneven) state_ = state_ * 1'103'515'245 + 12'345;
    const size_t size =
        kind_ == kEven ? size_ : (state_ >> 16) % (3 * size_) + 1;
    return std::min(size, left);
  }

 private:
  Kind kind_;
  size_t size_;
  uint32_t state_ = 1;
};

// Calls `see` with each piece. Of a few bytes each lies in memory of its own: a
// read beyond its end is one of the sanitizers' faults.
template <typename See>
void Cut(const std::string& bytes, Cuts* cuts, See see) {
  absl::Span<const uint8_t> rest = frames::Bytes(bytes);
  const bool apart = rest.size() <= kFewBytes;
  while (!rest.empty()) {
    const absl::Span<const uint8_t> piece =
        rest.subspan(0, cuts->Next(rest.size()));
    if (apart) {
      const std::vector<uint8_t> own(piece.begin(), piece.end());
      see(absl::MakeConstSpan(own));
    } else {
      see(piece);
    }
    rest.remove_prefix(piece.size());
  }
}

// A guard whose connection comes in such pieces.
class CutGuard {
 public:
  explicit CutGuard(Cuts cuts) : cuts_(cuts) {}

  void See(const Step& step) {
    now_ += step.ticks * kTick;
    Cut(step.bytes, &cuts_, [&](absl::Span<const uint8_t> piece) {
      if (step.kind == Step::kServer) {
        guard_.SeeAnswer(piece);
      } else {
        const Verdict before = verdict_;
        verdict_ = guard_.See(piece, now_);
        FUZZ_CHECK(before == Verdict::kFine || verdict_ == before);
      }
    });
  }

  Verdict verdict() { return guard_.See({}, now_); }

 private:
  Cuts cuts_;
  Guard guard_;
  Verdict verdict_ = Verdict::kFine;
  SteadyTime now_ = SteadyTime() + absl::Hours(1);
};

bool IsSame(const std::vector<Frame>& a, const std::vector<Frame>& b) {
  const auto fields = [](const Frame& frame) {
    return std::tie(frame.type, frame.flags, frame.stream, frame.length);
  };
  return std::equal(
      a.begin(), a.end(), b.begin(), b.end(),
      [&](const Frame& x, const Frame& y) { return fields(x) == fields(y); });
}

void CheckReader(const std::string& bytes, bool has_preface, Cuts cuts) {
  Side side(has_preface ? kPreface : 0);
  const std::vector<Frame> expected = side.Add(bytes);
  rpc::FrameReader reader(has_preface);
  std::vector<Frame> found;
  Cut(bytes, &cuts, [&](absl::Span<const uint8_t> piece) {
    for (;;) {
      const size_t before = piece.size();
      const auto frame = reader.Next(&piece);
      if (!frame.has_value()) break;
      // Each goes on.
      FUZZ_CHECK(piece.size() < before);
      found.push_back(*frame);
    }
    FUZZ_CHECK(piece.empty());
  });
  FUZZ_CHECK(IsSame(found, expected));
  FUZZ_CHECK(reader.max_concurrent_streams() == side.most_streams());
}

void CheckConnection(const std::vector<Step>& steps, size_t piece) {
  const Cuts all_cuts[] = {Cuts(Cuts::kNone, 0), Cuts(Cuts::kEven, piece),
                           Cuts(Cuts::kUneven, piece)};
  Model model;
  std::vector<CutGuard> guards;
  for (const Cuts& cuts : all_cuts) guards.emplace_back(cuts);
  std::string client;
  std::string server;
  Verdict verdict = Verdict::kFine;
  for (const Step& step : steps) {
    if (step.kind == Step::kClient) client += step.bytes;
    if (step.kind == Step::kServer) server += step.bytes;
    verdict = model.See(step);
    for (CutGuard& guard : guards) {
      guard.See(step);
      FUZZ_CHECK(guard.verdict() == verdict);
    }
  }
  for (const Cuts& cuts : all_cuts) {
    CheckReader(client, /*has_preface=*/true, cuts);
    CheckReader(server, /*has_preface=*/false, cuts);
  }
  if (verdict == Verdict::kFine) return;
  // Neither a day nor answers nor a good call change it.
  const Step more[] = {
      {Step::kTicks, "", 4 * 24 * 3600},
      {Step::kServer,
       std::string(9, '\0') + frames::Frame(frames::kReset, 0, 4)},
      {Step::kClient, frames::Frame(frames::kHeaders, 5, 10, 0x7fff'ffff)}};
  for (CutGuard& guard : guards) {
    for (const Step& step : more) guard.See(step);
    FUZZ_CHECK(guard.verdict() == verdict);
  }
}

// -- inputs ------------------------------------------------------------------

// One to many; mostly one.
int Times(Choices* choices) {
  const size_t choice = choices->Below(16);
  if (choice > 4) return 1;
  return 1 + static_cast<int>(choices->Below(choice == 0 ? 24'000 : 40));
}

// Frames of one kind: of one stream, or each of the next.
std::string Frames(Choices* choices, uint32_t* stream) {
  constexpr frames::Type kTypes[] = {frames::kHeaders, frames::kContinuation,
                                     frames::kData,    frames::kReset,
                                     frames::kPing,    frames::kSettings,
                                     frames::kUnknown, frames::kWindowUpdate};
  constexpr uint8_t kFlags[] = {0, 1, 4, 5, 0xff};
  constexpr size_t kLengths[] = {0, 1, 63, 64, 2048, 16'384, 65'536, 65'537};
  const frames::Type type = kTypes[choices->Below(8)];
  const uint8_t flags = kFlags[choices->Below(5)];
  const size_t length = kLengths[choices->Below(8)];
  const uint32_t step = choices->Below(4);
  std::string bytes;
  for (int i = Times(choices); i > 0 && bytes.size() < kMostBytes; --i) {
    *stream += step;
    bytes += frames::Frame(type, flags, length, *stream);
  }
  return bytes;
}

Step MakeStep(Choices* choices, uint32_t* stream) {
  // A server answers the calls of a client from the first on.
  uint32_t answered = 1;
  switch (choices->Below(6)) {
    case 0:
      return {Step::kClient, std::string(choices->Bytes(choices->Below(64)))};
    case 1:
      return {Step::kServer, std::string(choices->Bytes(choices->Below(64)))};
    case 2:
      return {Step::kTicks, "", static_cast<int>(choices->Below(256))};
    case 3: {
      const size_t most = choices->Below(65'536);
      return {Step::kServer,
              frames::FrameOf(frames::kSettings, 0, 0,
                              frames::Setting(3, static_cast<uint32_t>(most)))};
    }
    case 4:
      return {Step::kServer, Frames(choices, &answered)};
    default:
      return {Step::kClient, Frames(choices, stream)};
  }
}

void CheckMade(Choices choices) {
  const size_t piece = 1 + choices.Below(16);
  std::vector<Step> steps = {{Step::kClient, frames::kPreface}};
  uint32_t stream = 1;
  for (size_t bytes = 0; !choices.empty() && bytes < kMostBytes;) {
    steps.push_back(MakeStep(&choices, &stream));
    bytes += steps.back().bytes.size();
  }
  CheckConnection(steps, piece);
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  if (!text.empty() && text[0] == '\0') {
    CheckMade(Choices(text.substr(1)));
  } else {
    CheckConnection({{Step::kClient, std::string(text)}}, /*piece=*/1);
  }
  return 0;
}
