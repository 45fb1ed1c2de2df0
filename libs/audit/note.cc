// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/note.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "libs/audit/note_text.h"
#include "libs/base/byte_order.h"
#include "libs/base/hex.h"
#include "libs/crypto/sha256.h"

namespace keyward::audit {
namespace {

constexpr char kEd25519Type = 1;
constexpr absl::string_view kSignaturePrefix = "\xe2\x80\x94 ";  // "— "
constexpr size_t kKeyIdBytes = 4;

absl::Status Malformed(absl::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("the note ", what));
}

// The first 4 bytes of SHA-256(name || "\n" || type || public key).
uint32_t KeyId(absl::string_view name, absl::string_view public_key) {
  const crypto::Sha256Digest digest = crypto::Sha256(
      {name, "\n", absl::string_view(&kEd25519Type, 1), public_key});
  absl::string_view bytes = crypto::AsBytes(digest);
  return *TakeBigEndian32(&bytes);
}

absl::StatusOr<NoteSignature> ParseSignature(absl::string_view line) {
  if (!absl::ConsumePrefix(&line, kSignaturePrefix)) {
    return Malformed("has a line among its signatures that is none");
  }
  const size_t space = line.find(' ');
  if (space == absl::string_view::npos) {
    return Malformed("has a signature line without a space");
  }
  NoteSignature signature;
  signature.name = std::string(line.substr(0, space));
  if (!IsKeyName(signature.name)) return Malformed("has a bad key name");
  absl::StatusOr<std::string> blob = DecodeBase64(line.substr(space + 1));
  if (!blob.ok() || blob->size() <= kKeyIdBytes) {
    return Malformed("has a malformed signature");
  }
  absl::string_view rest = *blob;
  signature.key_id = *TakeBigEndian32(&rest);
  signature.signature = std::string(rest);
  return signature;
}

}  // namespace

absl::StatusOr<std::string> DecodeBase64(absl::string_view text) {
  std::string bytes;
  if (!absl::Base64Unescape(text, &bytes) ||
      absl::Base64Escape(bytes) != text) {
    return absl::InvalidArgumentError("the base64 is malformed");
  }
  return bytes;
}

absl::StatusOr<Note> ParseNote(absl::string_view note) {
  if (note.size() > kMaxNoteBytes) return Malformed("is above 16 KiB");
  if (!IsNoteText(note)) {
    return Malformed("has control characters or is not UTF-8");
  }
  // The last empty line: one inside the text belongs to what is signed.
  const size_t split = note.rfind("\n\n");
  if (split == absl::string_view::npos) return Malformed("has no signature");
  Note parsed;
  parsed.text = std::string(note.substr(0, split + 1));
  absl::string_view lines = note.substr(split + 2);
  if (lines.empty() || lines.back() != '\n') {
    return Malformed("does not end with a signature line");
  }
  while (!lines.empty()) {
    const size_t end = lines.find('\n');
    absl::StatusOr<NoteSignature> signature =
        ParseSignature(lines.substr(0, end));
    if (!signature.ok()) return signature.status();
    if (parsed.signatures.size() == kMaxNoteSignatures) {
      return Malformed("has more than 32 signatures");
    }
    parsed.signatures.push_back(*std::move(signature));
    lines.remove_prefix(end + 1);
  }
  return parsed;
}

NoteVerifier::NoteVerifier(std::string name, std::string public_key)
    : name_(std::move(name)),
      public_key_(std::move(public_key)),
      key_id_(KeyId(name_, public_key_)) {}

absl::StatusOr<NoteVerifier> NoteVerifier::Parse(absl::string_view vkey) {
  const absl::Status malformed = absl::InvalidArgumentError(
      "verifier key: must be NAME+KEYID+BASE64 of an Ed25519 key");
  if (vkey.size() > kMaxKeyNameBytes + 64) return malformed;
  // The base64 may itself hold '+', the name and the key id may not.
  const size_t first = vkey.find('+');
  if (first == absl::string_view::npos) return malformed;
  const size_t second = vkey.find('+', first + 1);
  if (second == absl::string_view::npos) return malformed;
  const absl::string_view name = vkey.substr(0, first);
  const absl::string_view id = vkey.substr(first + 1, second - first - 1);
  absl::StatusOr<std::string> key = DecodeBase64(vkey.substr(second + 1));
  if (!key.ok() || !IsKeyName(name) ||
      key->size() != 1 + crypto::kEd25519PublicKeySize ||
      key->front() != kEd25519Type) {
    return malformed;
  }
  NoteVerifier verifier{std::string(name), key->substr(1)};
  if (verifier.ToString() != vkey) {
    return absl::InvalidArgumentError(
        absl::StrCat("verifier key: the key id ", absl::CHexEscape(id),
                     " is not that of the name and the key"));
  }
  return verifier;
}

std::string NoteVerifier::ToString() const {
  std::string id;
  PutBigEndian32(&id, key_id_);
  return absl::StrCat(name_, "+", HexEncode(id), "+",
                      absl::Base64Escape(absl::StrCat(
                          absl::string_view(&kEd25519Type, 1), public_key_)));
}

absl::Status NoteVerifier::Verify(absl::string_view text,
                                  absl::string_view signature) const {
  return crypto::VerifyEd25519(public_key_, text, signature);
}

absl::StatusOr<std::string> OpenNote(absl::string_view note,
                                     absl::Span<const NoteVerifier> verifiers) {
  absl::StatusOr<Note> parsed = ParseNote(note);
  if (!parsed.ok()) return parsed.status();
  bool verified = false;
  for (const NoteSignature& signature : parsed->signatures) {
    for (const NoteVerifier& verifier : verifiers) {
      if (verifier.name() != signature.name ||
          verifier.key_id() != signature.key_id) {
        continue;
      }
      if (absl::Status status =
              verifier.Verify(parsed->text, signature.signature);
          !status.ok()) {
        return absl::UnauthenticatedError(absl::StrCat(
            "the note's signature by ", verifier.name(), " is wrong"));
      }
      verified = true;
    }
  }
  if (!verified) {
    return absl::UnauthenticatedError("the note is signed by no known key");
  }
  return std::move(parsed->text);
}

NoteSigner::NoteSigner(NoteVerifier verifier,
                       std::unique_ptr<crypto::Ed25519Signer> key)
    : verifier_(std::move(verifier)), key_(std::move(key)) {}

absl::StatusOr<std::unique_ptr<NoteSigner>> NoteSigner::Create(
    absl::string_view name, std::unique_ptr<crypto::Ed25519Signer> key) {
  if (name.size() > kMaxKeyNameBytes || !IsKeyName(name)) {
    return absl::InvalidArgumentError(
        "key name: must have 1 to 255 bytes, no space and no '+'");
  }
  NoteVerifier verifier{std::string(name), key->public_key()};
  return std::unique_ptr<NoteSigner>(
      new NoteSigner(std::move(verifier), std::move(key)));
}

absl::StatusOr<std::string> NoteSigner::Sign(absl::string_view text) const {
  if (text.empty() || text.back() != '\n' || !IsNoteText(text)) {
    return absl::InvalidArgumentError(
        "text: must end with a newline and have no control characters");
  }
  absl::StatusOr<std::string> signature = key_->Sign(text);
  if (!signature.ok()) return signature.status();
  std::string blob;
  PutBigEndian32(&blob, verifier_.key_id());
  blob.append(*signature);
  return absl::StrCat(text, "\n", kSignaturePrefix, verifier_.name(), " ",
                      absl::Base64Escape(blob), "\n");
}

}  // namespace keyward::audit
