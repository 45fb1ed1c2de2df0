// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_CHANGE_H_
#define KEYWARD_SERVICES_STORE_CHANGE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/message.h"
#include "libs/kv/transaction.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::store {

// What a change means to the watchers of its project.
struct ChangeEvent {
  std::string name;
  int64_t version = 0;
  keyward::secrets::v1::SecretEventKind kind =
      keyward::secrets::v1::SECRET_EVENT_KIND_UNSPECIFIED;
};

// What one change does, as planned on the records that were read for it: all
// or nothing of it happens, and only if those records are still the same.
struct ChangePlan {
  // At least one.
  std::vector<kv::Precondition> preconditions;
  std::vector<kv::Put> puts;
  std::vector<kv::Delete> deletes;
  // Absent if no watcher needs to know, as of a call that changes nothing.
  absl::optional<ChangeEvent> event;
  // What the call answers. Never holds a payload: it is stored.
  std::unique_ptr<google::protobuf::Message> response;
  // The resource, with the resolved version number where there is one.
  std::string resource;
  // If set: called when the plan is carried out and durable, before the call is
  // answered, on any thread; must not block. If the outcome is learned later
  // than the call ends, it is not called.
  absl::AnyInvocable<void()> afterwards;
};

// Plans a change on what is stored now. Called again, with a later time, when
// a record has changed meanwhile. A refusal is what the client gets.
using Planner = absl::AnyInvocable<absl::StatusOr<ChangePlan>(absl::Time now)>;

// The reason by which a planner says that the attributes of the resource are
// no longer those that the decision used. Never sent to a client: the gateway
// decides again.
inline constexpr char kAttributesChanged[] = "ATTRIBUTES_CHANGED";

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_CHANGE_H_
