// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/rpc_status.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "google/rpc/status.pb.h"
#include "libs/base/error.h"

namespace keyward::rpc {
namespace {

// How many bytes the UTF-8 character at the front of `text` has; 0 if the
// bytes there are none. Overlong forms and surrogates are not told apart: they
// are well-formed enough for protobuf's check to be the only one that counts,
// so they are refused here by the same strict ranges (Unicode, table 3-7).
size_t CharacterLength(absl::string_view text) {
  const auto byte = [text](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [byte](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  const unsigned second = byte(1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && second < 0xA0) return 0;
    if (first == 0xED && second > 0x9F) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && second < 0x90) return 0;
    if (first == 0xF4 && second > 0x8F) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// `message` as valid UTF-8 of at most kMaxStatusMessageBytes.
std::string BoundedMessage(absl::string_view message) {
  std::string bounded;
  while (!message.empty()) {
    const size_t length = CharacterLength(message);
    const size_t taken = std::max<size_t>(length, 1);
    if (bounded.size() + taken > kMaxStatusMessageBytes) break;
    if (length == 0) {
      bounded.push_back('?');
    } else {
      bounded.append(message.data(), taken);
    }
    message.remove_prefix(taken);
  }
  return bounded;
}

using Detail = std::pair<std::string, std::string>;

// The payloads of `status`, ErrorInfo first and the others by type URL: the
// order in which absl keeps them depends on its build.
std::vector<Detail> OrderedDetails(const absl::Status& status) {
  std::vector<Detail> details;
  status.ForEachPayload(
      [&details](absl::string_view type_url, const absl::Cord& value) {
        details.emplace_back(std::string(type_url), std::string(value));
      });
  std::sort(details.begin(), details.end(),
            [](const Detail& a, const Detail& b) {
              const bool a_first = a.first == kErrorInfoTypeUrl;
              const bool b_first = b.first == kErrorInfoTypeUrl;
              return a_first != b_first ? a_first : a.first < b.first;
            });
  return details;
}

// What a detail takes on the wire. Its framing counts: the bound would hold
// hundreds of details of a few bytes otherwise, and be passed twice over.
size_t DetailSize(absl::string_view type_url, absl::string_view value) {
  // Three tags of a byte and, below the bound, three lengths of two.
  constexpr size_t kFraming = 9;
  return type_url.size() + value.size() + kFraming;
}

bool IsCanonical(int code) {
  return code >= static_cast<int>(absl::StatusCode::kOk) &&
         code <= static_cast<int>(absl::StatusCode::kUnauthenticated);
}

}  // namespace

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  if (status.ok()) return out;
  out.set_code(static_cast<int>(status.code()));
  out.set_message(BoundedMessage(status.message()));
  size_t used = 0;
  for (Detail& detail : OrderedDetails(status)) {
    const size_t size = DetailSize(detail.first, detail.second);
    if (used + size > kMaxStatusDetailBytes) continue;
    used += size;
    google::protobuf::Any* any = out.add_details();
    any->set_type_url(std::move(detail.first));
    any->set_value(std::move(detail.second));
  }
  return out;
}

absl::Status FromRpcStatus(const google::rpc::Status& status) {
  if (status.code() == 0) return absl::OkStatus();
  const absl::StatusCode code =
      IsCanonical(status.code()) ? static_cast<absl::StatusCode>(status.code())
                                 : absl::StatusCode::kUnknown;
  absl::Status out(code, BoundedMessage(status.message()));
  size_t used = 0;
  for (const google::protobuf::Any& any : status.details()) {
    const size_t size = DetailSize(any.type_url(), any.value());
    if (any.type_url().empty() || used + size > kMaxStatusDetailBytes) continue;
    used += size;
    out.SetPayload(any.type_url(), absl::Cord(any.value()));
  }
  return out;
}

}  // namespace keyward::rpc
