// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_REQUEST_IDS_H_
#define KEYWARD_SERVICES_POLICY_REQUEST_IDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/message.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"

namespace keyward::policy_service {

// Request ids of clients: a change that is asked for twice under one id is
// made once. An id belongs to its principal and method, so that nobody learns
// of, or blocks, another's.
//
// What is kept are plain hashes, unlike the store's keyed ones: requests to
// policy hold no secret, and policy is given no key.
//
// Pure functions but for reads of the store. Safe for concurrent use.

// How long an id is remembered.
inline constexpr absl::Duration kRequestIdRetention = absl::Hours(24);
inline constexpr size_t kMaxRequestIdBytes = 64;

// A use of an id by one call; an empty key if the call has none.
struct RequestIdUse {
  std::string key;
  std::string content_hash;
};

// The use of `request_id` by this call. INVALID_ARGUMENT about `request_id`
// unless it is empty or 1 to 64 printable ASCII characters.
absl::StatusOr<RequestIdUse> UseRequestId(
    absl::string_view principal, absl::string_view method,
    absl::string_view request_id, const google::protobuf::Message& request);

// What the first call with this id answered, if there was one within the
// retention. INVALID_ARGUMENT with the reason REQUEST_ID_REUSED if it had
// other content; UNAVAILABLE and DATA_LOSS of reading.
absl::StatusOr<absl::optional<keyward::internal::policy::v1::StoredResult>>
FindRequestId(const kv::KeyValueReader& reader, const RequestIdUse& use,
              absl::Time now);

// Adds the id with its result to what the change writes. The change thread is
// the only one to do so.
void AddRequestId(const RequestIdUse& use,
                  const keyward::internal::policy::v1::StoredResult& result,
                  absl::Time now, std::vector<kv::Put>* puts);

// The keys to delete of ids that have expired at `now`, their records' and
// their expiry entries', at most `limit`.
absl::StatusOr<std::vector<std::string>> ExpiredRequestIdKeys(
    const kv::KeyValueReader& reader, absl::Time now, size_t limit);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_REQUEST_IDS_H_
