// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/seal.h"

#include <cstdlib>

#include "absl/strings/string_view.h"

namespace keyward::crypto {

absl::string_view SealLabelText(SealLabel label) {
  switch (label) {
    case SealLabel::kStore:
      return "keyward/store";
    case SealLabel::kAudit:
      return "keyward/audit";
    case SealLabel::kCertificateAuthority:
      return "keyward/ca";
  }
  // No value of the enumeration: memory is corrupt.
  std::abort();
}

}  // namespace keyward::crypto
