// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/schedule/window.h"

#include <cstdint>

#include "absl/numeric/int128.h"
#include "libs/base/byte_order.h"
#include "libs/crypto/sha256.h"

namespace keyward::schedule {
namespace {

// Tells these digests from all others of the product.
constexpr absl::string_view kPurpose = "keyward rotation start v1";

}  // namespace

absl::Time StartWithin(const Window& window, absl::string_view uid) {
  const int64_t room =
      absl::ToInt64Milliseconds((window.end - window.start) * 3 / 4);
  if (window.start == absl::InfiniteFuture() || room <= 0) return window.start;
  const crypto::Sha256Digest digest = crypto::Sha256(
      {kPurpose,
       BigEndian64(static_cast<uint64_t>(absl::ToUnixMillis(window.start))),
       uid});
  uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | digest[i];
  // The top of the product: a number below `room`, each about as likely.
  const absl::uint128 product =
      absl::uint128(number) * static_cast<uint64_t>(room);
  return window.start +
         absl::Milliseconds(static_cast<int64_t>(absl::Uint128High64(product)));
}

}  // namespace keyward::schedule
