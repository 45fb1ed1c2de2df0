// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_key.h"

#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/base/file_util.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/hkdf.h"
#include "libs/crypto/length_prefixed.h"

namespace keyward::audit {
namespace {

constexpr char kFirstLine[] = "keyward-log-key 1";
constexpr char kWrapPurpose[] = "keyward/audit/log-key/1";
constexpr char kPageTokenInfo[] = "keyward/audit/page-token/1";
constexpr char kIndexInfo[] = "keyward/audit/block-index/1";
constexpr size_t kDerivedKeyBytes = 32;
// A vkey has at most 320 bytes and a wrapped seed some 200.
constexpr size_t kMaxFileBytes = 4096;

struct Parts {
  NoteVerifier verifier;
  std::string wrapped;
};

absl::Status Damaged(absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("the log's key file is damaged: ", what));
}

// Binds the private key to the public one: a file put together from two is
// refused by the seal.
std::string AssociatedData(const NoteVerifier& verifier) {
  return crypto::LengthPrefixed()
      .Add(kWrapPurpose)
      .Add(verifier.ToString())
      .bytes();
}

absl::StatusOr<Parts> ParseFile(absl::string_view content) {
  const std::vector<absl::string_view> lines = absl::StrSplit(content, '\n');
  if (lines.size() != 4 || !lines[3].empty()) {
    return Damaged("it must have three lines");
  }
  if (lines[0] != kFirstLine) {
    return Damaged("it is no log key, or of a newer format");
  }
  absl::StatusOr<NoteVerifier> verifier = NoteVerifier::Parse(lines[1]);
  if (!verifier.ok()) return Damaged(verifier.status().message());
  absl::StatusOr<std::string> wrapped = DecodeBase64(lines[2]);
  if (!wrapped.ok()) return Damaged(wrapped.status().message());
  return Parts{*std::move(verifier), *std::move(wrapped)};
}

absl::StatusOr<std::unique_ptr<NoteSigner>> SignerOf(
    absl::string_view origin, const crypto::SecretBuffer& seed) {
  absl::StatusOr<std::unique_ptr<crypto::Ed25519Signer>> key =
      crypto::Ed25519Signer::FromSeed(seed);
  if (!key.ok()) return key.status();
  return NoteSigner::Create(origin, *std::move(key));
}

}  // namespace

std::string LogOrigin(absl::string_view installation_id) {
  return absl::StrCat("keyward/log/", installation_id);
}

absl::StatusOr<std::string> NewLogKeyFile(absl::string_view origin,
                                          crypto::Seal* seal,
                                          crypto::RandomSource& random) {
  absl::StatusOr<crypto::SecretBuffer> seed = crypto::NewEd25519Seed(random);
  if (!seed.ok()) return seed.status();
  absl::StatusOr<std::unique_ptr<NoteSigner>> signer = SignerOf(origin, *seed);
  if (!signer.ok()) return signer.status();
  const NoteVerifier& verifier = (*signer)->verifier();
  absl::StatusOr<std::string> wrapped =
      seal->Wrap(crypto::SealLabel::kAudit, AssociatedData(verifier), *seed);
  if (!wrapped.ok()) return wrapped.status();
  return absl::StrCat(kFirstLine, "\n", verifier.ToString(), "\n",
                      absl::Base64Escape(*wrapped), "\n");
}

absl::StatusOr<LogKey> OpenLogKeyFile(absl::string_view content,
                                      crypto::Seal* seal) {
  absl::StatusOr<Parts> parts = ParseFile(content);
  if (!parts.ok()) return parts.status();
  absl::StatusOr<crypto::SecretBuffer> seed =
      seal->Unwrap(crypto::SealLabel::kAudit, AssociatedData(parts->verifier),
                   parts->wrapped);
  if (!seed.ok()) return seed.status();
  absl::StatusOr<std::unique_ptr<NoteSigner>> signer =
      SignerOf(parts->verifier.name(), *seed);
  if (!signer.ok()) return signer.status();
  if ((*signer)->verifier().ToString() != parts->verifier.ToString()) {
    return Damaged("its two keys do not belong together");
  }
  absl::StatusOr<crypto::SecretBuffer> page_token_key =
      crypto::HkdfSha256(*seed, "", kPageTokenInfo, kDerivedKeyBytes);
  if (!page_token_key.ok()) return page_token_key.status();
  absl::StatusOr<crypto::SecretBuffer> index_key =
      crypto::HkdfSha256(*seed, "", kIndexInfo, kDerivedKeyBytes);
  if (!index_key.ok()) return index_key.status();
  LogKey key;
  key.signer = *std::move(signer);
  key.page_token_key = *std::move(page_token_key);
  key.index_key = *std::move(index_key);
  return key;
}

absl::StatusOr<NoteVerifier> ReadLogVerifier(absl::string_view content) {
  absl::StatusOr<Parts> parts = ParseFile(content);
  if (!parts.ok()) return parts.status();
  return parts->verifier;
}

absl::StatusOr<LogKey> LoadLogKey(const std::string& path, crypto::Seal* seal) {
  if (absl::Status status = CheckPrivateFile(path); !status.ok()) {
    return status;
  }
  // What is secret in it is wrapped: an ordinary string may hold it.
  absl::StatusOr<std::string> content = ReadFileBounded(path, kMaxFileBytes);
  if (!content.ok()) return content.status();
  return OpenLogKeyFile(*content, seal);
}

absl::StatusOr<LogKey> CreateLogKey(const std::string& path,
                                    absl::string_view origin,
                                    crypto::Seal* seal,
                                    crypto::RandomSource& random) {
  absl::StatusOr<std::string> content = NewLogKeyFile(origin, seal, random);
  if (!content.ok()) return content.status();
  if (absl::Status status = CreateFileExclusive(path, *content, 0600);
      !status.ok()) {
    return status;
  }
  return OpenLogKeyFile(*content, seal);
}

}  // namespace keyward::audit
