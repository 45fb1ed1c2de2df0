// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_NOTE_H_
#define KEYWARD_LIBS_AUDIT_NOTE_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/crypto/ed25519.h"

namespace keyward::audit {

// Signed notes (C2SP signed-note) with Ed25519 signatures (type 0x01): a text
// of lines, an empty line, and one line for each signature:
//
//   TEXT
//
//   — NAME BASE64(KEY ID || SIGNATURE)
//
// Notes come from clients, from files and from other services, so parsing
// takes nothing on trust.

// A checkpoint with all its signatures is below 4 KiB; the format asks readers
// to accept at least 16 signatures.
inline constexpr size_t kMaxNoteBytes = size_t{16} << 10;
inline constexpr size_t kMaxNoteSignatures = 32;
inline constexpr size_t kMaxKeyNameBytes = 255;

struct NoteSignature {
  std::string name;
  uint32_t key_id = 0;
  std::string signature;  // Without the key id.
};

struct Note {
  std::string text;  // What is signed: with its last newline.
  std::vector<NoteSignature> signatures;
};

// The parts of `note`, whose signatures are not looked at: nothing that it
// says is known to be true. INVALID_ARGUMENT if it is no note: not UTF-8, a
// control character, no signature line, a malformed one, or above a bound.
absl::StatusOr<Note> ParseNote(absl::string_view note);

// A public key with a name. A value type.
class NoteVerifier {
 public:
  // The verifier of a vkey, NAME+HEX KEY ID+BASE64(0x01 || PUBLIC KEY).
  // INVALID_ARGUMENT if it is malformed, of another type, or if its key id is
  // not that of the name and the key.
  static absl::StatusOr<NoteVerifier> Parse(absl::string_view vkey);

  const std::string& name() const { return name_; }
  uint32_t key_id() const { return key_id_; }

  // The vkey that Parse takes.
  std::string ToString() const;

  // OK if `signature` is this key's of `text`; UNAUTHENTICATED if not.
  absl::Status Verify(absl::string_view text,
                      absl::string_view signature) const;

 private:
  friend class NoteSigner;
  NoteVerifier(std::string name, std::string public_key);

  std::string name_;
  std::string public_key_;
  uint32_t key_id_ = 0;
};

// The text of `note` if at least one of `verifiers` signed it and every
// signature by one of them is right. Signatures by others are ignored.
// INVALID_ARGUMENT as ParseNote; UNAUTHENTICATED otherwise.
absl::StatusOr<std::string> OpenNote(absl::string_view note,
                                     absl::Span<const NoteVerifier> verifiers);

// A private key with a name. Safe for concurrent use.
class NoteSigner {
 public:
  // INVALID_ARGUMENT if `name` is no key name (see the format: not empty, no
  // space, no '+'; here at most kMaxKeyNameBytes bytes).
  static absl::StatusOr<std::unique_ptr<NoteSigner>> Create(
      absl::string_view name, std::unique_ptr<crypto::Ed25519Signer> key);

  // The note of `text`, which must end with a newline and have no control
  // character (INVALID_ARGUMENT). INTERNAL if signing fails.
  absl::StatusOr<std::string> Sign(absl::string_view text) const;

  const NoteVerifier& verifier() const { return verifier_; }

 private:
  NoteSigner(NoteVerifier verifier, std::unique_ptr<crypto::Ed25519Signer> key);

  const NoteVerifier verifier_;
  const std::unique_ptr<crypto::Ed25519Signer> key_;
};

// The bytes that `text` stands for in RFC 4648's base64 with padding.
// INVALID_ARGUMENT for any other spelling of them: two spellings of one note
// would be two notes to whoever compares bytes.
absl::StatusOr<std::string> DecodeBase64(absl::string_view text);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_NOTE_H_
