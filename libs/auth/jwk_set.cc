// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/jwk_set.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "cjose/cjose.h"
#include "libs/auth/base64url.h"
#include "libs/auth/jws_algorithm.h"
#include "libs/auth/strict_json.h"
#include "libs/crypto/openssl_error.h"

namespace keyward::auth {
namespace {

using ::nlohmann::json;

struct ReleaseJwk {
  void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct ReleaseJws {
  void operator()(cjose_jws_t* jws) const { cjose_jws_release(jws); }
};
using JwkPtr = std::unique_ptr<cjose_jwk_t, ReleaseJwk>;
using JwsPtr = std::unique_ptr<cjose_jws_t, ReleaseJws>;

// A curve with the bytes of one coordinate (RFC 7518, 6.2.1.2).
struct Curve {
  absl::string_view name;
  size_t bytes;
};
constexpr Curve kCurves[] = {{"P-256", 32}, {"P-384", 48}, {"P-521", 66}};

// FIPS 186-4, B.3.1: 2^16 < e. The upper bound keeps verification cheap.
constexpr uint64_t kMinExponent = 65537;
constexpr uint64_t kMaxExponent = uint64_t{1} << 32;

absl::Status Broken(absl::string_view rule) {
  return absl::InvalidArgumentError(rule);
}

const Curve* FindCurve(absl::string_view name) {
  for (const Curve& curve : kCurves) {
    if (curve.name == name) return &curve;
  }
  return nullptr;
}

// The string member `name`; nothing if it is absent or no string.
absl::optional<std::string> Text(const json& key, const char* name) {
  const auto member = key.find(name);
  if (member == key.end() || !member->is_string()) return absl::nullopt;
  return member->get<std::string>();
}

// The bytes of the base64url member `name`.
absl::StatusOr<std::string> Bytes(const json& key, const char* name) {
  const absl::optional<std::string> text = Text(key, name);
  if (!text.has_value()) return Broken(absl::StrCat(name, " is missing"));
  absl::StatusOr<std::string> bytes = DecodeBase64Url(*text);
  if (!bytes.ok()) {
    return Broken(absl::StrCat(name, " is not base64url without padding"));
  }
  return bytes;
}

// The bytes of a big-endian number without its leading zeros.
std::string Stripped(const std::string& number) {
  return number.substr(std::min(number.find_first_not_of('\0'), number.size()));
}

size_t BitLength(const std::string& stripped) {
  if (stripped.empty()) return 0;
  size_t bits = stripped.size() * 8;
  for (int bit = 7; bit > 0 && (stripped[0] >> bit & 1) == 0; --bit) --bits;
  return bits;
}

absl::Status CheckModulus(const std::string& n) {
  const size_t bits = BitLength(n);
  if (bits < JwkSet::kMinRsaBits || bits > JwkSet::kMaxRsaBits) {
    return Broken(absl::StrCat("the RSA modulus must have ",
                               JwkSet::kMinRsaBits, " to ", JwkSet::kMaxRsaBits,
                               " bits"));
  }
  if ((n.back() & 1) == 0) return Broken("the RSA modulus must be odd");
  return absl::OkStatus();
}

absl::Status CheckExponent(const std::string& e) {
  uint64_t value = 0;
  if (e.size() <= sizeof(value)) {
    for (char c : e) value = value << 8 | static_cast<unsigned char>(c);
  }
  if (value < kMinExponent || value > kMaxExponent || value % 2 == 0) {
    return Broken("the RSA exponent must be odd, from 65537 to 2^32");
  }
  return absl::OkStatus();
}

// The JWK to import: only what a public key needs, from what was checked, so
// that nothing else of the document reaches the library's own parser.
absl::StatusOr<json> CleanRsa(const json& key) {
  absl::StatusOr<std::string> n = Bytes(key, "n");
  if (!n.ok()) return n.status();
  absl::StatusOr<std::string> e = Bytes(key, "e");
  if (!e.ok()) return e.status();
  n = Stripped(*n);
  e = Stripped(*e);
  absl::Status status = CheckModulus(*n);
  if (status.ok()) status = CheckExponent(*e);
  if (!status.ok()) return status;
  return json{{"kty", "RSA"},
              {"n", absl::WebSafeBase64Escape(*n)},
              {"e", absl::WebSafeBase64Escape(*e)}};
}

absl::StatusOr<json> CleanEc(const json& key, const Curve& curve) {
  absl::StatusOr<std::string> x = Bytes(key, "x");
  if (!x.ok()) return x.status();
  absl::StatusOr<std::string> y = Bytes(key, "y");
  if (!y.ok()) return y.status();
  if (x->size() != curve.bytes || y->size() != curve.bytes) {
    return Broken(absl::StrCat("x and y must have ", curve.bytes, " bytes"));
  }
  return json{{"kty", "EC"},
              {"crv", std::string(curve.name)},
              {"x", absl::WebSafeBase64Escape(*x)},
              {"y", absl::WebSafeBase64Escape(*y)}};
}

// Whether RFC 7517's hints say that the key is for something else than checking
// the signatures that we know.
bool IsForSomethingElse(const json& key) {
  if (key.contains("use") && Text(key, "use") != "sig") return true;
  if (key.contains("alg") &&
      !ParseJwsAlgorithm(Text(key, "alg").value_or("")).ok()) {
    return true;
  }
  const auto operations = key.find("key_ops");
  return operations != key.end() &&
         std::find(operations->begin(), operations->end(), "verify") ==
             operations->end();
}

absl::Status CheckPublic(const json& key, absl::string_view type) {
  if (type == "oct") {
    return Broken("a symmetric key; a public key set must not hold secrets");
  }
  if (key.contains("d")) {
    return Broken("a private key; take it out and replace it at its issuer");
  }
  return absl::OkStatus();
}

}  // namespace

struct JwkSet::Key {
  absl::optional<std::string> id;
  // What the key itself says it is for, if it does.
  absl::optional<JwsAlgorithm> algorithm;
  // Of an elliptic curve; null for RSA.
  const Curve* curve = nullptr;
  // Bytes of a signature.
  size_t signature_bytes = 0;
  crypto::Sha256Digest thumbprint{};
  JwkPtr jwk;

  // Reads one element of the set. Null if it is not for us.
  static absl::StatusOr<std::unique_ptr<Key>> Parse(const json& element);

  // Takes over the cleaned key.
  absl::Status Import(const json& clean);

  bool Fits(JwsAlgorithm wanted) const {
    if (algorithm.has_value() && *algorithm != wanted) return false;
    return CurveOf(wanted) == (curve == nullptr ? "" : curve->name);
  }
};

absl::Status JwkSet::Key::Import(const json& clean) {
  // The members that a key needs, in the order of their names and without
  // spaces: what RFC 7638 hashes.
  const std::string text = clean.dump();
  thumbprint = crypto::Sha256(text);
  cjose_err error;
  jwk.reset(cjose_jwk_import(text.data(), text.size(), &error));
  if (jwk == nullptr) {
    crypto::ClearOpensslErrors();
    return Broken("not a key: a point that is not on its curve, perhaps");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<JwkSet::Key>> JwkSet::Key::Parse(
    const json& element) {
  if (!element.is_object()) return Broken("must be an object");
  const std::string type = Text(element, "kty").value_or("");
  absl::Status status = CheckPublic(element, type);
  if (!status.ok()) return status;
  const std::string curve_name = Text(element, "crv").value_or("");
  const Curve* curve = FindCurve(curve_name);
  const bool usable = type == "RSA" || (type == "EC" && curve != nullptr);
  if (!usable || IsForSomethingElse(element)) return nullptr;

  auto key = std::make_unique<Key>();
  key->id = Text(element, "kid");
  if (element.contains("kid") &&
      (!key->id.has_value() || key->id->size() > kMaxTokenIdBytes)) {
    return Broken(absl::StrCat("kid must be a string of at most ",
                               kMaxTokenIdBytes, " bytes"));
  }
  if (element.contains("alg")) {
    key->algorithm = *ParseJwsAlgorithm(*Text(element, "alg"));
  }
  key->curve = type == "EC" ? curve : nullptr;
  absl::StatusOr<json> clean =
      type == "EC" ? CleanEc(element, *curve) : CleanRsa(element);
  if (!clean.ok()) return clean.status();
  status = key->Import(*clean);
  if (!status.ok()) return status;
  key->signature_bytes =
      key->curve != nullptr
          ? 2 * curve->bytes
          : Stripped(*DecodeBase64Url((*clean)["n"].get<std::string>())).size();
  return key;
}

JwkSet::JwkSet(std::vector<std::unique_ptr<Key>> keys)
    : keys_(std::move(keys)) {}

JwkSet::~JwkSet() = default;

absl::StatusOr<std::unique_ptr<JwkSet>> JwkSet::Parse(absl::string_view bytes) {
  if (bytes.size() > kMaxBytes) {
    return Broken(
        absl::StrCat("a key set must be at most ", kMaxBytes, " bytes"));
  }
  absl::StatusOr<json> document = ParseStrictJson(bytes);
  if (!document.ok()) return document.status();
  const auto list = document->find("keys");
  if (list == document->end() || !list->is_array() || list->size() > kMaxKeys) {
    return Broken(
        absl::StrCat("a key set must be {\"keys\": [...]} of at "
                     "most ",
                     kMaxKeys, " keys"));
  }
  std::vector<std::unique_ptr<Key>> keys;
  std::set<std::string> ids;
  bool anonymous = false;
  for (size_t i = 0; i < list->size(); ++i) {
    absl::StatusOr<std::unique_ptr<Key>> key = Key::Parse((*list)[i]);
    if (!key.ok()) {
      return Broken(absl::StrCat("key ", i + 1, ": ", key.status().message()));
    }
    if (*key == nullptr) continue;
    anonymous = anonymous || !(*key)->id.has_value();
    if ((*key)->id.has_value() && !ids.insert(*(*key)->id).second) {
      return Broken(
          absl::StrCat("key ", i + 1, ": another key has the same kid"));
    }
    keys.push_back(*std::move(key));
  }
  if (keys.empty()) return Broken("no key for verifying signatures");
  if (anonymous && keys.size() > 1) {
    return Broken("a key without kid stands beside others");
  }
  return std::unique_ptr<JwkSet>(new JwkSet(std::move(keys)));
}

absl::StatusOr<const JwkSet::Key*> JwkSet::Find(
    JwsAlgorithm algorithm, const absl::optional<std::string>& key_id) const {
  const Key* found = nullptr;
  if (!key_id.has_value()) {
    if (keys_.size() > 1) {
      return Broken("kid is missing, and the issuer has several keys");
    }
    found = keys_[0].get();
  } else {
    for (const std::unique_ptr<Key>& key : keys_) {
      if (key->id == key_id) found = key.get();
    }
  }
  if (found == nullptr) return Broken("kid names no key of this issuer");
  if (!found->Fits(algorithm)) {
    return Broken("alg is not the one of the key that kid names");
  }
  return found;
}

absl::Status JwkSet::CheckKey(JwsAlgorithm algorithm,
                              const absl::optional<std::string>& key_id,
                              const crypto::Sha256Digest& thumbprint) const {
  absl::StatusOr<const Key*> key = Find(algorithm, key_id);
  if (!key.ok()) return key.status();
  if ((*key)->thumbprint != thumbprint) {
    return Broken("its issuer has another key of that name");
  }
  return absl::OkStatus();
}

absl::StatusOr<crypto::Sha256Digest> JwkSet::Verify(
    absl::string_view token, const UnverifiedJwt& jwt) const {
  absl::StatusOr<const Key*> key = Find(jwt.algorithm, jwt.key_id);
  if (!key.ok()) return key.status();
  // The library takes halves of whatever length it gets for r and s.
  if (jwt.signature_bytes != (*key)->signature_bytes) {
    return Broken("the signature has the wrong length");
  }
  cjose_err error;
  const JwsPtr jws(cjose_jws_import(token.data(), token.size(), &error));
  if (jws == nullptr ||
      !cjose_jws_verify(jws.get(), (*key)->jwk.get(), &error)) {
    // The library leaves OpenSSL's reasons in the thread's queue, where the
    // TLS connection that this thread serves next would take them for its own.
    crypto::ClearOpensslErrors();
    return Broken("the signature is wrong");
  }
  return (*key)->thumbprint;
}

}  // namespace keyward::auth
