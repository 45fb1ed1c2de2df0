// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_RESOLVE_VERSION_H_
#define KEYWARD_SERVICES_STORE_RESOLVE_VERSION_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward::store {

// Which version of a secret a name means (P7's stage rules). Pure functions.

// The names that stand where a number may and that no alias can take.
inline constexpr char kCurrentName[] = "current";
inline constexpr char kPendingName[] = "pending";
inline constexpr char kPreviousName[] = "previous";
inline constexpr char kLatestName[] = "latest";

// True if `name` is one of the four above.
bool IsReservedVersionName(absl::string_view name);

// The number that `segment` (a version's segment of a resource name; empty
// means current) stands for in `secret`. A number is answered as it is if the
// secret has given it out. NOT_FOUND otherwise: no such version or alias, or
// no version has that stage. It says nothing of the version's state: `latest`
// and `current` never fall back to another version.
absl::StatusOr<int64_t> ResolveVersion(
    const keyward::internal::store::v1::SecretRecord& secret,
    absl::string_view segment);

// The stages that version `number` has now, in the order of the enum.
std::vector<keyward::secrets::v1::Stage> StagesOf(
    const keyward::internal::store::v1::SecretRecord& secret, int64_t number);

// The moves of stages. Each changes `secret` as one step; who calls them
// writes the record in one transaction with all else.

// Version `number` becomes current and the one before it previous. If it was
// pending, nothing is pending afterwards. `latest` moves up, never down.
void MakeCurrent(int64_t number,
                 keyward::internal::store::v1::SecretRecord* secret);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_RESOLVE_VERSION_H_
