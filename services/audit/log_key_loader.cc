// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_key_loader.h"

#include "absl/strings/str_cat.h"
#include "libs/audit/log_reader.h"

namespace keyward::audit_service {

absl::StatusOr<audit::LogKey> LoadOrCreateLogKey(
    const std::string& path, crypto::Seal* seal, crypto::RandomSource& random,
    const kv::KeyValueReader& store) {
  const std::string origin = audit::LogOrigin(seal->installation_id());
  absl::StatusOr<audit::LogKey> key = audit::LoadLogKey(path, seal);
  if (key.ok()) {
    if (key->signer->verifier().name() == origin) return key;
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is the key of another installation's log"));
  }
  if (!absl::IsNotFound(key.status())) return key;
  const absl::StatusOr<audit::LogReader::StoredHead> head =
      audit::LogReader(&store).ReadHead();
  if (!head.ok() && !absl::IsNotFound(head.status())) return head.status();
  if (head.ok() && head->head.size > 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is missing, but the log has ", head->head.size,
        " entries: restore the file from the backup of the audit folder"));
  }
  return audit::CreateLogKey(path, origin, seal, random);
}

}  // namespace keyward::audit_service
