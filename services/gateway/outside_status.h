// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Where errors leave: what a caller is told of what went wrong inside.

#ifndef KEYWARD_SERVICES_GATEWAY_OUTSIDE_STATUS_H_
#define KEYWARD_SERVICES_GATEWAY_OUTSIDE_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keyward::gateway {

// `status`, which services told each other, as a caller may see it; the code
// never changes.
//
//  - An error of Keyward's (it has a reason) passes, but for the cause of
//    MakeErrorWithCause: libraries name the server's files and addresses in
//    theirs.
//  - Any other is a library's, or a check's that no request should meet, and
//    may say anything: its message is replaced by one that names the request,
//    with the reason INTERNAL_ERROR, and its details are dropped.
//
// Whoever runs the service finds the whole in the log, under the same id.
absl::Status OutsideStatus(const absl::Status& status,
                           absl::string_view request_id);

// Whether OutsideStatus leaves something out, which then belongs in the log.
bool HidesFromCallers(const absl::Status& status);

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_OUTSIDE_STATUS_H_
