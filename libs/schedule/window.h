// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_SCHEDULE_WINDOW_H_
#define KEYWARD_LIBS_SCHEDULE_WINDOW_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace keyward::schedule {

// The time in which a run may start: from `start` on, before `end`. Both are
// absl::InfiniteFuture() in the window that never comes.
struct Window {
  absl::Time start;
  absl::Time end;

  friend bool operator==(const Window& a, const Window& b) {
    return a.start == b.start && a.end == b.end;
  }
};

// When the rotation with this uid starts in `window`: a whole number of
// milliseconds after its start, in its first three quarters, so that a run that
// fails has time to be tried again. What is due in the same window is spread
// over it evenly; the same arguments give the same result in every process,
// release and machine, so that nobody needs to store it. Another window gives
// the uid another place: nobody is always last.
//
// A window that is empty or never comes starts at its `start`. A pure function.
absl::Time StartWithin(const Window& window, absl::string_view uid);

}  // namespace keyward::schedule

#endif  // KEYWARD_LIBS_SCHEDULE_WINDOW_H_
