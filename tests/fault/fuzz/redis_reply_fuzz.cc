// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// What a Redis server answers, and what it says of a user. Everything up to the
// reader of users belongs to whoever is at the other end.

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/target/redis/acl_user.h"
#include "libs/target/redis/reply.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using target::redis::AclUser;
using target::redis::Reply;
using target::redis::ReplyReader;

// hiredis's arrays and what is in the innermost.
constexpr int kMaxDepth = 8;

size_t CheckReply(const Reply& reply, int depth) {
  FUZZ_CHECK(depth <= kMaxDepth);
  FUZZ_CHECK(reply.elements.empty() || reply.type == Reply::Type::kArray);
  size_t elements = reply.elements.size();
  for (const auto& element : reply.elements) {
    FUZZ_CHECK(element != nullptr);
    elements += CheckReply(*element, depth + 1);
  }
  return elements;
}

std::string Spell(const Reply& reply) {
  std::string text = absl::StrCat(static_cast<int>(reply.type), ":",
                                  reply.integer, ":", reply.text, "[");
  for (const auto& element : reply.elements) {
    absl::StrAppend(&text, Spell(*element), ",");
  }
  return text + "]";
}

// A rule that a twin is given must be one of what its user may do, never a
// password or a state.
void CheckUser(const AclUser& user) {
  for (const std::string& rule : user.rules) {
    FUZZ_CHECK(!rule.empty());
    const bool known = rule == "resetkeys" || rule == "resetchannels" ||
                       rule == "clearselectors" || rule == "sanitize-payload" ||
                       rule == "skip-sanitize-payload";
    FUZZ_CHECK(user.has_unknown_rules || known ||
               absl::StrContains("~%&+-(", rule.substr(0, 1)));
    FUZZ_CHECK(user.has_unknown_rules || rule[0] == '(' ||
               !absl::StrContains(rule, ' '));
  }
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using keyward::target::redis::ReadAclUser;
  if (size == 0) return 0;
  const absl::string_view bytes = keyward::fuzz::Text(data + 1, size - 1);
  keyward::target::redis::ReplyReader whole;
  const auto reply = whole.Take(bytes);

  // The same in pieces.
  const size_t step = size_t{data[0]} + 1;
  keyward::target::redis::ReplyReader reader;
  bool failed = false;
  std::unique_ptr<keyward::target::redis::Reply> read;
  for (size_t i = 0; i < bytes.size() && !failed; i += step) {
    // A whole reply and then more is no reply, if it comes at once.
    if (read != nullptr) return 0;
    auto some = reader.Take(bytes.substr(i, step));
    failed = !some.ok();
    if (!failed) read = *std::move(some);
  }
  if (!reply.ok()) {
    FUZZ_CHECK(failed || read != nullptr);
    FUZZ_CHECK(absl::IsInternal(reply.status()));
    FUZZ_CHECK(
        !absl::StrContains(reply.status().message(), keyward::fuzz::kCanary));
    return 0;
  }
  FUZZ_CHECK(!failed && (read == nullptr) == (*reply == nullptr));
  if (read == nullptr) return 0;
  FUZZ_CHECK(keyward::fuzz::Spell(*read) == keyward::fuzz::Spell(**reply));
  FUZZ_CHECK(keyward::fuzz::CheckReply(**reply, 1) <=
             keyward::target::redis::ReplyReader::kMaxElements);

  const auto user = ReadAclUser(**reply);
  if (user.ok()) {
    keyward::fuzz::CheckUser(*user);
  } else {
    FUZZ_CHECK(absl::IsInternal(user.status()));
    FUZZ_CHECK(
        !absl::StrContains(user.status().message(), keyward::fuzz::kCanary));
  }
  return 0;
}
