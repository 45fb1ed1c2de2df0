// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Counts that are owed to the audit log.

#ifndef KEYWARD_SERVICES_GATEWAY_OWED_COUNTS_H_
#define KEYWARD_SERVICES_GATEWAY_OWED_COUNTS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::gateway {

// How often something happened, by whom, until it is on record: while audit is
// away the counts are kept, and grow, and are appended when it is back. So the
// memory of an outage is a number for each key, however much happens.
//
// A record whose fate audit does not tell is appended again: a count may be on
// record twice, never not at all.
//
// Thread-safe. Always in a shared_ptr: appends under way keep it. Clock and log
// must outlive it but for its destruction.
class OwedCounts : public std::enable_shared_from_this<OwedCounts> {
 public:
  // Appends that are under way at once.
  static constexpr size_t kMaxInFlight = 64;
  // After one that failed. Each asks a service that may be away.
  static constexpr absl::Duration kRetry = absl::Seconds(1);
  // How long one may take; nobody waits for it.
  static constexpr absl::Duration kAppendTime = absl::Seconds(10);

  // The record of a count. It is given its time here.
  using MakeEntry = std::function<audit::v1::AuditEntry(const std::string& key,
                                                        uint64_t count)>;

  // At most `max_keys` are told apart, some 100 bytes each; what is owed for
  // further ones is owed for `others`.
  static std::shared_ptr<OwedCounts> New(const Clock* clock, rpc::AuditLog* log,
                                         size_t max_keys, std::string others,
                                         MakeEntry make_entry);

  OwedCounts(const OwedCounts&) = delete;
  OwedCounts& operator=(const OwedCounts&) = delete;

  // `count` more are owed for `key`; Send appends them.
  void Owe(absl::string_view key, uint64_t count);

  // Appends one record that stands for itself. If that fails, one more is owed
  // for `key`.
  void AppendOrOwe(audit::v1::AuditEntry entry, absl::string_view key);

  // Appends what is owed, unless the last append has just failed. Called every
  // now and then; costs nothing while nothing is owed.
  void Send();

  // Nothing is owed and nothing under way.
  bool settled() const;
  // How many are owed or under way.
  uint64_t owed() const;

 private:
  OwedCounts(const Clock* clock, rpc::AuditLog* log, size_t max_keys,
             std::string others, MakeEntry make_entry);

  void OweLocked(absl::string_view key, uint64_t count)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Counts `count` as under way and appends.
  void Append(audit::v1::AuditEntry entry, std::string key, uint64_t count);

  const Clock* const clock_;
  rpc::AuditLog* const log_;
  const size_t max_keys_;
  const std::string others_;
  const MakeEntry make_entry_;

  mutable Mutex mu_;
  absl::flat_hash_map<std::string, uint64_t> owed_ ABSL_GUARDED_BY(mu_);
  size_t appends_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  SteadyTime retry_at_ ABSL_GUARDED_BY(mu_) = SteadyTime::InfinitePast();
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_OWED_COUNTS_H_
