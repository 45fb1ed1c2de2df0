// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/outside_status.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"

namespace keyward::gateway {

absl::Status OutsideStatus(const absl::Status& status,
                           absl::string_view request_id) {
  if (status.ok()) return status;
  if (ErrorReason(status).empty()) {
    return MakeError(status.code(), kInternalError,
                     absl::StrCat("the service failed; its log says why under "
                                  "the request id ",
                                  request_id),
                     {{"request_id", std::string(request_id)}});
  }
  const absl::optional<std::string> told = MessageWithoutCause(status);
  if (!told.has_value()) return status;
  absl::Status outside(status.code(), *told);
  status.ForEachPayload(
      [&outside](absl::string_view type_url, const absl::Cord& payload) {
        if (type_url != kLocalizedMessageTypeUrl) {
          outside.SetPayload(type_url, payload);
        }
      });
  return outside;
}

bool HidesFromCallers(const absl::Status& status) {
  return !status.ok() && (ErrorReason(status).empty() ||
                          MessageWithoutCause(status).has_value());
}

}  // namespace keyward::gateway
