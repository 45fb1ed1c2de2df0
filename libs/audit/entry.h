// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_ENTRY_H_
#define KEYWARD_LIBS_AUDIT_ENTRY_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::audit {

// Making and reading the leaves of the audit log. A leaf is the serialized
// bytes of one AuditEntry; they are made once, by the writer, and nothing
// re-serializes them.
//
// Pure functions.

// The longest leaf. 256 of them fit a batch, and 128 an item.
inline constexpr size_t kMaxEntryBytes = 2048;

// The longest text of a caller's in an entry, after escaping. Together with
// the bounds of the other fields (entry.cc) it keeps every entry below
// kMaxEntryBytes, so that no caller can make its own record impossible.
inline constexpr size_t kMaxCallerTextBytes = 256;

// `text` in printable ASCII: a backslash is doubled, and other bytes become
// \xNN. Cut to `max_bytes` without splitting an escape. Without this a name
// could forge lines, or reprogram the terminal, of whoever reads the log.
std::string EscapeText(absl::string_view text, size_t max_bytes);

// `id` as the log records principals and credential ids: escaped, and if that
// is longer than kMaxCallerTextBytes, its beginning, '~' and 32 hex digits of
// its SHA-256. Cutting alone would let two long principals look like one.
// Queries by principal compare this form.
std::string RecordedId(absl::string_view id);

// An empty entry. It has the memory of one that the calling thread gave back,
// if there is one: an entry is some twenty allocations, and every call makes
// one and reads it twice.
keyward::audit::v1::AuditEntry TakeEntry();

// Gives back the memory of an entry for the next TakeEntry of this thread,
// which keeps the larger texts' until it ends: kilobytes, and nothing secret.
void GiveBackEntry(keyward::audit::v1::AuditEntry entry);

// The leaf for `entry`: text escaped and cut; a resource that is not well
// formed is left out, because people paste secrets where names belong. Never
// longer than kMaxEntryBytes. INVALID_ARGUMENT if the kind is not set. Gives
// the entry back.
absl::StatusOr<std::string> SerializeEntry(
    keyward::audit::v1::AuditEntry entry);

// The entry that `leaf` holds. DATA_LOSS if it is empty, longer than
// kMaxEntryBytes, does not parse, or has no kind.
absl::StatusOr<keyward::audit::v1::AuditEntry> ParseEntry(
    absl::string_view leaf);

// The same into `*entry`, whatever that held before, in its memory; after an
// error it may hold anything.
absl::Status ParseEntry(absl::string_view leaf,
                        keyward::audit::v1::AuditEntry* entry);

// True if the entry is a decision about a caller, which may stand in the log
// only where the policy revision that it carries is in force. What Keyward
// does by itself, as a principal "system:..." without a decision, is none.
bool IsDecision(const keyward::audit::v1::AuditEntry& entry);

// True if the entry is an outcome that closes its intent.
bool IsClosingOutcome(const keyward::audit::v1::AuditEntry& entry);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_ENTRY_H_
