// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_ERROR_H_
#define KEYWARD_LIBS_BASE_ERROR_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"

namespace keyward {

// Errors that carry google.rpc details, as absl::Status payloads: each
// payload's key is the type URL of a google.protobuf.Any and its value the
// serialized message, so that the transport turns payloads into
// google.rpc.Status details and back without knowing any of them.
//
// None of these may ever carry a secret: messages and details travel to
// clients and into logs. Where a value that a caller supplied is wrong, say
// the rule and not the value; people paste secrets into names.
//
// Pure functions, safe for concurrent use.

// The domain of every ErrorInfo of this product.
inline constexpr char kErrorDomain[] = "keyward";

// The payload keys, for code that reads details in another way.
inline constexpr char kErrorInfoTypeUrl[] =
    "type.googleapis.com/google.rpc.ErrorInfo";
inline constexpr char kBadRequestTypeUrl[] =
    "type.googleapis.com/google.rpc.BadRequest";
inline constexpr char kRetryInfoTypeUrl[] =
    "type.googleapis.com/google.rpc.RetryInfo";
inline constexpr char kLocalizedMessageTypeUrl[] =
    "type.googleapis.com/google.rpc.LocalizedMessage";

// An error with an ErrorInfo of `reason` (a constant of error_reason.h) and
// `metadata`; `message` is for developers and no program may parse it. A code
// of OK would make a refusal look like success, so it becomes INTERNAL.
absl::Status MakeError(
    absl::StatusCode code, absl::string_view reason, absl::string_view message,
    std::vector<std::pair<std::string, std::string>> metadata = {});

// The same for what a library or the system said: its message is
// "MESSAGE: CAUSE", for logs and for whoever runs the service. A cause may name
// the server's files and addresses, so callers are told `message` alone: it
// travels beside as a LocalizedMessage, which google.rpc calls safe to show,
// and the gateway puts it in the place of the whole
// (services/gateway/outside_status.h).
absl::Status MakeErrorWithCause(absl::StatusCode code, absl::string_view reason,
                                absl::string_view message,
                                absl::string_view cause);

// INVALID_ARGUMENT, reason INVALID_FIELD: `field` (a path such as
// "secret.labels") breaks `rule`, an English clause such as "must have at most
// 64 entries". The message is "FIELD: RULE" and a BadRequest detail repeats
// both for programs.
absl::Status FieldError(absl::string_view field, absl::string_view rule);

// The same with a reason of its own, for what programs have an answer to, such
// as beginning a list again.
absl::Status FieldError(absl::string_view field, absl::string_view rule,
                        absl::string_view reason);

// `status` with a RetryInfo: the client may try again after `delay`. A
// negative delay is none, one above a day is a day. OK stays OK.
absl::Status WithRetryAfter(absl::Status status, absl::Duration delay);

// The reason of the ErrorInfo of `status`, "" if it has none, if it is
// another domain's or if it cannot be parsed.
std::string ErrorReason(const absl::Status& status);

// The message of MakeErrorWithCause without its cause; absent if `status` was
// not made so.
absl::optional<std::string> MessageWithoutCause(const absl::Status& status);

// The delay of the RetryInfo of `status`; absent if it has none or if it
// cannot be parsed.
absl::optional<absl::Duration> RetryAfter(const absl::Status& status);

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_ERROR_H_
