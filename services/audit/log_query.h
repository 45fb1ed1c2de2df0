// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_LOG_QUERY_H_
#define KEYWARD_SERVICES_AUDIT_LOG_QUERY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/audit/log_reader.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/audit/block_index.h"

namespace keyward::audit_service {

// What is asked of the log. A value type.
struct QuerySpec {
  // Entries about this resource or what is below it; absent: all entries, also
  // those about no resource.
  absl::optional<ResourceName> resource;
  // Only this principal's, in the form of audit::RecordedId; empty: everyone's.
  std::string principal;
  // Entries at or after `start`, and before `end`.
  absl::Time start = absl::InfinitePast();
  absl::Time end = absl::InfiniteFuture();
  // Newest first.
  bool descending = false;
  size_t page_size = 100;  // At least 1.
};

// Whether `entry` is asked for.
bool Matches(const QuerySpec& spec, const audit::v1::AuditEntry& entry);

struct QueryPage {
  std::vector<audit::v1::IndexedEntry> entries;
  // Where the next page begins; absent on the last one.
  absl::optional<uint64_t> next;
};

// The bounds of one page, whatever it finds: entries that are read, and blocks
// that the index says need not be (a million entries).
inline constexpr uint64_t kMaxExaminedEntries = 10000;
inline constexpr uint64_t kMaxSkippedBlocks = 4096;

// One page of a query over the first `size` leaves. `position` is where the
// page before said it begins, or where the query does: 0, or if descending
// `size`. It is an index: ascending the first one that is looked at, descending
// the one above; so pages are stable while the log grows. Errors of the store.
absl::StatusOr<QueryPage> RunQuery(const QuerySpec& spec,
                                   const audit::LogReader& reader,
                                   BlockIndex* index, uint64_t size,
                                   uint64_t position);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_LOG_QUERY_H_
