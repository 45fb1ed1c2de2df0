// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_FAILURE_H_
#define KEYWARD_SERVICES_CLI_FAILURE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keyward::cli {

// How a command that did not do what it was asked to says so. Scripts rely on
// the exit code and on the first line.
//
// Pure functions.

// 0 done, 1 refused or failed, 2 the command line makes no sense.
inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;

// A command line that makes no sense; nothing was sent. INVALID_ARGUMENT.
absl::Status UsageError(absl::string_view message);

// `error` with a sentence that says what to do about it, in place of the one
// that FailureText would choose.
absl::Status WithHint(absl::Status error, absl::string_view hint);

// A result that is no error to report, only an exit code of 1: `auth can` has
// already printed its answer.
absl::Status NegativeResult();

int ExitCode(const absl::Status& status);

// What goes to standard error: "keyward: CODE (REASON): message" in one line,
// and, if something useful is known, "hint: ..." in a second. Empty for OK and
// for NegativeResult. Text from the server is made printable.
std::string FailureText(const absl::Status& status);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_FAILURE_H_
