// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/tls_material.h"

#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "openssl/bio.h"
#include "openssl/err.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509.h"

namespace keyward::rpc {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
};
using BioPtr = std::unique_ptr<BIO, Free>;
using X509Ptr = std::unique_ptr<X509, Free>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free>;

BioPtr Reader(absl::string_view pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Never asks a terminal for a passphrase, as OpenSSL does by itself: a server
// that waits for one hangs.
int NoPassphrase(char*, int, int, void*) { return -1; }

// All certificates in `pem`; the first error ends it.
absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(const std::string& pem,
                                                      absl::string_view what,
                                                      size_t max) {
  const BioPtr reader = Reader(pem);
  std::vector<X509Ptr> certificates;
  ERR_clear_error();
  while (true) {
    X509Ptr certificate(
        PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr));
    if (certificate == nullptr) break;
    certificates.push_back(std::move(certificate));
    if (certificates.size() > max) {
      return absl::InvalidArgumentError(
          absl::StrCat(what, " holds more than ", max, " certificates"));
    }
  }
  const bool at_end =
      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (!at_end || certificates.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        what,
        " is empty or not PEM (-----BEGIN CERTIFICATE-----); give the "
        "whole file that the certificate authority issued"));
  }
  return certificates;
}

absl::Status CheckDates(const X509* leaf, absl::Time now) {
  std::time_t seconds = absl::ToTimeT(now);
  const int from = X509_cmp_time(X509_get0_notBefore(leaf), &seconds);
  const int until = X509_cmp_time(X509_get0_notAfter(leaf), &seconds);
  if (from == 0 || until == 0) {
    return absl::InvalidArgumentError(
        "the certificate has dates that cannot be read");
  }
  if (from > 0) {
    return absl::FailedPreconditionError(
        "the certificate is not valid yet; check this machine's clock");
  }
  if (until < 0) {
    return absl::FailedPreconditionError(
        "the certificate has expired; issue a new one");
  }
  return absl::OkStatus();
}

absl::Status CheckKey(const TlsMaterial& material, X509* leaf) {
  const BioPtr reader = Reader(material.private_key.ExposeSecret());
  const KeyPtr key(
      PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassphrase, nullptr));
  const bool matches =
      key != nullptr && X509_check_private_key(leaf, key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "the private key is not an unencrypted PEM key");
  }
  if (!matches) {
    return absl::InvalidArgumentError(
        "the private key is not that of the certificate; give the two that "
        "were issued together");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTlsMaterial(const TlsMaterial& material, absl::Time now) {
  const absl::StatusOr<std::vector<X509Ptr>> chain = ReadCertificates(
      material.certificate_chain, "the certificate", kMaxChainCertificates);
  if (!chain.ok()) return chain.status();
  const absl::StatusOr<std::vector<X509Ptr>> authorities = ReadCertificates(
      material.authorities, "the trust bundle", kMaxAuthorities);
  if (!authorities.ok()) return authorities.status();
  absl::Status dates = CheckDates(chain->front().get(), now);
  if (!dates.ok()) return dates;
  return CheckKey(material, chain->front().get());
}

}  // namespace keyward::rpc
