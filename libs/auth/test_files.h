// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_TEST_FILES_H_
#define KEYWARD_LIBS_AUTH_TEST_FILES_H_

#include <fstream>
#include <iterator>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace keyward::auth {

// The certificate testdata/NAME.pem; see testdata/make_certificates.sh. Empty
// if there is none, which no test can pass for a certificate.
inline std::string TestCertificate(absl::string_view name) {
  std::ifstream file(absl::StrCat("libs/auth/testdata/", name, ".pem"));
  return {std::istreambuf_iterator<char>(file), {}};
}

// The day on which the leaves of testdata are valid, from its begin on.
inline absl::Time TestCertificatesBegin() {
  return absl::FromCivil(absl::CivilSecond(2030, 1, 1), absl::UTCTimeZone());
}

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_TEST_FILES_H_
