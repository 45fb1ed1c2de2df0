// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_EVENT_LOG_H_
#define KEYWARD_SERVICES_STORE_EVENT_LOG_H_

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/kv/kv.h"
#include "services/store/change.h"

namespace keyward::store {

// Adds the record of `event`, with the next number of the project's feed, to
// the transaction that makes the change: an event exists exactly if its change
// does, and numbers have no gaps. The transaction fails if another event took
// the number first. Errors as LoadNumber.
absl::Status AppendEvent(const kv::KeyValueReader& reader,
                         const std::string& project_uid,
                         const ChangeEvent& event, absl::Time now,
                         kv::Transaction* txn);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_EVENT_LOG_H_
