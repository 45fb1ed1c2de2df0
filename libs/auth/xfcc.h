// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_XFCC_H_
#define KEYWARD_LIBS_AUTH_XFCC_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::auth {

// The grammar of x-forwarded-client-cert, the header in which Envoy and other
// proxies say whose certificate they have verified. Only its text is read here:
// whether it may be believed is ForwardedAuthenticator's to say.

enum class XfccKey {
  kBy,       // the proxy's own URI SAN
  kHash,     // SHA-256 of the client's certificate (DER), hexadecimal
  kCert,     // the client's certificate, PEM, percent-encoded
  kChain,    // the same with its intermediates
  kSubject,  // its subject
  kUri,      // its URI SAN; repeated if it has several
  kDns,      // its DNS SAN; likewise
};

struct XfccPair {
  XfccKey key;
  std::string value;
};

// What one proxy said of its client, in its order. Keys may be repeated.
using XfccElement = std::vector<XfccPair>;

// The whole header. Below what the gateway takes of all metadata, and enough
// for a certificate of a 4096-bit RSA key with its intermediates.
inline constexpr size_t kMaxXfccBytes = size_t{12} << 10;
// In all elements together. A certificate has at most 256 names.
inline constexpr size_t kMaxXfccPairs = 320;

// The elements of `header`, the first hop's first; at least one, and in each at
// least one pair:
//
//   header  = element *( "," element )
//   element = pair *( ";" pair )
//   pair    = key "=" value              keys in upper or lower case
//   value   = *plain / DQUOTE *quoted DQUOTE
//   plain   = %x21-7E but , ; = and DQUOTE
//   quoted  = %x20-7E, a DQUOTE written \"
//
// Nothing is passed over: a key that is not one of XfccKey, a space between
// the parts, an empty element are INVALID_ARGUMENT, with the rule and none of
// the text. So is a quoted value in which a DQUOTE follows two, four, ...
// backslashes: some readers take them for escaped backslashes, and the value
// for ended, others do not, and whoever chooses the subject of a certificate
// could write pairs for some of them.
absl::StatusOr<std::vector<XfccElement>> ParseXfcc(absl::string_view header);

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_XFCC_H_
