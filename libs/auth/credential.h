// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_CREDENTIAL_H_
#define KEYWARD_LIBS_AUTH_CREDENTIAL_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/auth/jws_algorithm.h"
#include "libs/auth/principal.h"
#include "libs/crypto/sha256.h"

namespace keyward::auth {

// How a credential was proven.
enum class AuthenticationMethod {
  kMutualTls,  // possession of a certificate's key, in the TLS handshake
  kJwt,        // a bearer token's signature
  kForwarded,  // the word of a trusted proxy, which has verified a certificate
  kLocal,      // by being the process itself
};

// The word for it in records: "mtls", "jwt", "forwarded", "local".
absl::string_view AuthenticationMethodName(AuthenticationMethod method);

class CertificateAuthenticator;
class JwtAuthenticator;
class ForwardedAuthenticator;
class Authenticator;
class LocalCredentials;
class CredentialForTesting;

// The right to make credentials. Only the classes that verify something, named
// here, can construct one, so that "who can say that a caller is proven" is
// answered by this list and not by a search through the code.
class CredentialMint {
 private:
  friend class CertificateAuthenticator;
  friend class JwtAuthenticator;
  friend class ForwardedAuthenticator;
  friend class Authenticator;
  friend class LocalCredentials;
  friend class CredentialForTesting;
  CredentialMint() {}
};

// What an accepted bearer token rested on, kept so that its credential can be
// asked for again without the token, which nobody keeps (P5). Nothing here is
// secret, and none of it makes a token.
struct TokenBasis {
  std::string issuer;     // its iss
  std::string issuer_id;  // the issuer's id, part of the principal
  // Of the audiences that it names, one that is configured.
  std::string audience;
  JwsAlgorithm algorithm = JwsAlgorithm::kRs256;
  absl::optional<std::string> key_id;  // its kid
  // The thumbprint of the key that signed it (RFC 7638).
  crypto::Sha256Digest key{};
  absl::Time expire_time;  // its exp
};

// A caller who has proven to be `principal`, until `expire_time`. An immutable
// value that holds nothing secret: neither the token nor its signature. Copies
// share what it holds, since every call takes one; one that was moved from may
// only be destroyed or assigned to.
class Credential {
 public:
  Credential(CredentialMint, Principal principal, AuthenticationMethod method,
             std::string id, absl::Time expire_time,
             std::shared_ptr<const TokenBasis> token_basis = nullptr,
             std::string forwarded_by = "")
      : facts_(std::make_shared<const Facts>(
            Facts{std::move(principal), method, std::move(id), expire_time,
                  std::move(token_basis), std::move(forwarded_by)})) {}

  const Principal& principal() const { return facts_->principal; }
  AuthenticationMethod method() const { return facts_->method; }

  // Names this one credential in records and deny rules, in printable ASCII:
  //   certificate:HEX      SHA-256 of the certificate (DER); of a forwarded
  //                        one, the caller's, as the proxy tells it
  //   proxy:HEX            of a proxy that tells no certificate: of its own
  //   jwt:ISSUER_ID:JTI    the jti escaped as in principals
  //   jwt:sha256:HEX       of a token without jti: SHA-256 of its signed part
  //   local:SERVICE
  // A deny rule on an id stops the honest use of a lost credential. Whoever
  // holds a certificate with an ECDSA signature can write that signature in a
  // second valid form and so change the fingerprint: against its holder, deny
  // the principal.
  const std::string& id() const { return facts_->id; }

  // The first moment at which it proves nothing any more.
  absl::Time expire_time() const { return facts_->expire_time; }

  // What a bearer token's credential rests on; null for any other.
  const std::shared_ptr<const TokenBasis>& token_basis() const {
    return facts_->token_basis;
  }

  // Of a forwarded credential: the SPIFFE id of the proxy whose word it is.
  // Empty for any other.
  const std::string& forwarded_by() const { return facts_->forwarded_by; }

 private:
  struct Facts {
    Principal principal;
    AuthenticationMethod method;
    std::string id;
    absl::Time expire_time;
    std::shared_ptr<const TokenBasis> token_basis;
    std::string forwarded_by;
  };

  std::shared_ptr<const Facts> facts_;
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_CREDENTIAL_H_
