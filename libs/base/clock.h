// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_CLOCK_H_
#define KEYWARD_LIBS_BASE_CLOCK_H_

#include "absl/time/time.h"
#include "libs/base/steady_time.h"

namespace keyward {

// The source of time. Every class whose behaviour depends on it is handed one,
// so that expiry, deadlines and clock jumps can be tested without sleeping. No
// promise of the product rests on the time of day being right (see the fence in
// the design): a wrong one may expire something too early or too late, never
// let a revoked caller in. And no wait rests on it at all: whatever is done to
// the system time, a deadline comes when it was going to come (P8).
//
// Implementations are safe for concurrent use. The caller that passes a clock
// to a class keeps it alive longer than that class.
class Clock {
 public:
  virtual ~Clock() = default;

  // The time of day. It may go backwards between two calls, or jump ahead, as
  // any system clock may: subtracting two results to measure a duration is a
  // mistake. For dates: in records, and when secrets, bindings, certificates
  // and tokens expire.
  virtual absl::Time Now() const = 0;

  // The present moment of a clock that only goes forwards, at an even pace, and
  // that setting the system time does not touch. For everything that lasts:
  // deadlines, ages, pauses, rates.
  virtual SteadyTime SteadyNow() const = 0;
};

// The operating system's CLOCK_REALTIME and CLOCK_MONOTONIC.
//
// Time for which the machine is suspended does not count as steady time: nobody
// could have been answered in it, and the kernel's waits, gRPC's deadlines and
// the peers on this machine do not count it either. So a call that was under
// way goes on after it with the time that it had left; what must not outlive a
// suspension has a date.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
  SteadyTime SteadyNow() const override;
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_CLOCK_H_
