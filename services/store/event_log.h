// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_EVENT_LOG_H_
#define KEYWARD_SERVICES_STORE_EVENT_LOG_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "libs/kv/kv.h"
#include "services/store/change.h"

namespace keyward::store {

// The record of `event`, as AppendEvent takes it.
std::string EncodeEvent(const ChangeEvent& event, absl::Time now);

// Adds the record of an event, as number `number` (at least 1) of the project's
// feed, to the transaction that makes the change: an event exists exactly if
// its change does. The transaction fails unless the newest event's number is
// the one before, at the moment when it is decided: so numbers have no gaps,
// and a reader that sees an event sees all before it.
void AppendEvent(const std::string& project_uid, uint64_t number,
                 std::string record, kv::Transaction* txn);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_EVENT_LOG_H_
