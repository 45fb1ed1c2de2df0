// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_REDIS_REPLY_H_
#define KEYWARD_LIBS_TARGET_REDIS_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::target::redis {

// What a server answers (RESP version 2).
struct Reply {
  enum class Type { kNil, kStatus, kError, kString, kInteger, kArray };

  Type type = Type::kNil;
  // Of a status, an error or a string.
  std::string text;
  int64_t integer = 0;
  // Of an array; none is null.
  std::vector<std::unique_ptr<Reply>> elements;
};

// Reads replies of a server that nobody trusts, by hiredis, whose own bounds
// are a depth of 7 and the range of an int. Here a reply also has at most so
// many bytes, and so many elements in all its arrays together: hiredis makes
// room for as many as an array says it has, before the first has come.
//
// For one thread at a time.
class ReplyReader {
 public:
  // The users of an installation with ten thousand of them.
  static constexpr size_t kMaxBytes = size_t{4} << 20;
  static constexpr size_t kMaxElements = size_t{1} << 16;

  ReplyReader();
  ~ReplyReader();

  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // Goes on with what has come: a reply if it is complete, null if not.
  // INTERNAL if it is none or above the bounds, or if something follows it: a
  // server says nothing before it is asked. Then the reader is of no more use.
  absl::StatusOr<std::unique_ptr<Reply>> Take(absl::string_view bytes);

 private:
  class State;
  const std::unique_ptr<State> state_;
};

// A command as it is sent. Only the result has what the words say.
crypto::SecretBuffer FormatCommand(absl::Span<const absl::string_view> words);

}  // namespace keyward::target::redis

#endif  // KEYWARD_LIBS_TARGET_REDIS_REPLY_H_
