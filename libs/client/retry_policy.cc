// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/retry_policy.h"

#include <algorithm>

#include "libs/base/error.h"
#include "proto/keyward/access/v1/access.pb.h"

namespace keyward::client {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

access::v1::Effect EffectOf(const MethodDescriptor& method) {
  return method.options().GetExtension(access::v1::access).effect();
}

const FieldDescriptor* RequestIdField(const Descriptor& type) {
  const FieldDescriptor* field = type.FindFieldByName("request_id");
  const bool usable = field != nullptr && !field->is_repeated() &&
                      field->type() == FieldDescriptor::TYPE_STRING;
  return usable ? field : nullptr;
}

absl::Duration Backoff(int attempt, double jitter) {
  absl::Duration backoff = kFirstBackoff;
  for (int i = 2; i < attempt && backoff < kMaxBackoff; ++i) backoff *= 2;
  backoff = std::min(backoff, kMaxBackoff);
  return backoff * (0.5 + 0.5 * std::clamp(jitter, 0.0, 1.0));
}

}  // namespace

bool TakesRequestId(const MethodDescriptor& method) {
  return EffectOf(method) == access::v1::EFFECT_CHANGE &&
         RequestIdField(*method.input_type()) != nullptr;
}

bool IsRepeatable(const MethodDescriptor& method, const Message& request) {
  if (EffectOf(method) == access::v1::EFFECT_READ) return true;
  if (!TakesRequestId(method)) return false;
  const FieldDescriptor* field = RequestIdField(*request.GetDescriptor());
  return field != nullptr &&
         !request.GetReflection()->GetString(request, field).empty();
}

absl::optional<absl::Duration> RetryDelay(const absl::Status& error,
                                          int attempt, double jitter) {
  const absl::optional<absl::Duration> requested = RetryAfter(error);
  switch (error.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kCancelled:
      break;
    case absl::StatusCode::kResourceExhausted:
      // A quota comes back; a message that is too large does not.
      if (!requested.has_value()) return absl::nullopt;
      break;
    default:
      return absl::nullopt;
  }
  const absl::Duration backoff = Backoff(attempt, jitter);
  if (!requested.has_value()) return backoff;
  if (*requested > kMaxRequestedDelay) return absl::nullopt;
  return std::max(*requested, backoff);
}

}  // namespace keyward::client
