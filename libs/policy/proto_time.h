// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_PROTO_TIME_H_
#define KEYWARD_LIBS_POLICY_PROTO_TIME_H_

#include <cstdint>

#include "absl/time/time.h"
#include "google/protobuf/timestamp.pb.h"

namespace keyward::policy {

// Times between protobuf and Abseil. Pure functions.

inline google::protobuf::Timestamp ToTimestamp(absl::Time time) {
  google::protobuf::Timestamp timestamp;
  const int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<int32_t>(
      absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return timestamp;
}

inline absl::Time FromTimestamp(const google::protobuf::Timestamp& timestamp) {
  return absl::FromUnixSeconds(timestamp.seconds()) +
         absl::Nanoseconds(timestamp.nanos());
}

// As google/protobuf/timestamp.proto bounds it: years 1 to 9999.
inline bool IsValidTimestamp(const google::protobuf::Timestamp& timestamp) {
  return timestamp.seconds() >= -62135596800 &&
         timestamp.seconds() <= 253402300799 && timestamp.nanos() >= 0 &&
         timestamp.nanos() <= 999999999;
}

// Until when a binding or deny rule holds; infinite future if it does not say.
template <typename Rule>
absl::Time ExpireTime(const Rule& rule) {
  return rule.has_expire_time() ? FromTimestamp(rule.expire_time())
                                : absl::InfiniteFuture();
}

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_PROTO_TIME_H_
