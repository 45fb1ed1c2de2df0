// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_SECRET_FIELDS_H_
#define KEYWARD_SERVICES_STORE_SECRET_FIELDS_H_

#include <cstddef>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/field_mask.pb.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward::store {

// The fields of a secret that clients write, and their rules. Every refusal is
// INVALID_ARGUMENT and names the field and the rule, never a value. Pure
// functions.

inline constexpr size_t kMaxLabels = 64;
inline constexpr size_t kMaxAnnotations = 64;
// Bounds the record, of which a transaction and a page of a list hold many.
inline constexpr size_t kMaxAnnotationBytes = 16 * 1024;
inline constexpr size_t kMaxAliases = 50;
// An expiry nearer than this is a slip, or a clock that is wrong; one farther
// away would not fit all clients' timestamps.
inline constexpr absl::Duration kMinExpiry = absl::Seconds(60);
inline constexpr absl::Duration kMaxExpiry = absl::Hours(24 * 365 * 100);

// Sets what a create request may give. `record` has its identity and, if a
// first version is made with it, next_version already. Output-only fields that
// are set are refused. UNIMPLEMENTED for a destroy window.
absl::Status ApplyCreateFields(
    const keyward::secrets::v1::Secret& secret, absl::Time now,
    keyward::internal::store::v1::SecretRecord* record);

// Sets the fields that `mask` names; see UpdateSecret. On an error `record` is
// in no defined state and must not be used.
absl::Status ApplyMaskedFields(
    const keyward::secrets::v1::Secret& secret,
    const google::protobuf::FieldMask& mask, absl::Time now,
    keyward::internal::store::v1::SecretRecord* record);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_SECRET_FIELDS_H_
