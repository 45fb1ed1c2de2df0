// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_VALUES_H_
#define KEYWARD_SERVICES_CLI_VALUES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward::cli {

// The small values of a command line, and how they are shown. Every error is a
// UsageError that names the option and never repeats the text: people paste
// secrets into the wrong place.
//
// Pure functions.

// The two sides of KEY=VALUE; the value may be empty and may hold '='.
absl::StatusOr<std::pair<std::string, std::string>> ParsePair(
    absl::string_view option, absl::string_view text);

// A positive duration: "90s", "24h", "1h30m", and "30d" for days.
absl::StatusOr<absl::Duration> ParseDuration(absl::string_view option,
                                             absl::string_view text);

// A moment: RFC 3339, or a duration before `now` where `past` says so ("2h"
// means two hours ago), otherwise after it.
absl::StatusOr<absl::Time> ParseTime(absl::string_view option,
                                     absl::string_view text, absl::Time now,
                                     bool past);

// "opaque", "database-credentials", "api-key", "tls-certificate",
// "oauth-token", "ssh-key".
absl::StatusOr<secrets::v1::SecretType> ParseSecretType(absl::string_view text);

// A version's number, from 1.
absl::StatusOr<int64_t> ParseVersionNumber(absl::string_view option,
                                           absl::string_view text);

// RFC 3339 in UTC to the second; empty if not set.
std::string ShowTime(const google::protobuf::Timestamp& time);

// The word of an enum's value in lower case with '-', without the enum's
// prefix: SECRET_TYPE_API_KEY is "api-key". "" for UNSPECIFIED.
std::string ShowEnum(absl::string_view value_name, absl::string_view prefix);

std::string ShowType(secrets::v1::SecretType type);
std::string ShowState(secrets::v1::VersionState state);
std::string ShowStage(secrets::v1::Stage stage);

// The part of a resource name behind the last slash.
std::string LastSegment(absl::string_view name);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_VALUES_H_
