// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/tls_policy.h"

#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/ssl.h>

#include "absl/status/status.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"

namespace keyward::crypto {
namespace {

// OpenSSL applies the section system_default to each SSL_CTX that is made.
// gRPC sets its own minimum of TLS 1.2 after that, which overrides MinProtocol
// but not the exclusion of a version.
constexpr char kConfiguration[] =
    "openssl_conf = init\n"
    "[init]\n"
    "ssl_conf = ssl\n"
    "[ssl]\n"
    "system_default = restricted\n"
    "[restricted]\n"
    "Protocol = -TLSv1.2\n"
    "MinProtocol = TLSv1.3\n"
    "NumTickets = 0\n"
    "CipherString = DEFAULT@SECLEVEL=2\n";

using ConfPtr = OpensslPtr<CONF, NCONF_free>;

}  // namespace

absl::Status RestrictTls() {
  // Without OPENSSL_INIT_LOAD_CONFIG: reading the system's file later would
  // replace what is set here.
  if (OPENSSL_init_ssl(
          OPENSSL_INIT_LOAD_SSL_STRINGS | OPENSSL_INIT_NO_LOAD_CONFIG,
          nullptr) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "cannot start OpenSSL");
  }
  const ConfPtr conf(NCONF_new(nullptr));
  const BioPtr text(BIO_new_mem_buf(kConfiguration, -1));
  long error_line = 0;  // NOLINT(runtime/int)
  if (conf == nullptr || text == nullptr ||
      NCONF_load_bio(conf.get(), text.get(), &error_line) <= 0 ||
      CONF_modules_load(conf.get(), nullptr, 0) <= 0) {
    return OpensslError(absl::StatusCode::kInternal, "cannot restrict TLS");
  }
  return absl::OkStatus();
}

}  // namespace keyward::crypto
