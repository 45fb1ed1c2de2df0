// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/error.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/rpc/error_details.pb.h"
#include "libs/base/error_reason.h"
#include "libs/base/proto_time.h"

namespace keyward {
namespace {

// A client that is told to wait longer than this has been told to give up.
constexpr absl::Duration kLongestRetryDelay = absl::Hours(24);

template <typename Message>
void Attach(absl::Status* status, absl::string_view type_url,
            const Message& message) {
  status->SetPayload(type_url, absl::Cord(message.SerializeAsString()));
}

template <typename Message>
absl::optional<Message> Read(const absl::Status& status,
                             absl::string_view type_url) {
  const absl::optional<absl::Cord> payload = status.GetPayload(type_url);
  if (!payload.has_value()) return absl::nullopt;
  Message message;
  if (!message.ParseFromString(std::string(*payload))) return absl::nullopt;
  return message;
}

}  // namespace

absl::Status MakeError(
    absl::StatusCode code, absl::string_view reason, absl::string_view message,
    std::vector<std::pair<std::string, std::string>> metadata) {
  if (code == absl::StatusCode::kOk) code = absl::StatusCode::kInternal;
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(reason));
  info.set_domain(kErrorDomain);
  for (std::pair<std::string, std::string>& entry : metadata) {
    (*info.mutable_metadata())[entry.first] = std::move(entry.second);
  }
  absl::Status status(code, message);
  Attach(&status, kErrorInfoTypeUrl, info);
  return status;
}

absl::Status MakeErrorWithCause(absl::StatusCode code, absl::string_view reason,
                                absl::string_view message,
                                absl::string_view cause) {
  absl::Status status =
      MakeError(code, reason, absl::StrCat(message, ": ", cause));
  google::rpc::LocalizedMessage told;
  told.set_locale("en");
  told.set_message(std::string(message));
  Attach(&status, kLocalizedMessageTypeUrl, told);
  return status;
}

absl::Status FieldError(absl::string_view field, absl::string_view rule) {
  return FieldError(field, rule, kInvalidField);
}

absl::Status FieldError(absl::string_view field, absl::string_view rule,
                        absl::string_view reason) {
  absl::Status status = MakeError(absl::StatusCode::kInvalidArgument, reason,
                                  absl::StrCat(field, ": ", rule));
  google::rpc::BadRequest bad_request;
  google::rpc::BadRequest::FieldViolation* violation =
      bad_request.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(rule));
  Attach(&status, kBadRequestTypeUrl, bad_request);
  return status;
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration delay) {
  if (status.ok()) return status;
  delay = std::clamp(delay, absl::ZeroDuration(), kLongestRetryDelay);
  google::rpc::RetryInfo info;
  *info.mutable_retry_delay() = ToProtoDuration(delay);
  Attach(&status, kRetryInfoTypeUrl, info);
  return status;
}

std::string ErrorReason(const absl::Status& status) {
  const absl::optional<google::rpc::ErrorInfo> info =
      Read<google::rpc::ErrorInfo>(status, kErrorInfoTypeUrl);
  if (!info.has_value() || info->domain() != kErrorDomain) return "";
  return info->reason();
}

absl::optional<std::string> MessageWithoutCause(const absl::Status& status) {
  const absl::optional<google::rpc::LocalizedMessage> told =
      Read<google::rpc::LocalizedMessage>(status, kLocalizedMessageTypeUrl);
  if (!told.has_value()) return absl::nullopt;
  return told->message();
}

absl::optional<absl::Duration> RetryAfter(const absl::Status& status) {
  const absl::optional<google::rpc::RetryInfo> info =
      Read<google::rpc::RetryInfo>(status, kRetryInfoTypeUrl);
  if (!info.has_value()) return absl::nullopt;
  return absl::Seconds(info->retry_delay().seconds()) +
         absl::Nanoseconds(info->retry_delay().nanos());
}

}  // namespace keyward
