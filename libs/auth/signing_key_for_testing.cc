// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/signing_key_for_testing.h"

#include <cstdint>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "cjose/cjose.h"

namespace keyward::auth {
namespace {

template <typename T>
T* Checked(T* value) {
  if (value == nullptr) std::abort();
  return value;
}

void Check(bool ok) {
  if (!ok) std::abort();
}

// 65537.
constexpr uint8_t kExponent[] = {1, 0, 1};

cjose_jwk_ec_curve CurveNumber(absl::string_view name) {
  if (name == "P-384") return CJOSE_JWK_EC_P_384;
  if (name == "P-521") return CJOSE_JWK_EC_P_521;
  Check(name == "P-256");
  return CJOSE_JWK_EC_P_256;
}

// Sets a member of a header. The library's function for JSON takes no strings.
void SetMember(cjose_header_t* header, const std::string& name,
               const std::string& value) {
  cjose_err error;
  absl::string_view text = value;
  if (absl::ConsumePrefix(&text, "\"") && absl::ConsumeSuffix(&text, "\"")) {
    Check(cjose_header_set(header, name.c_str(), std::string(text).c_str(),
                           &error));
    return;
  }
  Check(cjose_header_set_raw(header, name.c_str(), value.c_str(), &error));
}

}  // namespace

struct SigningKeyForTesting::Impl {
  cjose_jwk_t* jwk;
  std::string kid;
  ~Impl() { cjose_jwk_release(jwk); }

  static std::unique_ptr<Impl> Wrap(cjose_jwk_t* jwk, const std::string& kid) {
    cjose_err error;
    if (!kid.empty()) {
      Check(cjose_jwk_set_kid(Checked(jwk), kid.data(), kid.size(), &error));
    }
    return std::unique_ptr<Impl>(new Impl{Checked(jwk), kid});
  }

  std::string ToJson(bool with_private) const {
    cjose_err error;
    char* text = Checked(cjose_jwk_to_json(jwk, with_private, &error));
    std::string copy(text);
    cjose_get_dealloc()(text);
    return copy;
  }
};

SigningKeyForTesting::SigningKeyForTesting(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
SigningKeyForTesting::~SigningKeyForTesting() = default;
SigningKeyForTesting::SigningKeyForTesting(SigningKeyForTesting&&) noexcept =
    default;

SigningKeyForTesting SigningKeyForTesting::Rsa(const std::string& kid,
                                               size_t bits) {
  cjose_err error;
  return SigningKeyForTesting(Impl::Wrap(
      cjose_jwk_create_RSA_random(bits, kExponent, sizeof(kExponent), &error),
      kid));
}

SigningKeyForTesting SigningKeyForTesting::Ec(const std::string& kid,
                                              absl::string_view curve) {
  cjose_err error;
  return SigningKeyForTesting(
      Impl::Wrap(cjose_jwk_create_EC_random(CurveNumber(curve), &error), kid));
}

SigningKeyForTesting SigningKeyForTesting::Symmetric(const std::string& kid,
                                                     absl::string_view bytes) {
  cjose_err error;
  return SigningKeyForTesting(Impl::Wrap(
      cjose_jwk_create_oct_spec(reinterpret_cast<const uint8_t*>(bytes.data()),
                                bytes.size(), &error),
      kid));
}

std::string SigningKeyForTesting::PublicJwk() const {
  return impl_->ToJson(/*with_private=*/false);
}

std::string SigningKeyForTesting::PrivateJwk() const {
  return impl_->ToJson(/*with_private=*/true);
}

std::string SigningKeyForTesting::Sign(absl::string_view alg,
                                       absl::string_view claims,
                                       const Header& extra) const {
  cjose_err error;
  cjose_header_t* header = Checked(cjose_header_new(&error));
  SetMember(header, "alg", absl::StrCat("\"", alg, "\""));
  if (!impl_->kid.empty()) {
    SetMember(header, "kid", absl::StrCat("\"", impl_->kid, "\""));
  }
  for (const auto& [name, value] : extra) SetMember(header, name, value);
  cjose_jws_t* jws = Checked(cjose_jws_sign(
      impl_->jwk, header, reinterpret_cast<const uint8_t*>(claims.data()),
      claims.size(), &error));
  const char* text = nullptr;
  Check(cjose_jws_export(jws, &text, &error));
  std::string token(text);
  cjose_jws_release(jws);
  cjose_header_release(header);
  return token;
}

std::string JwksForTesting(const std::vector<std::string>& jwks) {
  return absl::StrCat("{\"keys\":[", absl::StrJoin(jwks, ","), "]}");
}

std::string TokenForTesting(absl::string_view header, absl::string_view claims,
                            absl::string_view signature) {
  return absl::StrCat(absl::WebSafeBase64Escape(header), ".",
                      absl::WebSafeBase64Escape(claims), ".",
                      absl::WebSafeBase64Escape(signature));
}

}  // namespace keyward::auth
