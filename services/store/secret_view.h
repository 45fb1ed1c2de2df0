// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_SECRET_VIEW_H_
#define KEYWARD_SERVICES_STORE_SECRET_VIEW_H_

#include <cstdint>

#include "absl/types/span.h"
#include "google/protobuf/timestamp.pb.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward::store {

// Records as clients see them. What lies on disk and what goes over the wire
// are different messages, so that nothing is shown because it is stored: these
// functions name every field that leaves. Pure functions.

keyward::secrets::v1::Secret ViewSecret(
    const keyward::internal::store::v1::SecretRecord& record);

// `secret` is the version's secret, which has the stages.
keyward::secrets::v1::SecretVersion ViewVersion(
    const keyward::internal::store::v1::SecretRecord& secret,
    const keyward::internal::store::v1::VersionRecord& version);

// `rewrap_remaining` is counted by the caller, and `damaged` has the numbers of
// the versions that do not open.
keyward::keys::v1::Key ViewKey(
    const keyward::internal::store::v1::KeyRecord& record,
    int64_t rewrap_remaining, absl::Span<const int64_t> damaged);

// A record's time as a Timestamp; it must be set.
google::protobuf::Timestamp ViewTime(int64_t micros);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_SECRET_VIEW_H_
