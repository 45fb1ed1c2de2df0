// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/refusal_recorder.h"

#include <utility>
#include <vector>

#include "libs/base/proto_time.h"
#include "services/gateway/audit_item.h"

namespace keyward::gateway {
namespace {

constexpr absl::Duration kMinute = absl::Minutes(1);
constexpr char kOtherPeers[] = "other peers";

// How long a record of a refusal may take; nobody waits for it.
constexpr absl::Duration kAppendTime = absl::Seconds(10);

}  // namespace

RefusalRecorder::RefusalRecorder(const Clock* clock, rpc::AuditLog* log)
    : clock_(clock), log_(log) {}

absl::string_view RefusalRecorder::PeerAddress(absl::string_view peer) {
  const size_t colon = peer.rfind(':');
  const bool has_port =
      colon != absl::string_view::npos && peer.find(':') != colon;
  return has_port ? peer.substr(0, colon) : peer;
}

void RefusalRecorder::Record(const rpc::PeerFacts& peer,
                             absl::string_view request_id,
                             absl::string_view method,
                             const absl::Status& status) {
  const SteadyTime now = clock_->SteadyNow();
  {
    MutexLock lock(&mu_);
    std::string address(PeerAddress(peer.peer));
    if (counts_.size() >= kMaxPeers && !counts_.contains(address)) {
      address = kOtherPeers;
    }
    Count& count = counts_[address];
    if (count.seen == 0) count.minute_start = now;
    if (++count.seen > kSinglePerMinute) return;
  }
  audit::v1::AuditEntry entry;
  *entry.mutable_time() = ToTimestamp(clock_->Now());
  entry.set_kind(audit::v1::ENTRY_KIND_UNAUTHENTICATED);
  entry.set_request_id(std::string(request_id));
  entry.set_method(std::string(method));
  entry.set_peer(peer.peer);
  entry.set_user_agent(peer.user_agent);
  entry.set_code(static_cast<int>(status.code()));
  // The authenticator's message says which rule was broken, never a token.
  entry.set_detail(std::string(status.message()));
  Append(std::move(entry));
}

void RefusalRecorder::FlushCounts(SteadyTime now) {
  std::vector<std::pair<std::string, uint64_t>> over;
  {
    MutexLock lock(&mu_);
    for (auto it = counts_.begin(); it != counts_.end();) {
      auto at = it++;
      if (now - at->second.minute_start < kMinute) continue;
      if (at->second.seen > kSinglePerMinute) {
        over.emplace_back(at->first, at->second.seen - kSinglePerMinute);
      }
      counts_.erase(at);
    }
  }
  for (const auto& [peer, seen] : over) {
    audit::v1::AuditEntry entry;
    *entry.mutable_time() = ToTimestamp(clock_->Now());
    entry.set_kind(audit::v1::ENTRY_KIND_REFUSALS);
    entry.set_peer(peer);
    entry.set_code(static_cast<int>(absl::StatusCode::kUnauthenticated));
    entry.set_count(seen);
    entry.set_detail("refusals before authentication in one minute");
    Append(std::move(entry));
  }
}

void RefusalRecorder::Append(audit::v1::AuditEntry entry) {
  AppendFact(log_, std::move(entry), clock_->SteadyNow() + kAppendTime,
             [](rpc::AppendResult) {});
}

}  // namespace keyward::gateway
