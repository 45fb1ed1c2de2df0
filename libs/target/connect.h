// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_CONNECT_H_
#define KEYWARD_LIBS_TARGET_CONNECT_H_

#include <memory>

#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/byte_stream.h"
#include "libs/target/target.h"

namespace keyward::target {

// Connects to an endpoint, for kinds of targets that need no client library:
// by TLS, to a server that has proved who it is, or in the clear if the
// endpoint says so. Its addresses are tried one after the other, each for its
// share of the time that is left; a server that is reached and proves nothing
// ends that. `clock` must outlive the stream. Safe for concurrent use.
//
// Errors as Target has them, of crypto::TlsStream::Connect and
// LookUpAddresses.
absl::StatusOr<std::unique_ptr<crypto::ByteStream>> Connect(
    const Endpoint& endpoint, const Clock& clock, SteadyTime deadline);

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_CONNECT_H_
