// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_CHANGE_RUNNER_H_
#define KEYWARD_SERVICES_POLICY_CHANGE_RUNNER_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/crypto/random.h"
#include "libs/kv/kv.h"
#include "libs/policy/evaluator.h"
#include "libs/rpc/call.h"
#include "libs/rpc/project_purger.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "services/policy/change_plan.h"
#include "services/policy/policy_standing.h"
#include "services/policy/policy_storage.h"
#include "services/policy/request_ids.h"
#include "services/policy/snapshot_publisher.h"

namespace keyward::policy_service {

// Makes changes, one at a time: looks for the intent, then for the request id,
// then compares the revision that decided, plans, commits, publishes, and
// waits until the new revision is in force before it answers.
//
// For one thread at a time. Every call blocks until the call's deadline, and a
// little longer, at the latest.
class ChangeRunner {
 public:
  // All but `catalog` outlive the runner.
  struct Parts {
    kv::KeyValueStore* kv = nullptr;
    PolicyStorage* storage = nullptr;
    PolicyStanding* standing = nullptr;
    SnapshotPublisher* publisher = nullptr;
    rpc::ProjectPurger* purger = nullptr;
    std::shared_ptr<const policy::ActionCatalog> catalog;
    const Clock* clock = nullptr;
    crypto::RandomSource* random = nullptr;
  };

  explicit ChangeRunner(Parts parts) : parts_(std::move(parts)) {}
  ChangeRunner(const ChangeRunner&) = delete;
  ChangeRunner& operator=(const ChangeRunner&) = delete;

  // Whether `method` is a change of policy.
  static bool Runs(absl::string_view method);

  // Runs one change: context.intent_id is set, and Runs(context.method).
  rpc::CallResult Run(const rpc::CallContext& context,
                      const google::protobuf::Message& request);

  // Goes on with deletions of projects that a crash or an absent store left
  // half-way.
  void ResumeDeletions();

 private:
  using StoredResult = keyward::internal::policy::v1::StoredResult;

  // The answer that is known already, from the intent or the request id;
  // absent if this is the first time.
  absl::StatusOr<absl::optional<rpc::CallResult>> FindKnown(
      const rpc::CallContext& context, const RequestIdUse& use);
  // Loads the policy again after an unknown commit. UNAVAILABLE if it cannot.
  absl::Status Refresh(absl::Time deadline);
  absl::StatusOr<ChangePlan> Plan(const rpc::CallContext& context,
                                  const google::protobuf::Message& request,
                                  const DurablePolicy& policy);
  absl::StatusOr<std::shared_ptr<const policy::PolicySnapshot>> Compiled(
      const DurablePolicy& policy);

  // Makes a change durable and hands it out; the new newest policy stands.
  kv::CommitResult Commit(const DurablePolicy& on, StorageChange change,
                          absl::Time deadline);
  rpc::CallResult CommitPlan(const rpc::CallContext& context,
                             const RequestIdUse& use,
                             const DurablePolicy& policy, ChangePlan plan);
  rpc::CallResult Delete(const rpc::CallContext& context,
                         const RequestIdUse& use,
                         const google::protobuf::Message& request);
  // From a closed project to a deleted one, or back to an active one.
  rpc::CallResult FinishDeletion(
      const keyward::internal::policy::v1::DeletionRecord& deletion,
      const std::string& checkpoint, absl::Time deadline);

  // Waits until `revision` is in force; true if it is.
  bool AwaitInForce(uint64_t revision, absl::Time deadline);
  // OK with `response` once `revision` is in force; NOT_YET_IN_FORCE if it is
  // not in time. The change is applied either way.
  rpc::CallResult AnswerInForce(
      std::unique_ptr<google::protobuf::Message> response,
      const std::string& resource, uint64_t revision, absl::Time deadline);
  // A refusal that nothing can overtake: the intent is barred first. UNKNOWN if
  // that could not be done.
  rpc::CallResult Refuse(const rpc::CallContext& context, absl::Status status,
                         rpc::Refusal refusal = rpc::Refusal::kNone);

  const Parts parts_;
  // A commit's fate is not known: the policy must be loaded again.
  bool stale_ = false;
  // The newest policy's compiled form.
  std::shared_ptr<const policy::PolicySnapshot> compiled_;
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_CHANGE_RUNNER_H_
