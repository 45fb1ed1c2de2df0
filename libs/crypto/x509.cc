// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/x509.h"

#include <arpa/inet.h>
#include <openssl/asn1.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "libs/base/hex.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/pem.h"
#include "libs/crypto/sha256.h"

namespace keyward::crypto {
namespace {

// A subject is for people; no honest one is longer.
constexpr size_t kMaxSubject = 4096;

// RFC 5280 allows serial numbers of 20 bytes.
constexpr int kMaxSerialBytes = 20;

// The most intermediates between a leaf and a root of the bundle.
constexpr int kMaxIntermediates = 8;

// OpenSSL's level 2: 112 bits of security, so neither RSA below 2048 bits nor
// signatures over SHA-1.
constexpr int kSecurityLevel = 2;

absl::string_view Text(const ASN1_STRING* string) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(string)),
          static_cast<size_t>(ASN1_STRING_length(string))};
}

// Printable ASCII without the space, and something of it.
bool IsPlainName(absl::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return c > 0x20 && c < 0x7f;
  });
}

absl::StatusOr<absl::Time> ToTime(const ASN1_TIME* time) {
  std::tm tm = {};
  if (ASN1_TIME_to_tm(time, &tm) != 1) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a certificate's validity does not parse");
  }
  return absl::FromCivil(
      absl::CivilSecond(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                        tm.tm_hour, tm.tm_min, tm.tm_sec),
      absl::UTCTimeZone());
}

absl::StatusOr<std::string> SubjectOf(const X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr ||
      X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate), 0,
                         XN_FLAG_RFC2253) < 0) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a certificate's subject does not parse");
  }
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);  // NOLINT(runtime/int)
  if (static_cast<size_t>(size) > kMaxSubject) {
    return absl::InvalidArgumentError("a certificate's subject above 4 KiB");
  }
  return std::string(data, static_cast<size_t>(size));
}

// The last common name: the most specific one. A value that is not plain text
// counts as none, so that no reader sees a part of it.
std::string CommonNameOf(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int i = X509_NAME_get_index_by_NID(subject, NID_commonName, -1); i >= 0;
       i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) {
    last = i;
  }
  if (last < 0) return "";
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(
      &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (size < 0) {
    ClearOpensslErrors();
    return "";
  }
  std::string name(reinterpret_cast<char*>(utf8), static_cast<size_t>(size));
  OPENSSL_free(utf8);
  const bool printable = std::all_of(
      name.begin(), name.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  return printable ? name : "";
}

absl::StatusOr<std::string> IpText(absl::string_view bytes) {
  char text[INET6_ADDRSTRLEN];
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if ((bytes.size() != 4 && bytes.size() != 16) ||
      inet_ntop(family, bytes.data(), text, sizeof(text)) == nullptr) {
    return absl::InvalidArgumentError("a certificate has a bad IP address");
  }
  return std::string(text);
}

absl::Status AddName(const GENERAL_NAME* name, CertificateInfo* info) {
  std::vector<std::string>* list = nullptr;
  absl::string_view text;
  switch (name->type) {
    case GEN_URI:
      list = &info->uri_sans;
      text = Text(name->d.uniformResourceIdentifier);
      break;
    case GEN_DNS:
      list = &info->dns_sans;
      text = Text(name->d.dNSName);
      break;
    case GEN_IPADD: {
      absl::StatusOr<std::string> ip = IpText(Text(name->d.iPAddress));
      if (!ip.ok()) return ip.status();
      info->ip_sans.push_back(*std::move(ip));
      return absl::OkStatus();
    }
    default:
      // Other kinds are allowed and mean nothing here.
      return absl::OkStatus();
  }
  if (!IsPlainName(text)) {
    return absl::InvalidArgumentError(
        "a certificate has a name that is not printable ASCII");
  }
  list->emplace_back(text);
  return absl::OkStatus();
}

absl::Status AddAlternativeNames(const X509* certificate,
                                 CertificateInfo* info) {
  int critical = 0;
  const GeneralNamesPtr names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, &critical, nullptr)));
  if (names == nullptr) {
    // -1: there is no such extension; other values: several, or a bad one.
    if (critical == -1) return absl::OkStatus();
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a certificate's alternative names do not parse");
  }
  const int count = sk_GENERAL_NAME_num(names.get());
  if (count > static_cast<int>(kMaxAlternativeNames)) {
    return absl::InvalidArgumentError(
        "a certificate has more than 256 alternative names");
  }
  for (int i = 0; i < count; ++i) {
    absl::Status s = AddName(sk_GENERAL_NAME_value(names.get(), i), info);
    if (!s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status AddUsages(X509* certificate, CertificateInfo* info) {
  const uint32_t flags = X509_get_extension_flags(certificate);
  if ((flags & EXFLAG_INVALID) != 0) {
    ClearOpensslErrors();
    return absl::InvalidArgumentError(
        "a certificate has malformed or duplicate extensions");
  }
  info->is_ca = (flags & EXFLAG_CA) != 0;
  // Both are all ones if the extension is absent.
  const uint32_t usage = X509_get_key_usage(certificate);
  info->has_key_usage = (flags & EXFLAG_KUSAGE) != 0;
  info->allows_digital_signature = (usage & KU_DIGITAL_SIGNATURE) != 0;
  info->allows_certificate_signing = (usage & KU_KEY_CERT_SIGN) != 0;
  info->allows_crl_signing = (usage & KU_CRL_SIGN) != 0;
  const uint32_t extended = X509_get_extended_key_usage(certificate);
  info->has_extended_key_usage = (flags & EXFLAG_XKUSAGE) != 0;
  info->allows_server_auth = (extended & XKU_SSL_SERVER) != 0;
  info->allows_client_auth = (extended & XKU_SSL_CLIENT) != 0;
  return absl::OkStatus();
}

absl::StatusOr<CertificateInfo> Describe(X509* certificate) {
  CertificateInfo info;
  const absl::StatusOr<std::string> der = CertificateToDer(certificate);
  if (!der.ok()) return der.status();
  info.sha256 = Sha256(*der);

  absl::StatusOr<std::string> subject = SubjectOf(certificate);
  if (!subject.ok()) return subject.status();
  info.subject = *std::move(subject);
  info.common_name = CommonNameOf(certificate);

  absl::StatusOr<absl::Time> time = ToTime(X509_get0_notBefore(certificate));
  if (!time.ok()) return time.status();
  info.not_before = *time;
  time = ToTime(X509_get0_notAfter(certificate));
  if (!time.ok()) return time.status();
  info.not_after = *time;

  const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate);
  if (ASN1_STRING_length(serial) > kMaxSerialBytes) {
    return absl::InvalidArgumentError("a serial number above 20 bytes");
  }
  info.serial_hex = HexEncode(Text(serial));

  if (absl::Status s = AddUsages(certificate, &info); !s.ok()) return s;
  if (absl::Status s = AddAlternativeNames(certificate, &info); !s.ok()) {
    return s;
  }
  return info;
}

// The earliest end of the certificates on the path that was verified: who
// honours a leaf until its own end honours it beyond its issuer's.
absl::StatusOr<absl::Time> EndOfPath(X509_STORE_CTX* context) {
  STACK_OF(X509)* const path = X509_STORE_CTX_get0_chain(context);
  absl::Time end = absl::InfiniteFuture();
  for (int i = 0; i < sk_X509_num(path); ++i) {
    const absl::StatusOr<absl::Time> not_after =
        ToTime(X509_get0_notAfter(sk_X509_value(path, i)));
    if (!not_after.ok()) return not_after.status();
    end = std::min(end, *not_after);
  }
  return end;
}

struct X509StackDeleter {
  // The certificates belong to somebody else.
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

}  // namespace

absl::StatusOr<CertificateInfo> ParseCertificatePem(absl::string_view pem) {
  const absl::StatusOr<std::vector<X509Ptr>> certificates =
      ReadCertificates(pem);
  if (!certificates.ok()) return certificates.status();
  return Describe(certificates->front().get());
}

absl::StatusOr<CertificateInfo> ParseCertificateDer(absl::string_view der) {
  const absl::StatusOr<X509Ptr> certificate = ParseDerCertificate(der);
  if (!certificate.ok()) return certificate.status();
  return Describe(certificate->get());
}

absl::StatusOr<std::vector<CertificateInfo>> ParseCertificatesPem(
    absl::string_view pem) {
  const absl::StatusOr<std::vector<X509Ptr>> certificates =
      ReadCertificates(pem);
  if (!certificates.ok()) return certificates.status();
  std::vector<CertificateInfo> infos;
  for (const X509Ptr& certificate : *certificates) {
    absl::StatusOr<CertificateInfo> info = Describe(certificate.get());
    if (!info.ok()) return info.status();
    infos.push_back(*std::move(info));
  }
  return infos;
}

absl::StatusOr<absl::Time> VerifyClientChain(absl::string_view chain_pem,
                                             absl::string_view bundle_pem,
                                             absl::Time at) {
  const absl::StatusOr<std::vector<X509Ptr>> chain =
      ReadCertificates(chain_pem);
  if (!chain.ok()) return chain.status();
  const absl::StatusOr<std::vector<X509Ptr>> bundle =
      ReadCertificates(bundle_pem);
  if (!bundle.ok()) return bundle.status();

  const X509StorePtr store(X509_STORE_new());
  const std::unique_ptr<STACK_OF(X509), X509StackDeleter> untrusted(
      sk_X509_new_null());
  const X509StoreContextPtr context(X509_STORE_CTX_new());
  bool ready = store != nullptr && untrusted != nullptr && context != nullptr;
  for (const X509Ptr& root : *bundle) {
    ready = ready && X509_STORE_add_cert(store.get(), root.get()) == 1;
  }
  for (const X509Ptr& certificate : *chain) {
    ready = ready && sk_X509_push(untrusted.get(), certificate.get()) > 0;
  }
  ready =
      ready &&
      X509_STORE_CTX_init(context.get(), store.get(), chain->front().get(),
                          untrusted.get()) == 1 &&
      X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_CLIENT) == 1;
  if (!ready) {
    return OpensslError(absl::StatusCode::kInternal,
                        "cannot verify a certificate");
  }
  X509_VERIFY_PARAM* const param = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(param, absl::ToTimeT(at));
  X509_VERIFY_PARAM_set_depth(param, kMaxIntermediates);
  X509_VERIFY_PARAM_set_auth_level(param, kSecurityLevel);
  if (X509_verify_cert(context.get()) == 1) return EndOfPath(context.get());
  ClearOpensslErrors();
  return absl::UnauthenticatedError(absl::StrCat(
      "the certificate is not trusted: ",
      X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()))));
}

absl::Status CheckPrivateKeyMatches(absl::string_view certificate_pem,
                                    absl::string_view private_key_pem) {
  const absl::StatusOr<std::vector<X509Ptr>> certificates =
      ReadCertificates(certificate_pem);
  if (!certificates.ok()) return certificates.status();
  const absl::StatusOr<PkeyPtr> key = ReadPrivateKey(private_key_pem);
  if (!key.ok()) return key.status();
  if (X509_check_private_key(certificates->front().get(), key->get()) != 1) {
    ClearOpensslErrors();
    return absl::FailedPreconditionError(
        "the private key is not that of the certificate");
  }
  return absl::OkStatus();
}

absl::StatusOr<CertificateInfo> CheckTlsCertificatePayload(
    absl::string_view payload) {
  const absl::StatusOr<PemContents> contents = ReadPem(payload);
  if (!contents.ok()) return contents.status();
  if (contents->certificates.empty()) {
    return absl::InvalidArgumentError(
        "a TLS certificate needs a certificate in PEM form");
  }
  if (contents->private_keys.size() != 1) {
    return absl::InvalidArgumentError(
        "a TLS certificate needs exactly one private key in PEM form");
  }
  X509* const leaf = contents->certificates.front().get();
  if (X509_check_private_key(leaf, contents->private_keys.front().get()) != 1) {
    ClearOpensslErrors();
    return absl::InvalidArgumentError(
        "the private key is not that of the first certificate, which must be "
        "the leaf");
  }
  absl::StatusOr<CertificateInfo> info = Describe(leaf);
  if (info.ok() && info->is_ca) {
    return absl::InvalidArgumentError(
        "the first certificate is a certificate authority's, not a leaf");
  }
  return info;
}

}  // namespace keyward::crypto
