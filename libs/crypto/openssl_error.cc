// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/openssl_error.h"

#include <openssl/err.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace keyward::crypto {
namespace {

// More tells the same story in other words.
constexpr int kMostReasons = 4;

}  // namespace

absl::Status OpensslError(absl::StatusCode code, absl::string_view what) {
  std::string message(what);
  for (int i = 0; i < kMostReasons; ++i) {
    const unsigned long error = ERR_get_error();  // NOLINT(runtime/int)
    if (error == 0) break;
    const char* const reason = ERR_reason_error_string(error);
    absl::StrAppend(&message, i == 0 ? ": " : ", ",
                    reason == nullptr ? "unknown reason" : reason);
  }
  ERR_clear_error();
  return absl::Status(code, message);
}

void ClearOpensslErrors() { ERR_clear_error(); }

void DieOfOpenssl(absl::string_view what) {
  std::fprintf(
      stderr, "keyward: OpenSSL failed: %s\n",
      std::string(OpensslError(absl::StatusCode::kInternal, what).message())
          .c_str());
  std::abort();
}

}  // namespace keyward::crypto
