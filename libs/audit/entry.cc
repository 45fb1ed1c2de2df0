// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/entry.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/message.h"
#include "libs/base/hex.h"
#include "libs/base/resource_name.h"
#include "libs/crypto/sha256.h"

namespace keyward::audit {
namespace {

using v1::AuditEntry;

// Bounds of the other texts, in bytes. The longest well-formed resource name
// has 409 bytes (project 63, secret 255, version 63, and the collections). All
// bounds add up to 1,856, or 1,920 with a proxy, which takes most of the user
// agent's room; tags, lengths and numbers need 116 at most.
constexpr size_t kMaxRequestIdBytes = 48;  // a UUID has 36
constexpr size_t kMaxAuthenticationBytes = 16;
constexpr size_t kMaxPeerBytes = 64;  // [IPv6%zone]:port
constexpr size_t kMaxForwardedUserAgentBytes = 64;
constexpr size_t kMaxMethodBytes = 112;
constexpr size_t kMaxActionBytes = 48;
constexpr size_t kMaxResourceBytes = 416;
constexpr size_t kMaxRuleBytes = 192;    // a rule's name has at most 145
constexpr size_t kMaxDetailBytes = 192;  // a position, or one sentence

constexpr size_t kIdDigestDigits = 32;

// How long `text` is once escaped.
size_t EscapedSize(absl::string_view text) {
  size_t size = 0;
  for (const char c : text) {
    size += c == '\\' ? 2 : (c < 0x20 || c > 0x7e) ? 4 : 1;
  }
  return size;
}

// Most texts stay as they are, and need not be copied for it.
bool IsEscaped(absl::string_view text, size_t max_bytes) {
  return text.size() <= max_bytes && EscapedSize(text) == text.size();
}

void EscapeField(std::string* field, size_t max_bytes) {
  if (IsEscaped(*field, max_bytes)) return;
  *field = EscapeText(*field, max_bytes);
}

void RecordField(std::string* id) {
  if (IsEscaped(*id, kMaxCallerTextBytes)) return;
  *id = RecordedId(*id);
}

AuditEntry* Spare() {
  thread_local AuditEntry spare;
  return &spare;
}

bool HasUnknown(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

}  // namespace

AuditEntry TakeEntry() {
  AuditEntry entry;
  entry.Swap(Spare());
  return entry;
}

void GiveBackEntry(AuditEntry entry) {
  entry.Clear();
  entry.Swap(Spare());
}

std::string EscapeText(absl::string_view text, size_t max_bytes) {
  std::string out;
  for (const char c : text) {
    const size_t width = c == '\\' ? 2 : (c < 0x20 || c > 0x7e) ? 4 : 1;
    if (out.size() + width > max_bytes) break;
    if (width == 1) {
      out.push_back(c);
    } else if (width == 2) {
      out.append("\\\\");
    } else {
      absl::StrAppend(&out, "\\x", HexEncode(absl::string_view(&c, 1)));
    }
  }
  return out;
}

std::string RecordedId(absl::string_view id) {
  if (EscapedSize(id) <= kMaxCallerTextBytes) {
    return EscapeText(id, kMaxCallerTextBytes);
  }
  const crypto::Sha256Digest digest = crypto::Sha256(id);
  return absl::StrCat(
      EscapeText(id, kMaxCallerTextBytes - 1 - kIdDigestDigits), "~",
      HexEncode(crypto::AsBytes(digest)).substr(0, kIdDigestDigits));
}

absl::StatusOr<std::string> SerializeEntry(AuditEntry entry) {
  if (entry.kind() == v1::ENTRY_KIND_UNSPECIFIED) {
    return absl::InvalidArgumentError("entry.kind: must be set");
  }
  EscapeField(entry.mutable_request_id(), kMaxRequestIdBytes);
  RecordField(entry.mutable_principal());
  EscapeField(entry.mutable_authentication(), kMaxAuthenticationBytes);
  RecordField(entry.mutable_credential_id());
  EscapeField(entry.mutable_peer(), kMaxPeerBytes);
  if (entry.forwarded_by().empty()) {
    EscapeField(entry.mutable_user_agent(), kMaxCallerTextBytes);
  } else {
    RecordField(entry.mutable_forwarded_by());
    EscapeField(entry.mutable_user_agent(), kMaxForwardedUserAgentBytes);
  }
  EscapeField(entry.mutable_method(), kMaxMethodBytes);
  EscapeField(entry.mutable_action(), kMaxActionBytes);
  if (entry.resource().size() > kMaxResourceBytes ||
      !ResourceName::Parse(entry.resource()).ok()) {
    entry.clear_resource();
  }
  EscapeField(entry.mutable_rule(), kMaxRuleBytes);
  EscapeField(entry.mutable_detail(), kMaxDetailBytes);
  // What this build does not know it cannot bound. Dropping it walks over all
  // fields, so it is looked for first, in all messages that an entry consists
  // of.
  if (HasUnknown(entry) || HasUnknown(entry.time()) ||
      HasUnknown(entry.duration())) {
    entry.DiscardUnknownFields();
  }
  std::string leaf = entry.SerializeAsString();
  GiveBackEntry(std::move(entry));
  if (leaf.empty() || leaf.size() > kMaxEntryBytes) {
    return absl::InternalError("an audit entry exceeds its own bounds");
  }
  return leaf;
}

absl::StatusOr<AuditEntry> ParseEntry(absl::string_view leaf) {
  AuditEntry entry;
  absl::Status status = ParseEntry(leaf, &entry);
  if (!status.ok()) return status;
  return entry;
}

absl::Status ParseEntry(absl::string_view leaf, AuditEntry* entry) {
  if (leaf.empty() || leaf.size() > kMaxEntryBytes) {
    return absl::DataLossError("a leaf must have 1 to 2048 bytes");
  }
  if (!entry->ParseFromArray(leaf.data(), static_cast<int>(leaf.size()))) {
    return absl::DataLossError("a leaf is no audit entry");
  }
  if (entry->kind() == v1::ENTRY_KIND_UNSPECIFIED) {
    return absl::DataLossError("an audit entry has no kind");
  }
  return absl::OkStatus();
}

bool IsDecision(const AuditEntry& entry) {
  switch (entry.kind()) {
    case v1::ENTRY_KIND_ACCESS:
    case v1::ENTRY_KIND_DENIAL:
    case v1::ENTRY_KIND_INTENT:
    case v1::ENTRY_KIND_STREAM_OPENED:
      return entry.decision() != v1::DECISION_UNSPECIFIED ||
             !absl::StartsWith(entry.principal(), "system:");
    default:
      return false;
  }
}

bool IsClosingOutcome(const AuditEntry& entry) {
  return entry.kind() == v1::ENTRY_KIND_OUTCOME &&
         (entry.outcome() == v1::CHANGE_OUTCOME_APPLIED ||
          entry.outcome() == v1::CHANGE_OUTCOME_NOT_APPLIED);
}

}  // namespace keyward::audit
