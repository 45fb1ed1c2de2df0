// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/certificate_builder.h"

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/random.h"

namespace keyward::crypto {
namespace {

// The number in the certificate is the version less one.
constexpr long kVersion3 = 2;  // NOLINT(runtime/int)

constexpr char kOrganization[] = "Keyward";

bool SetSerial(X509* certificate, absl::Span<const char> bytes) {
  const BignumPtr number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                static_cast<int>(bytes.size()), nullptr));
  return number != nullptr &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) !=
             nullptr;
}

bool AddToName(X509_NAME* name, int nid, const std::string& value) {
  return value.empty() ||
         X509_NAME_add_entry_by_NID(
             name, nid, MBSTRING_UTF8,
             reinterpret_cast<const unsigned char*>(value.data()),
             static_cast<int>(value.size()), -1, 0) == 1;
}

bool SetTimes(X509* certificate, absl::Time not_before, absl::Time not_after) {
  return ASN1_TIME_set(X509_getm_notBefore(certificate),
                       absl::ToTimeT(not_before)) != nullptr &&
         ASN1_TIME_set(X509_getm_notAfter(certificate),
                       absl::ToTimeT(not_after)) != nullptr;
}

// Adds an extension whose value OpenSSL parses: constants only, since its
// syntax would let a comma in a name begin another name.
bool AddExtension(X509* certificate, X509V3_CTX* context, int nid,
                  const char* value) {
  const X509ExtensionPtr extension(
      X509V3_EXT_conf_nid(nullptr, context, nid, value));
  return extension != nullptr &&
         X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool PushName(GENERAL_NAMES* names, int type, const std::string& value) {
  GeneralNamePtr name(GENERAL_NAME_new());
  if (name == nullptr) return false;
  ASN1_STRING* text = nullptr;
  if (type == GEN_IPADD) {
    text = a2i_IPADDRESS(value.c_str());
  } else {
    text = ASN1_IA5STRING_new();
    if (text != nullptr &&
        ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) !=
            1) {
      ASN1_STRING_free(text);
      text = nullptr;
    }
  }
  if (text == nullptr) return false;
  GENERAL_NAME_set0_value(name.get(), type, text);
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) return false;
  name.release();
  return true;
}

bool AddNames(X509* certificate, const CertificateFields& fields) {
  const GeneralNamesPtr names(sk_GENERAL_NAME_new_null());
  if (names == nullptr) return false;
  for (const std::string& uri : fields.uri_names) {
    if (!PushName(names.get(), GEN_URI, uri)) return false;
  }
  for (const std::string& dns : fields.dns_names) {
    if (!PushName(names.get(), GEN_DNS, dns)) return false;
  }
  for (const std::string& ip : fields.ip_addresses) {
    if (!PushName(names.get(), GEN_IPADD, ip)) return false;
  }
  return sk_GENERAL_NAME_num(names.get()) == 0 ||
         X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(),
                           /*crit=*/0, X509V3_ADD_DEFAULT) == 1;
}

bool AddExtensions(X509* certificate, X509* issuer,
                   const CertificateFields& fields) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const auto add = [certificate, &context](int nid, const char* value) {
    return AddExtension(certificate, &context, nid, value);
  };
  if (!add(NID_subject_key_identifier, "hash") ||
      !add(NID_authority_key_identifier, "keyid:always")) {
    return false;
  }
  // What the SPIFFE X509-SVID standard asks of signing and leaf certificates.
  if (fields.is_ca) {
    return add(NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add(NID_key_usage, "critical,keyCertSign,cRLSign");
  }
  return add(NID_basic_constraints, "critical,CA:FALSE") &&
         add(NID_key_usage, "critical,digitalSignature") &&
         add(NID_ext_key_usage, fields.extended_key_usage.c_str());
}

}  // namespace

absl::StatusOr<PkeyPtr> NewP256Key() {
  PkeyPtr key(EVP_EC_gen("P-256"));
  if (key == nullptr) {
    return OpensslError(absl::StatusCode::kInternal, "cannot make a P-256 key");
  }
  return key;
}

absl::StatusOr<X509Ptr> BuildCertificate(const CertificateFields& fields,
                                         EVP_PKEY* subject_key, X509* issuer,
                                         EVP_PKEY* issuer_key,
                                         RandomSource& random) {
  // Positive, never zero, of constant length, and not to be guessed: who can
  // guess the next serial number can prepare a collision of the signed part.
  char serial[16];
  if (absl::Status s = random.Fill(absl::MakeSpan(serial)); !s.ok()) return s;
  serial[0] = static_cast<char>((serial[0] & 0x7f) | 0x40);

  X509Ptr certificate(X509_new());
  X509* const c = certificate.get();
  if (c == nullptr || X509_set_version(c, kVersion3) != 1 ||
      !SetSerial(c, serial) ||
      !SetTimes(c, fields.not_before, fields.not_after) ||
      !AddToName(X509_get_subject_name(c), NID_organizationName,
                 kOrganization) ||
      !AddToName(X509_get_subject_name(c), NID_commonName,
                 fields.common_name) ||
      X509_set_pubkey(c, subject_key) != 1 ||
      X509_set_issuer_name(
          c, X509_get_subject_name(issuer == nullptr ? c : issuer)) != 1 ||
      !AddExtensions(c, issuer == nullptr ? c : issuer, fields) ||
      !AddNames(c, fields) || X509_sign(c, issuer_key, EVP_sha256()) <= 0) {
    return OpensslError(absl::StatusCode::kInternal,
                        "cannot build a certificate");
  }
  return certificate;
}

}  // namespace keyward::crypto
