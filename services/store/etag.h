// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_ETAG_H_
#define KEYWARD_SERVICES_STORE_ETAG_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"

namespace keyward::store {

// Etags: the first 8 bytes of SHA-256 over the length-prefixed uid and the
// record's generation counter, in base64url without padding. The same on every
// engine, since it says nothing of revisions, and another after a secret was
// deleted and created again, since the uid is another. Pure functions.

std::string MakeEtag(absl::string_view uid, uint64_t generation);

std::string SecretEtag(
    const keyward::internal::store::v1::SecretRecord& record);
// A version's uid is its secret's with "/" and its number.
std::string VersionEtag(
    const keyward::internal::store::v1::VersionRecord& record);
std::string KeyEtag(const keyward::internal::store::v1::KeyRecord& record);

// OK if `etag` is empty (no precondition) or is `present`. INVALID_ARGUMENT
// about `field` if it is no etag at all, so that a slip is not taken for a
// lost race; ABORTED with the reason ETAG_MISMATCH if it is another one.
absl::Status CheckEtag(absl::string_view field, absl::string_view etag,
                       absl::string_view present);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_ETAG_H_
