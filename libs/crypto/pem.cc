// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/crypto/openssl_error.h"
#include "libs/crypto/openssl_ptr.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

// A handful at most is ever meant; several in one text are an error anyway.
constexpr size_t kMaxPrivateKeys = 4;

// One block, with its content decoded. Wiped when freed: it may be a key.
class PemBlock {
 public:
  PemBlock() = default;
  PemBlock(PemBlock&& other) noexcept
      : name_(std::exchange(other.name_, nullptr)),
        header_(std::exchange(other.header_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  PemBlock& operator=(PemBlock&&) = delete;
  ~PemBlock() {
    OPENSSL_free(name_);
    OPENSSL_free(header_);
    OPENSSL_clear_free(data_, static_cast<size_t>(size_));
  }

  bool Read(BIO* bio) {
    return PEM_read_bio(bio, &name_, &header_, &data_, &size_) == 1;
  }

  absl::string_view name() const { return name_; }
  // What a key encrypted in the traditional way begins with.
  bool has_header() const { return header_[0] != '\0'; }
  absl::string_view der() const {
    return {reinterpret_cast<const char*>(data_), static_cast<size_t>(size_)};
  }

 private:
  char* name_ = nullptr;
  char* header_ = nullptr;
  unsigned char* data_ = nullptr;
  long size_ = 0;  // NOLINT(runtime/int)
};

const unsigned char* Bytes(absl::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// The next block; nothing at the end of the text.
absl::StatusOr<absl::optional<PemBlock>> NextBlock(BIO* bio) {
  PemBlock block;
  if (block.Read(bio)) return absl::optional<PemBlock>(std::move(block));
  const unsigned long error = ERR_peek_last_error();  // NOLINT(runtime/int)
  if (ERR_GET_LIB(error) == ERR_LIB_PEM &&
      ERR_GET_REASON(error) == PEM_R_NO_START_LINE) {
    ClearOpensslErrors();
    return absl::optional<PemBlock>();
  }
  return OpensslError(absl::StatusCode::kInvalidArgument,
                      "a PEM block does not parse");
}

absl::Status AddBlock(const PemBlock& block, PemContents* contents) {
  if (block.has_header()) {
    return absl::InvalidArgumentError(
        "a PEM block is encrypted; store it without a passphrase");
  }
  const absl::string_view name = block.name();
  if (name == "CERTIFICATE") {
    if (contents->certificates.size() == kMaxPemCertificates) {
      return absl::InvalidArgumentError("more than 256 certificates");
    }
    absl::StatusOr<X509Ptr> certificate = ParseDerCertificate(block.der());
    if (!certificate.ok()) return certificate.status();
    contents->certificates.push_back(*std::move(certificate));
    return absl::OkStatus();
  }
  if (name == "PRIVATE KEY" || name == "EC PRIVATE KEY" ||
      name == "RSA PRIVATE KEY") {
    if (contents->private_keys.size() == kMaxPrivateKeys) {
      return absl::InvalidArgumentError("too many private keys");
    }
    absl::StatusOr<PkeyPtr> key = ParseDerPrivateKey(block.der());
    if (!key.ok()) return key.status();
    contents->private_keys.push_back(*std::move(key));
    return absl::OkStatus();
  }
  if (name == "EC PARAMETERS") return absl::OkStatus();
  if (name == "ENCRYPTED PRIVATE KEY") {
    return absl::InvalidArgumentError(
        "a private key is encrypted; store it without a passphrase");
  }
  return absl::InvalidArgumentError(
      "a PEM block is neither a certificate nor a private key");
}

// Everything that was written to a memory BIO.
absl::string_view Written(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);  // NOLINT(runtime/int)
  return {data, static_cast<size_t>(size)};
}

}  // namespace

absl::StatusOr<PemContents> ReadPem(absl::string_view pem) {
  if (pem.size() > kMaxPemText) {
    return absl::InvalidArgumentError("PEM text above 1 MiB");
  }
  PemContents contents;
  // A BIO over no bytes takes the length for that of a C string.
  if (pem.empty()) return contents;
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  if (bio == nullptr) {
    return OpensslError(absl::StatusCode::kInternal, "cannot read PEM");
  }
  while (true) {
    absl::StatusOr<absl::optional<PemBlock>> block = NextBlock(bio.get());
    if (!block.ok()) return block.status();
    if (!block->has_value()) return contents;
    if (absl::Status s = AddBlock(**block, &contents); !s.ok()) return s;
  }
}

absl::StatusOr<std::vector<X509Ptr>> ReadCertificates(absl::string_view pem) {
  absl::StatusOr<PemContents> contents = ReadPem(pem);
  if (!contents.ok()) return contents.status();
  if (!contents->private_keys.empty()) {
    return absl::InvalidArgumentError("a private key among certificates");
  }
  if (contents->certificates.empty()) {
    return absl::InvalidArgumentError("no certificate in PEM form");
  }
  return std::move(contents->certificates);
}

absl::StatusOr<PkeyPtr> ReadPrivateKey(absl::string_view pem) {
  absl::StatusOr<PemContents> contents = ReadPem(pem);
  if (!contents.ok()) return contents.status();
  if (contents->private_keys.size() != 1) {
    return absl::InvalidArgumentError("not exactly one private key");
  }
  return std::move(contents->private_keys.front());
}

absl::StatusOr<X509Ptr> ParseDerCertificate(absl::string_view der) {
  const unsigned char* next = Bytes(der);
  X509Ptr certificate(
      d2i_X509(nullptr, &next, static_cast<long>(der.size())));  // NOLINT
  if (certificate == nullptr) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a certificate does not parse");
  }
  if (next != Bytes(der) + der.size()) {
    return absl::InvalidArgumentError("bytes follow a certificate");
  }
  return certificate;
}

absl::StatusOr<std::string> CertificateToDer(const X509* certificate) {
  const int size = i2d_X509(certificate, nullptr);
  if (size <= 0) {
    return OpensslError(absl::StatusCode::kInternal, "cannot encode");
  }
  std::string der(static_cast<size_t>(size), '\0');
  auto* out = reinterpret_cast<unsigned char*>(&der[0]);
  if (i2d_X509(certificate, &out) != size) {
    return OpensslError(absl::StatusCode::kInternal, "cannot encode");
  }
  return der;
}

absl::StatusOr<std::string> CertificateToPem(const X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "cannot write PEM");
  }
  return std::string(Written(bio.get()));
}

absl::StatusOr<SecretBuffer> PrivateKeyToDer(const EVP_PKEY* key) {
  const Pkcs8Ptr pkcs8(EVP_PKEY2PKCS8(key));
  const int size =
      pkcs8 == nullptr ? 0 : i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), nullptr);
  if (size <= 0) {
    return OpensslError(absl::StatusCode::kInternal, "cannot encode a key");
  }
  SecretBuffer der(static_cast<size_t>(size));
  auto* out = reinterpret_cast<unsigned char*>(der.MutableSecret().data());
  if (i2d_PKCS8_PRIV_KEY_INFO(pkcs8.get(), &out) != size) {
    return OpensslError(absl::StatusCode::kInternal, "cannot encode a key");
  }
  return der;
}

absl::StatusOr<SecretBuffer> PrivateKeyToPem(const EVP_PKEY* key) {
  const Pkcs8Ptr pkcs8(EVP_PKEY2PKCS8(key));
  // A memory BIO wipes what it outgrows and what it holds when it is freed.
  const BioPtr bio(BIO_new(BIO_s_mem()));
  if (pkcs8 == nullptr || bio == nullptr ||
      PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio.get(), pkcs8.get()) != 1) {
    return OpensslError(absl::StatusCode::kInternal, "cannot write a key");
  }
  return SecretBuffer::CopyOf(Written(bio.get()));
}

absl::StatusOr<PkeyPtr> ParseDerPrivateKey(absl::string_view der) {
  const unsigned char* next = Bytes(der);
  PkeyPtr key(d2i_AutoPrivateKey(nullptr, &next,
                                 static_cast<long>(der.size())));  // NOLINT
  if (key == nullptr) {
    return OpensslError(absl::StatusCode::kInvalidArgument,
                        "a private key does not parse");
  }
  if (next != Bytes(der) + der.size()) {
    return absl::InvalidArgumentError("bytes follow a private key");
  }
  // Decoding may have tried several forms first.
  ClearOpensslErrors();
  return key;
}

}  // namespace keyward::crypto
