// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The unary kinds of call: reads, lists, changes, and batches of reads.

#ifndef KEYWARD_SERVICES_GATEWAY_UNARY_CALL_H_
#define KEYWARD_SERVICES_GATEWAY_UNARY_CALL_H_

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/base/lanes.h"
#include "libs/base/mutex.h"
#include "libs/rpc/sensitive.h"
#include "services/gateway/pipeline_call.h"

namespace keyward::gateway {

// A call with one answer, which takes a place until it is sent.
class UnaryCall : public PipelineCall {
 public:
  UnaryCall(const PipelineParts* parts, const MethodRule* rule,
            rpc::IncomingCall call, rpc::UnaryDone done)
      : PipelineCall(parts, rule, std::move(call)), done_(std::move(done)) {}

 protected:
  bool Admit() override { return TakePlace(); }
  void Deliver(absl::Status status,
               std::unique_ptr<google::protobuf::Message> response) override {
    // What a change did is told whatever room there is: RESOURCE_EXHAUSTED
    // would say that it was not made (P4). Its answer holds no payload.
    if (response != nullptr && !rule().change) {
      // The record stands: it may, for an answer that was never given.
      if (absl::Status room = RoomFor(*response); !room.ok()) {
        rpc::WipeSensitive(response.get());
        response.reset();
        status = std::move(room);
      }
    }
    done_(std::move(status), std::move(response));
  }

 private:
  rpc::UnaryDone done_;
};

// A read: fetch, commit its record at exactly the deciding revision, answer.
// A list is a read whose items are decided one by one before that.
class ReadCall : public UnaryCall {
 public:
  using UnaryCall::UnaryCall;

 protected:
  void Authorized(SnapshotPtr snapshot) override;
  void Forget() override;

 private:
  void OnFetched(const policy::PolicySnapshot& snapshot,
                 rpc::CallResult result);
  // Leaves out what the caller may not see. The number that remain.
  int FilterItems(const policy::PolicySnapshot& snapshot,
                  google::protobuf::Message* response) const;

  rpc::CallResult result_;
};

// A change: its intent is durable before the owner is asked, its outcome
// before the caller is answered (P1).
//
// Changes of the policy take turns, from their decision until policy has
// answered: each makes the decisions of all others stale, so that of many at
// once one would be made and the others decided, put on record and refused over
// and over. A turn ends at its call's deadline at the latest.
class ChangeCall : public UnaryCall {
 public:
  using UnaryCall::UnaryCall;

 protected:
  void Begin() override;
  void Deliver(absl::Status status,
               std::unique_ptr<google::protobuf::Message> response) override;
  void Authorized(SnapshotPtr snapshot) override;
  void Expire() override;

 private:
  void Apply(const policy::PolicySnapshot& snapshot, rpc::AppendResult intent);
  void OnApplied(uint64_t intent, uint64_t revision, rpc::CallResult result);
  // Commits the outcome, and then runs `next` with what audit said; whoever
  // waits or not, since the record is owed.
  void RecordOutcome(uint64_t intent, uint64_t revision,
                     const rpc::CallResult& result,
                     absl::AnyInvocable<void(rpc::AppendResult)> next);
  void AnswerApplied(rpc::CallResult result, rpc::AppendResult outcome);
  // Lets the next one begin, if it is this call's turn: on this thread.
  void EndTurn();

  // Between "nothing was done" and "asked the owner" exactly one of the
  // deadline and the intent's commit wins: an expired change is never sent,
  // and one that was sent is UNKNOWN, never "nothing happened".
  enum class Phase { kNotSent, kSent, kExpired };
  std::atomic<Phase> phase_{Phase::kNotSent};

  Mutex turn_mu_;
  std::optional<Lanes::Turn> turn_ ABSL_GUARDED_BY(turn_mu_);
};

// A read of many names: each has its own decision and record, all records are
// one append, and the answers stand in the request's order.
class BatchCall : public UnaryCall {
 public:
  // Bounds of one call; the payloads' is below what a gRPC client takes in
  // one message by default.
  static constexpr size_t kMaxNames = 100;
  static constexpr size_t kMaxBytes = 3 << 20;

  using UnaryCall::UnaryCall;

 protected:
  double Cost() const override;
  absl::Status Resolve() override;
  RequestDecision DecideUnder(const policy::PolicySnapshot& snapshot) override;
  void Authorized(SnapshotPtr snapshot) override;
  void Forget() override;

 private:
  struct Element {
    std::string name;  // as it was asked for
    std::unique_ptr<google::protobuf::Message> request;
    absl::Status invalid;  // its name does not parse
    Target target;
    RequestDecision decision;
    rpc::CallResult result;
  };

  void OnFetched(SnapshotPtr snapshot);
  audit::v1::AuditEntry ElementEntry(const Element& element,
                                     uint64_t revision) const;
  std::unique_ptr<google::protobuf::Message> Assemble();

  std::vector<Element> elements_;
  // Which attempt the outstanding fetches belong to, and how many they are.
  std::atomic<int> outstanding_{0};
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_UNARY_CALL_H_
