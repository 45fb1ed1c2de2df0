// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_PROJECT_PURGE_H_
#define KEYWARD_SERVICES_STORE_PROJECT_PURGE_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/writer_session.h"
#include "services/store/key_ring.h"

namespace keyward::store {

// Removes what is left of a closed project: its keys and its events. See
// rpc::ProjectPurger. Thread-safe.
//
// The number of its newest event stays, a few bytes. The project may yet be
// opened again, and if it then counted from 1, a position of before would pass
// for one of the new events and silently skip those up to it. A uid is never
// given twice, so the number of one that is gone is in nobody's way.
class ProjectPurge {
 public:
  // The most secrets that are counted: the number is for people.
  static constexpr size_t kMaxCounted = 10000;
  // Deletes in one transaction, with room for its head.
  static constexpr size_t kBatch = 100;

  // All must outlive this.
  ProjectPurge(kv::KeyValueStore* kv, kv::WriterSession* session, KeyRing* keys)
      : kv_(kv), session_(session), keys_(keys) {}

  absl::StatusOr<int64_t> Run(const std::string& project,
                              const std::string& project_uid,
                              SteadyTime deadline);

 private:
  absl::StatusOr<int64_t> CountSecrets(const std::string& project_uid) const;
  absl::StatusOr<bool> RemoveBatch(const std::string& project_uid,
                                   const std::string& prefix, bool erase,
                                   SteadyTime deadline);
  absl::Status RemoveAll(const std::string& project_uid,
                         const std::string& prefix, bool erase,
                         SteadyTime deadline);
  absl::Status ForgetKeys(const std::string& project_uid);
  // What to answer after a step failed: if it lost a race against a secret,
  // that is what remains.
  absl::StatusOr<int64_t> Interrupted(const std::string& project_uid,
                                      const absl::Status& status) const;

  kv::KeyValueStore* const kv_;
  kv::WriterSession* const session_;
  KeyRing* const keys_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_PROJECT_PURGE_H_
