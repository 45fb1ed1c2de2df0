// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_LOG_KEY_H_
#define KEYWARD_LIBS_AUDIT_LOG_KEY_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/audit/note.h"
#include "libs/crypto/random.h"
#include "libs/crypto/seal.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit {

// The key that signs the log's checkpoints, as it lies beside the log: a small
// text file (FORMAT.md) with the verifier key in the clear, which whoever
// verifies the log offline needs, and the private key wrapped by the seal. A
// log has one key for its life: a new key for an old log would be a log that
// nobody's checkpoint fits.

// The file's name in the audit service's data folder.
inline constexpr char kLogKeyFile[] = "log.key";

// The origin, and so the key's name, of an installation's log. Two
// installations never share one, so no checkpoint of one fits the other.
std::string LogOrigin(absl::string_view installation_id);

// The key, ready for use.
struct LogKey {
  std::unique_ptr<NoteSigner> signer;
  // Authenticates page tokens; derived from the private key, and tells nothing
  // of it.
  crypto::SecretBuffer page_token_key;
  // Authenticates the summaries of the query's index; derived likewise.
  crypto::SecretBuffer index_key;
};

// The content of a file with a new key named `origin`. Errors of `random` and
// of the seal; INVALID_ARGUMENT if `origin` is no key name.
absl::StatusOr<std::string> NewLogKeyFile(absl::string_view origin,
                                          crypto::Seal* seal,
                                          crypto::RandomSource& random);

// The key in a file of this content. DATA_LOSS if it is damaged, in particular
// if the two keys do not belong together; errors of the seal, such as
// FAILED_PRECONDITION for another root key.
absl::StatusOr<LogKey> OpenLogKeyFile(absl::string_view content,
                                      crypto::Seal* seal);

// The verifier key alone, which needs no seal. DATA_LOSS if it is damaged.
absl::StatusOr<NoteVerifier> ReadLogVerifier(absl::string_view content);

// Reads `path`. NOT_FOUND if there is no such file; FAILED_PRECONDITION if
// others may read it; otherwise as OpenLogKeyFile.
absl::StatusOr<LogKey> LoadLogKey(const std::string& path, crypto::Seal* seal);

// Writes a new key to `path`, durably and mode 0600, and loads it.
// ALREADY_EXISTS if there is one. Only for a log that has no entry.
absl::StatusOr<LogKey> CreateLogKey(const std::string& path,
                                    absl::string_view origin,
                                    crypto::Seal* seal,
                                    crypto::RandomSource& random);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_LOG_KEY_H_
