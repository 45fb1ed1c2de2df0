// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_EVENT_POSITION_H_
#define KEYWARD_SERVICES_STORE_EVENT_POSITION_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "services/store/opaque_token.h"

namespace keyward::store {

// Positions of a project's change feed as clients carry them: the number of
// the last event that was seen, bound to the project and the incarnation.
//
// After a restore the numbers that follow stand for other events than before,
// so a position from before it must fail loudly instead of skipping some.
//
// Thread-safe.
class EventPositions {
 public:
  // `incarnation` is 16 bytes. `tokens` must outlive this.
  EventPositions(const OpaqueToken* tokens, std::string incarnation)
      : tokens_(tokens), incarnation_(std::move(incarnation)) {}

  // The position after event `number`. INTERNAL as OpaqueToken.
  absl::StatusOr<std::string> Encode(absl::string_view project_uid,
                                     uint64_t number) const;

  // The number that `position` holds. FAILED_PRECONDITION with the reason
  // POSITION_FOREIGN if it is of another incarnation: list again.
  // INVALID_ARGUMENT about `position` if it was not made here for this
  // project.
  absl::StatusOr<uint64_t> Decode(absl::string_view project_uid,
                                  absl::string_view position) const;

 private:
  const OpaqueToken* const tokens_;
  const std::string incarnation_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_EVENT_POSITION_H_
