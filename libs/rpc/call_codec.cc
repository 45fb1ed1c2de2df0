// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/call_codec.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/rpc_status.h"
#include "libs/rpc/sensitive.h"

namespace keyward::rpc {
namespace {

using google::protobuf::Message;
namespace call = keyward::internal::call::v1;

// The longest call there is (protocol.md, The access pipeline).
constexpr absl::Duration kLongestCall = absl::Seconds(60);

// A request id is a UUID; names are bounded by libs/base/resource_name.h and
// principals by configuration. The bounds here only keep nonsense out.
constexpr size_t kMaxRequestIdBytes = 64;
constexpr size_t kMaxNameBytes = 1024;

// Sized first, so that no growing string leaves copies of plaintext behind.
void SerializeInto(const Message& message, std::string* bytes) {
  bytes->resize(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(
      reinterpret_cast<uint8_t*>(&(*bytes)[0]));
}

std::unique_ptr<Message> Parse(const Message& prototype,
                               const std::string& bytes) {
  std::unique_ptr<Message> message(prototype.New());
  if (message->ParseFromString(bytes)) return message;
  WipeSensitive(message.get());
  return nullptr;
}

call::Outcome EncodeOutcome(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNone:
      return call::OUTCOME_UNSPECIFIED;
    case Outcome::kApplied:
      return call::OUTCOME_APPLIED;
    case Outcome::kNotApplied:
      return call::OUTCOME_NOT_APPLIED;
    case Outcome::kUnknown:
      return call::OUTCOME_UNKNOWN;
  }
  return call::OUTCOME_UNKNOWN;
}

Outcome DecodeOutcome(call::Outcome outcome) {
  switch (outcome) {
    case call::OUTCOME_UNSPECIFIED:
      return Outcome::kNone;
    case call::OUTCOME_APPLIED:
      return Outcome::kApplied;
    case call::OUTCOME_NOT_APPLIED:
      return Outcome::kNotApplied;
    default:
      // Also a value that a newer owner has: it is not known here.
      return Outcome::kUnknown;
  }
}

call::Refusal EncodeRefusal(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return call::REFUSAL_UNSPECIFIED;
    case Refusal::kFence:
      return call::REFUSAL_FENCE;
    case Refusal::kAttributes:
      return call::REFUSAL_ATTRIBUTES;
    case Refusal::kBarred:
      return call::REFUSAL_BARRED;
  }
  return call::REFUSAL_UNSPECIFIED;
}

Refusal DecodeRefusal(call::Refusal refusal) {
  switch (refusal) {
    case call::REFUSAL_FENCE:
      return Refusal::kFence;
    case call::REFUSAL_ATTRIBUTES:
      return Refusal::kAttributes;
    case call::REFUSAL_BARRED:
      return Refusal::kBarred;
    default:
      return Refusal::kNone;
  }
}

bool IsName(const std::string& name, size_t max) {
  return !name.empty() && name.size() <= max;
}

absl::Status CheckCall(const CallMethods::Method* method,
                       const call::Call& call) {
  if (method == nullptr) {
    return FieldError("calls.method", "must be a method of this service");
  }
  if (!IsName(call.request_id(), kMaxRequestIdBytes)) {
    return FieldError("calls.request_id", "must have 1 to 64 bytes");
  }
  if (!IsName(call.resource(), kMaxNameBytes)) {
    return FieldError("calls.resource", "must be a resource's full name");
  }
  if (!IsName(call.principal(), kMaxNameBytes)) {
    return FieldError("calls.principal", "must say who calls");
  }
  if (method->changes != call.has_intent_id()) {
    return FieldError("calls.intent_id",
                      "must be set for a change, and for nothing else");
  }
  return absl::OkStatus();
}

CallResult Mismatch(const CallMethods::Method& method,
                    const std::string& resource) {
  CallResult result;
  result.status =
      MakeError(absl::StatusCode::kUnavailable, kResponseMismatch,
                "the service that owns the resource gave no valid answer");
  result.resource = resource;
  if (method.changes) result.outcome = Outcome::kUnknown;
  return result;
}

// Whether outcome and status go together.
bool IsConsistent(const CallMethods::Method& method, const CallResult& result) {
  if (!method.changes) {
    return result.outcome == Outcome::kNone && result.refusal == Refusal::kNone;
  }
  if (result.outcome == Outcome::kNone) return false;
  // Success means that it is known. It need not have been applied: a request
  // that only validates, or that changes nothing, succeeds as well.
  return !result.status.ok() || (result.outcome != Outcome::kUnknown &&
                                 result.refusal == Refusal::kNone);
}

bool IsNumber(absl::string_view version) {
  return !version.empty() &&
         std::all_of(version.begin(), version.end(), absl::ascii_isdigit);
}

}  // namespace

google::protobuf::Duration EncodeRemaining(absl::Duration remaining) {
  return ToProtoDuration(
      std::clamp(remaining, absl::ZeroDuration(), kLongestCall));
}

absl::Duration DecodeRemaining(const google::protobuf::Duration& remaining) {
  return std::clamp(
      absl::Seconds(remaining.seconds()) + absl::Nanoseconds(remaining.nanos()),
      absl::ZeroDuration(), kLongestCall);
}

call::Call EncodeCall(const CallContext& context, const Message& request) {
  call::Call call;
  call.set_request_id(context.request_id);
  call.set_element(context.element);
  call.set_method(context.method);
  SerializeInto(request, call.mutable_request());
  call.set_principal(context.principal);
  call.set_credential_id(context.credential_id);
  call.set_resource(context.resource);
  call.set_project_uid(context.project_uid);
  call.set_policy_revision(context.policy_revision);
  if (context.intent_id.has_value()) call.set_intent_id(*context.intent_id);
  call.set_attributes_etag(context.attributes_etag);
  call.set_checkpoint(context.checkpoint);
  return call;
}

absl::StatusOr<DecodedCall> DecodeCall(const CallMethods& methods,
                                       SteadyTime now, call::Call* call) {
  const crypto::WipingString wipe(call->mutable_request());
  const CallMethods::Method* method = methods.Find(call->method());
  absl::Status valid = CheckCall(method, *call);
  if (!valid.ok()) return valid;
  DecodedCall decoded;
  decoded.request = Parse(*method->request, call->request());
  if (decoded.request == nullptr) {
    return FieldError("calls.request", "must be a request of its method");
  }
  CallContext& context = decoded.context;
  context.request_id = call->request_id();
  context.element = call->element();
  context.method = call->method();
  context.principal = call->principal();
  context.credential_id = call->credential_id();
  context.resource = call->resource();
  context.project_uid = call->project_uid();
  context.policy_revision = call->policy_revision();
  context.deadline = now + DecodeRemaining(call->remaining());
  if (call->has_intent_id()) context.intent_id = call->intent_id();
  context.attributes_etag = call->attributes_etag();
  context.checkpoint = call->checkpoint();
  return decoded;
}

call::CallResult EncodeCallResult(const CallContext& context,
                                  CallResult result) {
  call::CallResult answer;
  answer.set_request_id(context.request_id);
  answer.set_element(context.element);
  answer.set_resource(result.resource.empty() ? context.resource
                                              : result.resource);
  if (result.response != nullptr) {
    if (result.status.ok()) {
      SerializeInto(*result.response, answer.mutable_response());
    }
    WipeSensitive(result.response.get());
  }
  *answer.mutable_status() = ToRpcStatus(result.status);
  answer.set_outcome(EncodeOutcome(result.outcome));
  answer.set_refusal(EncodeRefusal(result.refusal));
  return answer;
}

CallResult DecodeCallResult(const CallMethods::Method& method,
                            call::CallResult* answer) {
  const crypto::WipingString wipe(answer->mutable_response());
  CallResult result;
  result.status = FromRpcStatus(answer->status());
  result.resource = answer->resource();
  result.outcome = DecodeOutcome(answer->outcome());
  result.refusal = DecodeRefusal(answer->refusal());
  if (!IsConsistent(method, result)) return Mismatch(method, result.resource);
  if (!result.status.ok()) return result;
  // An owner always says that it answered, so a message that was lost on the
  // way cannot look like an empty response.
  if (!answer->has_status()) return Mismatch(method, result.resource);
  result.response = Parse(*method.response, answer->response());
  if (result.response == nullptr) return Mismatch(method, result.resource);
  return result;
}

bool IsResolvedName(const std::string& resource, const std::string& answered) {
  if (answered == resource) return true;
  // Parsed, since a secret may itself be called "versions".
  const absl::StatusOr<ResourceName> asked = ResourceName::Parse(resource);
  const absl::StatusOr<ResourceName> resolved = ResourceName::Parse(answered);
  if (!asked.ok() || !resolved.ok() || !IsNumber(resolved->version())) {
    return false;
  }
  return asked->version().empty() ? resolved->parent() == *asked
                                  : !IsNumber(asked->version()) &&
                                        resolved->parent() == asked->parent();
}

}  // namespace keyward::rpc
