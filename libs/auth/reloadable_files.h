// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUTH_RELOADABLE_FILES_H_
#define KEYWARD_LIBS_AUTH_RELOADABLE_FILES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/crypto/sha256.h"

namespace keyward::auth {

// A file of a set that is read again when it changes.
struct ReloadableFile {
  std::string path;
  // A longer file is an error.
  size_t max_bytes = 0;
  // Whether it must be private to its owner (a key), by ReadPrivateFile.
  bool is_private = false;
};

// The content of one file. A private file's lies in locked memory and is wiped
// when this is destroyed; any other's is an ordinary string, so that bundles do
// not use up the memory that may be locked.
class FileContent {
 public:
  explicit FileContent(std::string text) : text_(std::move(text)) {}
  explicit FileContent(crypto::SecretBuffer secret)
      : secret_(std::move(secret)) {}

  // The bytes, valid as long as this. What of a private file is copied out of
  // them is the caller's to wipe.
  absl::string_view ExposeBytes() const {
    return secret_.empty() ? absl::string_view(text_) : secret_.ExposeSecret();
  }

 private:
  std::string text_;
  crypto::SecretBuffer secret_;
};

// What is known of a set of files, for logs and metrics.
struct ReloadStatus {
  // When the set in force was put in force.
  absl::Time applied_at;
  // How often, the first time included.
  uint64_t applied_count = 0;
  // Why the files as they are now are not the set in force; OK if they are, or
  // will be once they have been seen twice.
  absl::Status error;
};

// What a poll found.
enum class PollResult {
  kUnchanged,  // the files are the set in force
  kSettling,   // they have changed since the last poll; the next one decides
  kApplied,    // they are a new set, which is in force from now on
};

// Files that change while the service runs, taken as one set: a certificate
// with its key, a bundle, a key set. A new set is put in force when it is
// complete and valid, and otherwise the last good one stays: whoever rewrites a
// certificate takes moments between its file and its key's, and a service must
// not fall over in them.
//
//  - All files are read at each poll and compared by content. Times of
//    modification are not looked at: a copy may keep the old one, and two
//    writes may share one.
//  - A changed set must be seen twice, in two polls in a row, before it is
//    tried. A file that is being written is not seen the same twice; half a
//    bundle would be valid, and would lock out the domains of its other half.
//  - A set that was refused is not tried again until it changes.
//
// It has no thread: its owner polls (see PollingThread). Thread-safe.
class ReloadableFiles {
 public:
  static constexpr size_t kMaxFiles = 128;

  // Puts the files' contents (in the order of the files) in force if they are
  // valid; otherwise says why not and changes nothing. The contents are gone
  // after it returns. One call at a time.
  using Apply =
      std::function<absl::Status(const std::vector<FileContent>& contents)>;

  // Reads the files and applies them, at once: a service does not start without
  // its first set. Any error of reading, with the path, or of `apply`.
  // `clock` is not owned.
  static absl::StatusOr<std::unique_ptr<ReloadableFiles>> Create(
      std::vector<ReloadableFile> files, const Clock* clock, Apply apply);

  ReloadableFiles(const ReloadableFiles&) = delete;
  ReloadableFiles& operator=(const ReloadableFiles&) = delete;

  // Looks at the files and, if they are a set that is new and has settled,
  // applies it. An error of reading, or of `apply`, each time until the files
  // change; the last good set then stays.
  absl::StatusOr<PollResult> Poll();

  ReloadStatus status() const;

 private:
  ReloadableFiles(std::vector<ReloadableFile> files, const Clock* clock,
                  Apply apply);

  absl::StatusOr<PollResult> PollLocked()
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(poll_mu_);
  absl::Status ApplyNow(const std::vector<FileContent>& contents,
                        const crypto::Sha256Digest& digest)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(poll_mu_);

  const std::vector<ReloadableFile> files_;
  const Clock* const clock_;
  const Apply apply_;

  // Held while files are read and applied, so that polls do not overtake each
  // other. No request waits for it: what requests use is behind `apply`.
  Mutex poll_mu_;
  // Of the set in force, the one seen by the last poll, and the last refused.
  crypto::Sha256Digest applied_ ABSL_GUARDED_BY(poll_mu_) = {};
  crypto::Sha256Digest seen_ ABSL_GUARDED_BY(poll_mu_) = {};
  absl::optional<crypto::Sha256Digest> refused_ ABSL_GUARDED_BY(poll_mu_);
  absl::Status refusal_ ABSL_GUARDED_BY(poll_mu_);

  mutable Mutex status_mu_;
  ReloadStatus status_ ABSL_GUARDED_BY(status_mu_);
};

}  // namespace keyward::auth

#endif  // KEYWARD_LIBS_AUTH_RELOADABLE_FILES_H_
