// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/frame_guard.h"

#include <algorithm>

#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace keyward::rpc {

void FrameBudget::Earn(double amount) {
  left_ = std::min(most_, left_ + amount);
}

bool FrameBudget::Spend(double amount, SteadyTime now) {
  if (earned_ != SteadyTime::InfinitePast()) {
    Earn(per_second_ * absl::ToDoubleSeconds(now - earned_));
  }
  earned_ = now;
  if (left_ < amount) return false;
  left_ -= amount;
  return true;
}

FrameGuard::Verdict FrameGuard::See(absl::Span<const uint8_t> bytes,
                                    SteadyTime now) {
  while (verdict_ == Verdict::kFine) {
    const absl::optional<FrameReader::Frame> frame = client_.Next(&bytes);
    if (!frame.has_value()) break;
    verdict_ = SeeFrame(*frame, now);
  }
  return verdict_;
}

void FrameGuard::SeeAnswer(absl::Span<const uint8_t> bytes) {
  for (;;) {
    const absl::optional<FrameReader::Frame> frame = server_.Next(&bytes);
    if (!frame.has_value()) break;
    const bool has_end = frame->type == FrameReader::kHeaders ||
                         frame->type == FrameReader::kData;
    if (frame->type == FrameReader::kResetStream ||
        (has_end && frame->Has(FrameReader::kEndStream))) {
      open_.erase(frame->stream);
    }
    if (frame->type == FrameReader::kData) idle_.Earn(kAnsweredCost);
  }
  if (server_.max_concurrent_streams().has_value()) {
    most_open_ = *server_.max_concurrent_streams() + kCallsBeyond;
  }
}

FrameGuard::Verdict FrameGuard::SeeFrame(const FrameReader::Frame& frame,
                                         SteadyTime now) {
  const bool answered =
      frame.type == FrameReader::kPing || frame.type == FrameReader::kSettings;
  const double cost =
      answered && !frame.Has(FrameReader::kAck) ? kAnsweredCost : 1;
  switch (frame.type) {
    case FrameReader::kHeaders:
      if (SeeHeaders(frame, /*first=*/true) != Verdict::kFine) {
        return Verdict::kHeaders;
      }
      // A stream that is open, or was, gets no other call.
      if (frame.stream <= last_call_) break;
      last_call_ = frame.stream;
      ++unended_;
      if (frame.Has(FrameReader::kEndStream)) EndRequest();
      open_.insert(frame.stream);
      return open_.size() <= most_open_ ? Verdict::kFine : Verdict::kCalls;
    case FrameReader::kContinuation:
      return SeeHeaders(frame, /*first=*/false);
    case FrameReader::kData:
      if (frame.Has(FrameReader::kEndStream) ? EndRequest()
                                             : frame.length >= kLeastData) {
        return Verdict::kFine;
      }
      break;
    case FrameReader::kResetStream:
      open_.erase(frame.stream);
      return resets_.Spend(kResetCost, now) ? Verdict::kFine : Verdict::kResets;
    default:
      break;
  }
  return idle_.Spend(cost, now) ? Verdict::kFine : Verdict::kIdleFrames;
}

FrameGuard::Verdict FrameGuard::SeeHeaders(const FrameReader::Frame& frame,
                                           bool first) {
  if (first) block_bytes_ = block_frames_ = 0;
  block_bytes_ += frame.length;
  ++block_frames_;
  const bool fine =
      block_bytes_ <= kHeaderBlockBytes && block_frames_ <= kHeaderFrames;
  return fine ? Verdict::kFine : Verdict::kHeaders;
}

bool FrameGuard::EndRequest() {
  if (unended_ == 0) return false;
  --unended_;
  resets_.Earn(1);
  return true;
}

}  // namespace keyward::rpc
