// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_FAKE_OWNER_CONTROL_H_
#define KEYWARD_SERVICES_AUDIT_FAKE_OWNER_CONTROL_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/audit/checkpoint.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/owner_control.h"

namespace keyward::audit_service {

// A service that owns resources, in memory. What it knows of changes is set by
// the test; what it does not know it bars. Not thread-safe.
class FakeOwnerControl final : public rpc::OwnerControl {
 public:
  // Every call answers `status` from now on; OK ends that.
  void FailWith(absl::Status status) { failure_ = std::move(status); }

  // ResolveIntents answers UNAVAILABLE while it is set. May be called while
  // another thread calls.
  void DenyIntents(bool denied) { intents_denied_ = denied; }

  // HoldCheckpoint alone answers `status` from now on; OK ends that.
  void RefuseCheckpoints(absl::Status status) {
    hold_failure_ = std::move(status);
  }

  // What was done for an intent.
  void SetApplied(uint64_t intent) { applied_.insert_or_assign(intent, true); }
  bool barred(uint64_t intent) const {
    const auto it = applied_.find(intent);
    return it != applied_.end() && !it->second;
  }

  std::string& held() { return held_; }
  // The key that came with the last checkpoint.
  const std::string& key() const { return key_; }
  // May be asked for while another thread calls.
  uint64_t floor() const { return floor_; }

  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override {
    if (!failure_.ok()) return failure_;
    return revision;
  }
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime) override {
    if (!failure_.ok()) return failure_;
    return held_;
  }
  absl::Status HoldCheckpoint(const rpc::HandedCheckpoint& handed,
                              SteadyTime) override {
    if (!failure_.ok()) return failure_;
    if (!hold_failure_.ok()) return hold_failure_;
    const auto sized = [](const std::string& note) {
      return note.empty() ? 0
                          : audit::ReadCheckpointUnverified(note).value().size;
    };
    if (held_.empty() || sized(handed.note) > sized(held_)) held_ = handed.note;
    key_ = handed.verifier_key;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<rpc::IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& intent_ids, SteadyTime) override {
    if (!failure_.ok()) return failure_;
    if (intents_denied_) return absl::UnavailableError("away");
    std::vector<rpc::IntentResolution> resolutions;
    for (const uint64_t id : intent_ids) {
      rpc::IntentResolution resolution;
      resolution.intent_id = id;
      // Barred unless known.
      resolution.outcome = applied_.emplace(id, false).first->second
                               ? rpc::Outcome::kApplied
                               : rpc::Outcome::kNotApplied;
      resolutions.push_back(resolution);
    }
    return resolutions;
  }
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor, SteadyTime) override {
    if (!failure_.ok()) return failure_;
    floor_ = std::max(floor_.load(), floor);
    return floor_.load();
  }

 private:
  absl::Status failure_;
  std::atomic<bool> intents_denied_{false};
  absl::Status hold_failure_;
  std::map<uint64_t, bool> applied_;
  std::string held_;
  std::string key_;
  std::atomic<uint64_t> floor_{0};
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_FAKE_OWNER_CONTROL_H_
