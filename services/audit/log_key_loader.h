// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_LOG_KEY_LOADER_H_
#define KEYWARD_SERVICES_AUDIT_LOG_KEY_LOADER_H_

#include <string>

#include "absl/status/statusor.h"
#include "libs/audit/log_key.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"
#include "libs/kv/kv.h"

namespace keyward::audit_service {

// The key in the file `path`, beside the log in `store`. A log that has no
// entry gets a new key, named after the seal's installation. One that has gets
// none: no checkpoint that anybody holds would fit a new key. So a missing
// file is then FAILED_PRECONDITION, and the message says to restore it. Also
// FAILED_PRECONDITION if the key is another installation's. Errors of
// audit::LoadLogKey and of the store.
absl::StatusOr<audit::LogKey> LoadOrCreateLogKey(
    const std::string& path, crypto::Seal* seal, crypto::RandomSource& random,
    const kv::KeyValueReader& store);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_LOG_KEY_LOADER_H_
