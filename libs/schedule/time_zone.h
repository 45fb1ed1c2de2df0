// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_SCHEDULE_TIME_ZONE_H_
#define KEYWARD_LIBS_SCHEDULE_TIME_ZONE_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace keyward::schedule {

// The zone of the tz database with this name, such as Europe/Berlin; UTC for
// "UTC" and for "".
//
// Reads the system's tz database (package tzdata; TZDIR names another folder)
// at the first use of a zone; rules that change later need a new process. Safe
// for concurrent use.
//
// INVALID_ARGUMENT, without the name, if it is no name of a zone or if the
// system has none such. Names of files outside of the database, of the
// machine's own zone and of zones that count leap seconds are none.
absl::StatusOr<absl::TimeZone> FindTimeZone(absl::string_view name);

}  // namespace keyward::schedule

#endif  // KEYWARD_LIBS_SCHEDULE_TIME_ZONE_H_
