// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_OWN_COMMIT_H_
#define KEYWARD_SERVICES_STORE_OWN_COMMIT_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"

namespace keyward::store {

// Commits a transaction that is no intent's, and waits until it is known what
// became of it: OK, it is applied; ABORTED, a precondition failed and it never
// will be; UNAVAILABLE, not known, or certainly not applied. Settles an unknown
// outcome once, and leaves it to the session if that fails. Not for threads
// that serve calls.
absl::Status CommitOwn(kv::WriterSession* session, kv::Transaction txn,
                       SteadyTime deadline);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_OWN_COMMIT_H_
