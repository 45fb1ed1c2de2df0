// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_FRAME_GUARD_H_
#define KEYWARD_LIBS_RPC_FRAME_GUARD_H_

#include <cstddef>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "absl/types/span.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/frame_reader.h"

namespace keyward::rpc {

// A number of things that may come at once, of which some come back.
class FrameBudget {
 public:
  FrameBudget(double most, double left, double per_second)
      : most_(most), left_(left), per_second_(per_second) {}

  void Earn(double amount);
  // False if there is not so much left. `now` never goes back.
  bool Spend(double amount, SteadyTime now);

 private:
  double most_;
  double left_;
  double per_second_;
  SteadyTime earned_ = SteadyTime::InfinitePast();
};

// What the client of one HTTP/2 connection makes its server do, seen from the
// frames of both (RFC 9113). gRPC 1.51 bounds none of the following, and reads
// as fast as a client sends, however far behind its handlers are; so a few
// connections of strangers could take all of its threads and gigabytes of
// memory (P8).
//
//   headers without an end     a header block of more than kHeaderBlockBytes,
//                              or in more than kHeaderFrames frames
//   too many calls at once     kCallsBeyond more than the server's settings
//                              allow; gRPC sees to it only once the client says
//                              that it has read them
//   calls that are taken back  a reset costs kResetCost, a whole request earns
//                              1: about half of the calls may be taken back,
//                              and kResets at once
//   frames that do nothing     pings, settings, priorities, windows, unknown
//                              ones, crumbs of data, and what comes to calls
//                              that have ended: kIdleFrames at once and
//                              kIdleFramesPerSecond after. Those that must be
//                              answered cost kAnsweredCost; each data frame of
//                              the server earns as much, since some clients
//                              measure the connection by a ping then
//
// No client library comes near any of these. The bytes are not checked: what is
// no HTTP/2 is gRPC's to refuse. Payloads are skipped and not kept.
//
// Not thread-safe.
class FrameGuard {
 public:
  static constexpr size_t kHeaderBlockBytes = size_t{64} << 10;
  static constexpr int kHeaderFrames = 32;
  // A client may call before it has read the settings.
  static constexpr size_t kCallsBeyond = 100;
  static constexpr double kResetCost = 2;
  static constexpr double kResets = 100;
  static constexpr double kMostResets = 2000;
  static constexpr double kResetsPerSecond = 10;
  // Bytes of data that are more than a crumb.
  static constexpr size_t kLeastData = 64;
  static constexpr double kIdleFrames = 20'000;
  static constexpr double kIdleFramesPerSecond = 10'000;
  static constexpr double kAnsweredCost = 20;

  // Why the connection must end, kFine if it need not.
  enum class Verdict { kFine, kHeaders, kCalls, kResets, kIdleFrames };

  // The next bytes that the client has sent. Once the verdict is not kFine it
  // is the same for ever.
  Verdict See(absl::Span<const uint8_t> bytes, SteadyTime now);

  // The next bytes that the server has sent.
  void SeeAnswer(absl::Span<const uint8_t> bytes);

 private:
  Verdict SeeFrame(const FrameReader::Frame& frame, SteadyTime now);
  Verdict SeeHeaders(const FrameReader::Frame& frame, bool first);
  // A request is whole. False if none was unfinished.
  bool EndRequest();

  FrameReader client_{/*has_preface=*/true};
  FrameReader server_{/*has_preface=*/false};
  Verdict verdict_ = Verdict::kFine;
  // Until the server has told its settings, so many that come too early.
  size_t most_open_ = kCallsBeyond;
  absl::flat_hash_set<uint32_t> open_;
  uint32_t last_call_ = 0;
  // Requests that are not whole; those that were taken back count on.
  uint64_t unended_ = 0;
  size_t block_bytes_ = 0;
  int block_frames_ = 0;
  FrameBudget resets_{kResetCost * kMostResets, kResetCost* kResets,
                      kResetCost* kResetsPerSecond};
  FrameBudget idle_{kIdleFrames, kIdleFrames, kIdleFramesPerSecond};
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_FRAME_GUARD_H_
