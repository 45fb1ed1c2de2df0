// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_REQUEST_IDS_H_
#define KEYWARD_SERVICES_STORE_REQUEST_IDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/message.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/kv/kv.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"

namespace keyward::store {

// Request ids of clients: a change that is asked for twice under one id is
// made once. An id belongs to its principal and method, so that nobody learns
// of, or blocks, another's.
//
// What is kept is a keyed MAC of the content, since a plain hash of a request
// with a short secret in it would be the secret for whoever reads the disk;
// ids lie under a keyed MAC as well, so that they do not grow the key.
//
// Thread-safe.
class RequestIds {
 public:
  // How long an id is remembered.
  static constexpr absl::Duration kRetention = absl::Hours(24);
  static constexpr size_t kMaxBytes = 64;

  // A use of an id by one call.
  struct Used {
    std::string id_mac;
    std::string key;  // Of its record.
    std::string content_mac;
    // Of the record that Find saw; 0 if there was none.
    uint64_t revision = 0;
    // The expiry entry of a record that has expired but is not removed yet.
    std::string old_expiry_key;
  };

  // What is known of an id.
  struct Known {
    // Set if the same call was made before.
    absl::optional<keyward::internal::store::v1::StoredResult> result;
    uint64_t revision = 0;
    std::string old_expiry_key;
  };

  // `mac_key` is used for nothing else.
  explicit RequestIds(crypto::SecretBuffer mac_key)
      : mac_key_(std::move(mac_key)) {}

  // OK if `request_id` is empty or 1 to 64 printable ASCII characters;
  // INVALID_ARGUMENT about `request_id` otherwise.
  static absl::Status Check(absl::string_view request_id);

  // The use of a non-empty, checked `request_id` by this call. The content is
  // the request with all its fields. INTERNAL if no MAC can be computed.
  absl::StatusOr<Used> Use(absl::string_view principal,
                           absl::string_view method,
                           absl::string_view request_id,
                           const google::protobuf::Message& request) const;

  // Looks the id up. INVALID_ARGUMENT with the reason REQUEST_ID_REUSED if it
  // stands for other content; errors of reading.
  absl::StatusOr<Known> Find(const kv::KeyValueReader& reader, const Used& used,
                             absl::Time now) const;

  // Adds the id with its result to the transaction of the change, which fails
  // if another call takes the id first.
  void Add(const Used& used,
           const keyward::internal::store::v1::StoredResult& result,
           absl::Time now, kv::Transaction* txn) const;

 private:
  crypto::SecretBuffer mac_key_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_REQUEST_IDS_H_
