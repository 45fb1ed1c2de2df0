// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_AUDIT_VIEW_H_
#define KEYWARD_SERVICES_CLI_AUDIT_VIEW_H_

#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/proof_file.h"
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

// An entry that was proven to be in the tree of a checkpoint.
struct ProvenEntry {
  audit::EntryInclusion inclusion;
  audit::Checkpoint checkpoint;
  // What the leaf holds.
  audit::v1::AuditEntry entry;
};
std::string ShowProven(const ProvenEntry& proven);
absl::StatusOr<Json> ProvenJson(const ProvenEntry& proven);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_AUDIT_VIEW_H_
