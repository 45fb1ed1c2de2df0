// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/test_certificates.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/time.h"
#include "openssl/bio.h"
#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/rand.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace keyward::rpc {
namespace {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(X509_EXTENSION* p) const { X509_EXTENSION_free(p); }
};
template <typename T>
using Ptr = std::unique_ptr<T, Free>;

Ptr<EVP_PKEY> NewKey() { return Ptr<EVP_PKEY>(EVP_EC_gen("P-256")); }

std::string ToPem(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return std::string(data, static_cast<size_t>(size));
}

std::string CertificatePem(X509* certificate) {
  const Ptr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return ToPem(bio.get());
}

void SetTime(ASN1_TIME* field, absl::Time time) {
  ASN1_TIME_set(field, absl::ToTimeT(time));
}

void AddExtension(X509* certificate, X509* issuer, int nid,
                  const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Ptr<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  X509_add_ext(certificate, extension.get(), -1);
}

Ptr<X509> NewCertificate(const std::string& subject, EVP_PKEY* key) {
  Ptr<X509> certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  unsigned char serial[8];
  RAND_bytes(serial, sizeof(serial));
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate.get()),
                          (uint64_t{serial[0]} << 16) + serial[1] + 1);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>(subject.c_str()), -1, -1, 0);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

struct TestAuthority::State {
  Ptr<EVP_PKEY> key;
  Ptr<X509> certificate;
};

TestAuthority::TestAuthority(const std::string& name)
    : state_(std::make_unique<State>()) {
  state_->key = NewKey();
  state_->certificate = NewCertificate(name, state_->key.get());
  X509* const own = state_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  SetTime(X509_getm_notBefore(own), absl::Now() - absl::Hours(48));
  SetTime(X509_getm_notAfter(own), absl::Now() + absl::Hours(48));
  AddExtension(own, own, NID_basic_constraints, "critical,CA:TRUE");
  AddExtension(own, own, NID_key_usage, "critical,keyCertSign");
  X509_sign(own, state_->key.get(), EVP_sha256());
  pem_ = CertificatePem(own);
}

TestAuthority::~TestAuthority() = default;

TlsMaterial TestAuthority::Issue(const Leaf& leaf) const {
  const Ptr<EVP_PKEY> key = NewKey();
  const Ptr<X509> certificate = NewCertificate("leaf", key.get());
  X509* const ca = state_->certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca));
  SetTime(X509_getm_notBefore(certificate.get()), leaf.not_before);
  SetTime(X509_getm_notAfter(certificate.get()), leaf.not_after);
  AddExtension(certificate.get(), ca, NID_basic_constraints,
               "critical,CA:FALSE");
  AddExtension(certificate.get(), ca, NID_key_usage,
               "critical,digitalSignature");
  AddExtension(certificate.get(), ca, NID_ext_key_usage,
               "serverAuth,clientAuth");
  if (!leaf.uris.empty()) {
    AddExtension(certificate.get(), ca, NID_subject_alt_name,
                 absl::StrCat("URI:", absl::StrJoin(leaf.uris, ",URI:")));
  }
  X509_sign(certificate.get(), state_->key.get(), EVP_sha256());

  const Ptr<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                           nullptr);
  TlsMaterial material;
  material.certificate_chain = CertificatePem(certificate.get());
  material.private_key = crypto::SecretBuffer::CopyOf(ToPem(bio.get()));
  material.authorities = pem_;
  return material;
}

TlsMaterial CopyOf(const TlsMaterial& material) {
  TlsMaterial copy;
  copy.certificate_chain = material.certificate_chain;
  copy.private_key = material.private_key.Clone();
  copy.authorities = material.authorities;
  return copy;
}

}  // namespace keyward::rpc
