// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_CLOCK_H_
#define KEYWARD_LIBS_BASE_CLOCK_H_

#include "absl/time/time.h"

namespace keyward {

// The source of wall-clock time. Every class whose behaviour depends on the
// time of day is handed one, so that expiry, retention and clock jumps can be
// tested without sleeping. No promise of the product rests on a clock being
// right (see the fence in the design): a wrong clock may expire something too
// early or too late, never let a revoked caller in.
//
// Implementations are safe for concurrent use. The caller that passes a clock
// to a class keeps it alive longer than that class.
class Clock {
 public:
  virtual ~Clock() = default;

  // The current time. It may go backwards between two calls, as any system
  // clock may: subtracting two results to measure a duration is a mistake.
  virtual absl::Time Now() const = 0;
};

// The operating system's CLOCK_REALTIME.
class SystemClock final : public Clock {
 public:
  absl::Time Now() const override;
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_CLOCK_H_
