// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// One authorized call on its way from the gateway to the service that owns
// the resource, and its answer: the C++ form of internal/call/v1. The same
// types serve direct calls in one process and batches over mTLS.

#ifndef KEYWARD_LIBS_RPC_CALL_H_
#define KEYWARD_LIBS_RPC_CALL_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/steady_time.h"

namespace keyward::rpc {

// What became of a change. Reads have kNone.
enum class Outcome { kNone, kApplied, kNotApplied, kUnknown };

// Why an owner refused a change, where the gateway must act on it.
enum class Refusal {
  kNone,
  // Decided under an older policy than the owner's fence: the request starts
  // again at authorization, under a new intent.
  kFence,
  // The resource's attributes that the decision used have changed: likewise.
  kAttributes,
  // The reconciler barred the intent before it arrived: UNAVAILABLE.
  kBarred,
};

// What an owner is told about a call. The request message travels beside it.
struct CallContext {
  // The gateway's id for the request, a UUID, and which element of a call over
  // many names this is.
  std::string request_id;
  uint32_t element = 0;

  // The public method's full name,
  // "keyward.secrets.v1.SecretService.GetSecret".
  std::string method;

  // Who calls, as the gateway proved it.
  std::string principal;
  std::string credential_id;

  // The authorized resource's full name ("system", "projects/p/secrets/s"),
  // and its project's uid in the deciding snapshot (empty for system).
  std::string resource;
  std::string project_uid;

  // The policy revision that decided.
  uint64_t policy_revision = 0;

  // Nothing may be done for this call after this moment.
  SteadyTime deadline;

  // Changes only: the intent record's index, which is the change's id.
  std::optional<uint64_t> intent_id;
  // Changes whose decision used attributes only: their etag.
  std::string attributes_etag;
  // Changes only: the newest checkpoint (a signed note) that the gateway was
  // handed. The owner keeps it in the transaction of the change.
  std::string checkpoint;
};

// The answer to one call.
struct CallResult {
  // OK, or why not, with the details of libs/base/error.h.
  absl::Status status;

  // The public response if `status` is OK, null otherwise. Whoever holds it
  // wipes its sensitive fields (libs/rpc/sensitive.h) before it is destroyed.
  std::unique_ptr<google::protobuf::Message> response;

  // The context's resource, with the resolved version number where there is
  // one: what the audit record shows.
  std::string resource;

  // Changes only.
  Outcome outcome = Outcome::kNone;
  Refusal refusal = Refusal::kNone;
};

using CallDone = absl::AnyInvocable<void(CallResult)>;

// A service that owns resources and runs authorized calls on them. It never
// decides who may call.
//
// Thread-safe.
class Owner {
 public:
  virtual ~Owner() = default;

  // Runs one call. `request` is the public request message of
  // `context.method`, valid until `done` is called. `done` is called exactly
  // once, at the latest soon after the deadline, on any thread, possibly
  // before Execute returns; it must not block.
  //
  // A change (context.intent_id is set) is done in one transaction: a known
  // intent answers its stored result; then a known request id; then the fence,
  // the etag and the preconditions are compared. A failed precondition bars
  // the intent durably before it is answered (kNotApplied). After a deadline
  // or a failed sync the outcome is kUnknown with status UNAVAILABLE and the
  // reason OUTCOME_UNKNOWN.
  virtual void Execute(const CallContext& context,
                       const google::protobuf::Message& request,
                       CallDone done) = 0;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_CALL_H_
