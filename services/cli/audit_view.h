// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_AUDIT_VIEW_H_
#define KEYWARD_SERVICES_CLI_AUDIT_VIEW_H_

#include <string>

#include "google/protobuf/repeated_field.h"
#include "libs/client/pinned_checkpoint.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/cli/json_output.h"

namespace keyward::cli {

// How audit records and checkpoints look. Pure functions.

// One record a line, in a table.
std::string ShowEntries(
    const google::protobuf::RepeatedPtrField<audit::v1::IndexedEntry>& entries);

// One record in one line without a head, for a tail.
std::string ShowEntryLine(const audit::v1::IndexedEntry& entry);

// What a look at the log has shown: the new checkpoint and the pinned one.
std::string ShowPinCheck(const client::PinCheck& check);
Json PinCheckJson(const client::PinCheck& check);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_AUDIT_VIEW_H_
