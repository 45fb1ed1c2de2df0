// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_ROOT_KEY_H_
#define KEYWARD_LIBS_CRYPTO_ROOT_KEY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {

// The root key of an installation and the file that holds it (FORMAT.md,
// "root.key"). Whoever has this file and the data folders has every secret;
// whoever has lost it has none, for ever.

inline constexpr size_t kRootKeySize = 32;

// A value type; safe for concurrent use as a const object.
struct RootKey {
  // A UUID in its canonical form.
  std::string installation_id;
  // kRootKeySize bytes.
  SecretBuffer key;
};

// Where the key file is, and where it must not be.
struct RootKeyLocation {
  // The key file, usually HOME/keys/root.key.
  std::string path;
  // The folders of data. A key file in one of them, or in a folder below, is
  // refused: a backup of the data would carry its key. Folders that do not
  // exist yet count.
  std::vector<std::string> data_folders;
};

// Makes a root key and its file (mode 0600, in a folder that is made private
// if it is missing), and returns what reading it back gives. ALREADY_EXISTS if
// there is a file, which is never replaced: the key in it may be the only one
// that opens some backup. FAILED_PRECONDITION as LoadRootKey; errors of
// `random` and of the file system.
absl::StatusOr<RootKey> CreateRootKey(const RootKeyLocation& location,
                                      RandomSource& random);

// Reads the key file. Every refusal says what to do:
//   NOT_FOUND            there is no file
//   FAILED_PRECONDITION  it is in a data folder, open to other users, another
//                        user's, a symbolic link, in a folder that others can
//                        write to, or of a format that only a newer release
//                        knows
//   DATA_LOSS            it is no key file or is damaged
absl::StatusOr<RootKey> LoadRootKey(const RootKeyLocation& location);

// The bytes of the file, and back; for the functions above and for tools that
// make or check copies. INVALID_ARGUMENT if `root` is not as described there;
// errors of parsing as LoadRootKey's, without a path.
absl::StatusOr<SecretBuffer> EncodeRootKey(const RootKey& root);
absl::StatusOr<RootKey> ParseRootKey(absl::string_view bytes);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_ROOT_KEY_H_
