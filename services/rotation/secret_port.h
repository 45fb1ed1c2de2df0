// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_ROTATION_SECRET_PORT_H_
#define KEYWARD_SERVICES_ROTATION_SECRET_PORT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::rotation {

// Where a secret's versions stand.
struct SecretStanding {
  std::string etag;
  int64_t current = 0;  // 0: none
  int64_t pending = 0;
  int64_t previous = 0;
};

// One secret as a rotation reaches it: through the access pipeline, as
// `system:rotation` on behalf of the rotation's owner, each call authorized by
// what both hold at that moment and on record.
//
// Methods block, at most until the deadline, and may be called again after any
// failure. Errors, beside those that each names: UNAVAILABLE,
// DEADLINE_EXCEEDED and RESOURCE_EXHAUSTED, after which a change may have been
// made; PERMISSION_DENIED, whose message names the right and who lacks it;
// NOT_FOUND if the secret is gone.
class SecretPort {
 public:
  virtual ~SecretPort() = default;

  virtual absl::StatusOr<SecretStanding> Describe(SteadyTime deadline) = 0;

  // A version's payload. FAILED_PRECONDITION if it is disabled or destroyed.
  virtual absl::StatusOr<crypto::SecretBuffer> Read(int64_t version,
                                                    SteadyTime deadline) = 0;

  // Adds a pending version and answers its number. The same id with the same
  // payload answers the version that the first call made, if it made one, for
  // at least a day. ALREADY_EXISTS if the id was used with another payload;
  // FAILED_PRECONDITION if another version is pending.
  virtual absl::StatusOr<int64_t> AddPending(
      const crypto::SecretBuffer& payload, const std::string& request_id,
      SteadyTime deadline) = 0;

  // Makes a version current if the secret's etag is still this one; ABORTED if
  // it is not.
  virtual absl::Status Promote(int64_t version, const std::string& etag,
                               SteadyTime deadline) = 0;

  // Destroys a version, which must not be current. OK if it is destroyed.
  virtual absl::Status Destroy(int64_t version, SteadyTime deadline) = 0;

 protected:
  SecretPort() = default;
};

}  // namespace keyward::rotation

#endif  // KEYWARD_SERVICES_ROTATION_SECRET_PORT_H_
