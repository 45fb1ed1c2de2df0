// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_REDIS_CONNECTION_H_
#define KEYWARD_LIBS_TARGET_REDIS_CONNECTION_H_

#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/byte_stream.h"
#include "libs/target/redis/reply.h"
#include "libs/target/target.h"

namespace keyward::target::redis {

// A connection to a Redis server, for one thread at a time and for the commands
// of one call of Target, which all have its deadline.
class Connection {
 public:
  // Errors as target::Connect.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(
      const Endpoint& endpoint, const Clock& clock, SteadyTime deadline);

  // Sends a command and waits for what the server answers, errors of its own
  // included. A status other than OK says that nobody knows whether the command
  // was carried out.
  absl::StatusOr<std::unique_ptr<Reply>> Ask(
      const std::vector<absl::string_view>& words);

  // As Ask, with an error of the server made a status: its code, if it is one
  // that Redis has, and what that means for `words`, of which only the first
  // two are named, never the server's own message.
  absl::StatusOr<std::unique_ptr<Reply>> Command(
      const std::vector<absl::string_view>& words);

 private:
  Connection(std::unique_ptr<crypto::ByteStream> stream, SteadyTime deadline)
      : stream_(std::move(stream)), deadline_(deadline) {}

  const std::unique_ptr<crypto::ByteStream> stream_;
  const SteadyTime deadline_;
  ReplyReader reader_;
};

// What the server's error `text` means for a command that is called `name`.
// Never OK.
absl::Status ServerError(absl::string_view text, absl::string_view name);

}  // namespace keyward::target::redis

#endif  // KEYWARD_LIBS_TARGET_REDIS_CONNECTION_H_
