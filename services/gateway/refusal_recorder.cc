// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/refusal_recorder.h"

#include <algorithm>
#include <utility>

#include "libs/base/proto_time.h"

namespace keyward::gateway {
namespace {

using audit::v1::AuditEntry;

constexpr absl::Duration kMinute = absl::Minutes(1);
constexpr char kOtherPeers[] = "other peers";

AuditEntry CountEntry(const std::string& peer, uint64_t count) {
  AuditEntry entry;
  entry.set_kind(audit::v1::ENTRY_KIND_REFUSALS);
  entry.set_peer(peer);
  entry.set_code(static_cast<int>(absl::StatusCode::kUnauthenticated));
  entry.set_count(count);
  entry.set_detail("refusals before authentication without their own records");
  return entry;
}

}  // namespace

RefusalRecorder::RefusalRecorder(const Clock* clock, rpc::AuditLog* log)
    : clock_(clock),
      counts_(OwedCounts::New(clock, log, kMaxPeers, kOtherPeers, CountEntry)) {
}

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
  std::string address(PeerAddress(peer.peer));
  {
    MutexLock lock(&mu_);
    if (minutes_.size() >= kMaxPeers && !minutes_.contains(address)) {
      address = kOtherPeers;
    }
    Minute& minute = minutes_[address];
    if (minute.seen == 0) minute.start = now;
    if (++minute.seen > kSinglePerMinute) return;
  }
  AuditEntry entry;
  *entry.mutable_time() = ToTimestamp(clock_->Now());
  entry.set_kind(audit::v1::ENTRY_KIND_UNAUTHENTICATED);
  entry.set_request_id(std::string(request_id));
  entry.set_method(std::string(method));
  entry.set_peer(peer.peer);
  entry.set_user_agent(peer.user_agent);
  entry.set_code(static_cast<int>(status.code()));
  // The authenticator's message says which rule was broken, never a token.
  entry.set_detail(std::string(status.message()));
  counts_->AppendOrOwe(std::move(entry), address);
}

void RefusalRecorder::Flush() {
  Close(clock_->SteadyNow() - kMinute);
  counts_->Send();
}

void RefusalRecorder::FlushAll() {
  Close(SteadyTime::InfiniteFuture());
  counts_->Send();
}

void RefusalRecorder::Close(SteadyTime begin) {
  MutexLock lock(&mu_);
  for (auto it = minutes_.begin(); it != minutes_.end();) {
    const auto at = it++;
    if (at->second.start > begin) continue;
    if (at->second.seen > kSinglePerMinute) {
      counts_->Owe(at->first, at->second.seen - kSinglePerMinute);
    }
    minutes_.erase(at);
  }
}

bool RefusalRecorder::settled() const { return owed() == 0; }

uint64_t RefusalRecorder::owed() const {
  MutexLock lock(&mu_);
  uint64_t total = counts_->owed();
  for (const auto& [peer, minute] : minutes_) {
    total += minute.seen - std::min(minute.seen, kSinglePerMinute);
  }
  return total;
}

}  // namespace keyward::gateway
