// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/remote_owner_control.h"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/peer_caller.h"
#include "proto/keyward/internal/call/v1/call.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::store::v1;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

// Calls `method` of `service` with the bytes of `request` and reads the answer
// as a Response. Store and policy have the same control messages under their
// own names (each contract has its own messages, as buf wants it); their bytes
// are the same, which a test checks.
template <typename Response>
absl::StatusOr<Response> Call(const Peer& peer,
                              const ServiceDescriptor* service,
                              const char* name, const Message& request,
                              SteadyTime deadline) {
  const MethodDescriptor* method = service->FindMethodByName(name);
  if (method == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat(service->full_name(), " has no ", name));
  }
  const std::unique_ptr<Message> sent(MessageFactory::generated_factory()
                                          ->GetPrototype(method->input_type())
                                          ->New());
  Response response;
  if (!sent->ParseFromString(request.SerializeAsString())) {
    return absl::InternalError(
        absl::StrCat(method->full_name(), ": has another request"));
  }
  const absl::StatusOr<std::unique_ptr<Message>> received =
      CallPeerAndWait(peer, method, *sent, deadline);
  if (!received.ok()) return received.status();
  if (!response.ParseFromString((*received)->SerializeAsString())) {
    return PeerAway(peer);
  }
  return response;
}

bool Decode(const keyward::internal::call::v1::IntentResolution& wire,
            IntentResolution* resolution) {
  resolution->intent_id = wire.intent_id();
  resolution->code = wire.code();
  switch (wire.outcome()) {
    case keyward::internal::call::v1::OUTCOME_APPLIED:
      resolution->outcome = Outcome::kApplied;
      return true;
    case keyward::internal::call::v1::OUTCOME_NOT_APPLIED:
      resolution->outcome = Outcome::kNotApplied;
      return true;
    default:
      return false;
  }
}

}  // namespace

RemoteOwnerControl::RemoteOwnerControl(Peer peer,
                                       const ServiceDescriptor* service)
    : peer_(std::move(peer)), service_(service) {}

absl::StatusOr<uint64_t> RemoteOwnerControl::RaiseFence(uint64_t revision,
                                                        SteadyTime deadline) {
  wire::RaiseFenceRequest request;
  request.set_revision(revision);
  const auto response = Call<wire::RaiseFenceResponse>(
      peer_, service_, "RaiseFence", request, deadline);
  if (!response.ok()) return response.status();
  return response->fence();
}

absl::StatusOr<std::string> RemoteOwnerControl::GetHeldCheckpoint(
    SteadyTime deadline) {
  const auto response = Call<wire::GetHeldCheckpointResponse>(
      peer_, service_, "GetHeldCheckpoint", wire::GetHeldCheckpointRequest(),
      deadline);
  if (!response.ok()) return response.status();
  return response->checkpoint();
}

absl::Status RemoteOwnerControl::HoldCheckpoint(const HandedCheckpoint& handed,
                                                SteadyTime deadline) {
  wire::HoldCheckpointRequest request;
  request.set_checkpoint(handed.note);
  request.set_verifier_key(handed.verifier_key);
  return Call<wire::HoldCheckpointResponse>(peer_, service_, "HoldCheckpoint",
                                            request, deadline)
      .status();
}

absl::StatusOr<std::vector<IntentResolution>>
RemoteOwnerControl::ResolveIntents(const std::vector<uint64_t>& intent_ids,
                                   SteadyTime deadline) {
  wire::ResolveIntentsRequest request;
  request.mutable_intent_ids()->Add(intent_ids.begin(), intent_ids.end());
  const auto response = Call<wire::ResolveIntentsResponse>(
      peer_, service_, "ResolveIntents", request, deadline);
  if (!response.ok()) return response.status();
  // The reconciler writes what it learns here into the log for good: an answer
  // about anything else than it asked is no answer.
  std::set<uint64_t> asked(intent_ids.begin(), intent_ids.end());
  std::vector<IntentResolution> resolutions;
  for (const auto& answer : response->resolutions()) {
    IntentResolution resolution;
    if (asked.erase(answer.intent_id()) == 0 || !Decode(answer, &resolution)) {
      if (peer_.on_failure) {
        peer_.on_failure(absl::DataLossError(
            "resolved an intent that was not asked for, or to no outcome"));
      }
      return PeerAway(peer_);
    }
    resolutions.push_back(resolution);
  }
  return resolutions;
}

absl::StatusOr<uint64_t> RemoteOwnerControl::RaiseFloor(uint64_t floor,
                                                        SteadyTime deadline) {
  wire::RaiseFloorRequest request;
  request.set_floor(floor);
  const auto response = Call<wire::RaiseFloorResponse>(
      peer_, service_, "RaiseFloor", request, deadline);
  if (!response.ok()) return response.status();
  return response->floor();
}

RemoteProjectPurger::RemoteProjectPurger(Peer store)
    : peer_(std::move(store)) {}

absl::StatusOr<int64_t> RemoteProjectPurger::PurgeProject(
    const std::string& project, const std::string& project_uid,
    SteadyTime deadline) {
  wire::PurgeProjectRequest request;
  request.set_project(project);
  request.set_project_uid(project_uid);
  const auto response = Call<wire::PurgeProjectResponse>(
      peer_, wire::PurgeProjectRequest::descriptor()->file()->service(0),
      "PurgeProject", request, deadline);
  if (!response.ok()) return response.status();
  // Less than none would be read as none left.
  if (response->remaining() < 0) return PeerAway(peer_);
  return response->remaining();
}

}  // namespace keyward::rpc
