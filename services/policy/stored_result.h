// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_STORED_RESULT_H_
#define KEYWARD_SERVICES_POLICY_STORED_RESULT_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"

namespace keyward::policy_service {

// What a change answered, kept so that the same change, asked for again,
// answers the same instead of being made twice. Pure functions.

keyward::internal::policy::v1::StoredResult MakeStoredResult(
    absl::string_view method, const google::protobuf::Message& response,
    absl::string_view resource, uint64_t revision);

// The response message of `stored`. INTERNAL unless it is one of `method`: an
// intent's id names one call for ever. DATA_LOSS if it cannot be read.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> StoredResponse(
    const keyward::internal::policy::v1::StoredResult& stored,
    absl::string_view method);

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_STORED_RESULT_H_
