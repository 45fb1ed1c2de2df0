// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/connection.h"

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/target/connect.h"

namespace keyward::target::redis {
namespace {

constexpr size_t kReadSize = 16 << 10;

// The codes that Redis has. Another word is not repeated: a server that is none
// may send back what it was sent.
struct Code {
  absl::string_view name;
  absl::StatusCode status;
  absl::string_view meaning;
};

constexpr Code kCodes[] = {
    {"WRONGPASS", absl::StatusCode::kUnauthenticated,
     "the server refuses the login"},
    {"LOADING", absl::StatusCode::kUnavailable, "the server is starting"},
    {"BUSY", absl::StatusCode::kUnavailable, "the server runs a script"},
    {"MASTERDOWN", absl::StatusCode::kUnavailable,
     "the server has lost its master"},
    {"TRYAGAIN", absl::StatusCode::kUnavailable, "the server is not ready"},
    {"CLUSTERDOWN", absl::StatusCode::kUnavailable, "the cluster is down"},
    {"NOREPLICAS", absl::StatusCode::kUnavailable,
     "the server has too few replicas"},
    {"MISCONF", absl::StatusCode::kFailedPrecondition,
     "the server cannot save its data and takes no change: see its log"},
    {"OOM", absl::StatusCode::kFailedPrecondition,
     "the server is out of its memory: raise maxmemory"},
    {"READONLY", absl::StatusCode::kFailedPrecondition,
     "the server is a replica that takes no change"},
    {"DENIED", absl::StatusCode::kFailedPrecondition,
     "the server is in protected mode and lets only its own machine in"},
    {"NOAUTH", absl::StatusCode::kInternal,
     "the server does not know the login that it has accepted"},
};

}  // namespace

absl::Status ServerError(absl::string_view text, absl::string_view name) {
  const absl::string_view code = text.substr(0, text.find(' '));
  for (const Code& known : kCodes) {
    if (code == known.name) {
      return absl::Status(known.status,
                          absl::StrCat(known.meaning, " (", known.name, ")"));
    }
  }
  if (code == "NOPERM") {
    return absl::PermissionDeniedError(
        absl::StrCat("the login that changes users lacks the right +",
                     absl::AsciiStrToLower(name), " (NOPERM)"));
  }
  if (code != "ERR") {
    return absl::InternalError("the server answers an error that is not known");
  }
  if (absl::StrContains(text, "max number of clients")) {
    return absl::UnavailableError("the server has too many clients (ERR)");
  }
  if (absl::StrContains(text, "unknown command") ||
      absl::StrContains(text, "nknown subcommand") ||
      absl::StrContains(text, "wrong number of arguments")) {
    return absl::FailedPreconditionError(
        absl::StrCat("the server has no ", name,
                     ", or has it renamed: Redis 6 or later is needed (ERR)"));
  }
  return absl::InternalError(absl::StrCat("the server refuses ", name,
                                          " for a reason not known (ERR)"));
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(
    const Endpoint& endpoint, const Clock& clock, SteadyTime deadline) {
  absl::StatusOr<std::unique_ptr<crypto::ByteStream>> stream =
      target::Connect(endpoint, clock, deadline);
  if (!stream.ok()) return stream.status();
  return std::unique_ptr<Connection>(
      new Connection(*std::move(stream), deadline));
}

absl::StatusOr<std::unique_ptr<Reply>> Connection::Ask(
    const std::vector<absl::string_view>& words) {
  const crypto::SecretBuffer command = FormatCommand(words);
  absl::Status sent = stream_->Write(command.ExposeSecret(), deadline_);
  if (!sent.ok()) return sent;
  std::vector<char> some(kReadSize);
  for (;;) {
    const absl::StatusOr<size_t> got =
        stream_->Read(absl::MakeSpan(some), deadline_);
    if (!got.ok()) return got.status();
    if (*got == 0) {
      return absl::UnavailableError("the server closed the connection");
    }
    absl::StatusOr<std::unique_ptr<Reply>> reply =
        reader_.Take(absl::string_view(some.data(), *got));
    if (!reply.ok() || *reply != nullptr) return reply;
  }
}

absl::StatusOr<std::unique_ptr<Reply>> Connection::Command(
    const std::vector<absl::string_view>& words) {
  absl::StatusOr<std::unique_ptr<Reply>> reply = Ask(words);
  if (!reply.ok() || (*reply)->type != Reply::Type::kError) return reply;
  // AUTH's second word is a user.
  const std::string name = words.size() < 2 || words[0] == "AUTH"
                               ? std::string(words[0])
                               : absl::StrCat(words[0], "|", words[1]);
  return ServerError((*reply)->text, name);
}

}  // namespace keyward::target::redis
