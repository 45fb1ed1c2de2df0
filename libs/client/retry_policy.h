// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_RETRY_POLICY_H_
#define KEYWARD_LIBS_CLIENT_RETRY_POLICY_H_

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace keyward::client {

// Which calls a client repeats by itself, when, and how soon. Read from the
// contracts: a method says by its access option whether it changes anything.
//
// Pure functions, safe for concurrent use.

// Attempts of one call, the first included. Four waits of the backoff below,
// and as many for a connection, are together at most 3.5 s: a gateway that
// restarts is back by then, and a person at a prompt still waits.
inline constexpr int kMaxAttempts = 5;

// The wait before the second attempt is at most this, doubled for each
// further one up to the bound.
inline constexpr absl::Duration kFirstBackoff = absl::Milliseconds(100);
inline constexpr absl::Duration kMaxBackoff = absl::Milliseconds(800);

// The longest RetryInfo that is waited for. A server that asks for more
// leaves the decision to the caller.
inline constexpr absl::Duration kMaxRequestedDelay = absl::Seconds(2);

// True if doing this call twice is the same as doing it once: it is a read,
// or a change that carries a request id, which the gateway does once. False
// for a method that does not declare what it does.
bool IsRepeatable(const google::protobuf::MethodDescriptor& method,
                  const google::protobuf::Message& request);

// True if the method changes something and its requests have a `request_id`.
bool TakesRequestId(const google::protobuf::MethodDescriptor& method);

// How long to wait before attempt number `attempt` (2 for the first
// repetition) after `error`; absent if another attempt would not help.
//
// Repeated are UNAVAILABLE, CANCELLED (a gateway that drains cancels what is
// under way; the client itself cancels no unary call), and RESOURCE_EXHAUSTED
// if it says when to come back. `jitter` in [0, 1) spreads clients that were
// refused together: the wait is between half and all of the backoff.
absl::optional<absl::Duration> RetryDelay(const absl::Status& error,
                                          int attempt, double jitter);

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_RETRY_POLICY_H_
