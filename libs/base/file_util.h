// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_FILE_UTIL_H_
#define KEYWARD_LIBS_BASE_FILE_UTIL_H_

#include <sys/types.h>

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace keyward {

// Small files that matter: keys, certificates, configuration. Whole-file
// operations that survive power loss and refuse what others could read.
//
// Errors name the path and the system's reason, never the contents. Codes:
// NOT_FOUND and ALREADY_EXISTS where the file is missing or in the way,
// PERMISSION_DENIED where the system refuses, RESOURCE_EXHAUSTED where the
// disk or a quota is full, INTERNAL for the rest. Safe for concurrent use.

// Replaces or creates `path` with `bytes` and permissions `mode` exactly
// (whatever the umask). On OK the content survives power loss; on an error,
// or if the power fails before that, the old content is whole. A crash can
// leave a file `path`.XXXXXX behind, with `mode`.
absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes,
                              mode_t mode);

// Creates `path` as WriteFileDurably does, but never replaces:
// ALREADY_EXISTS if the name is taken, by a dangling symbolic link too. No
// reader ever sees the file partly written.
absl::Status CreateFileExclusive(const std::string& path,
                                 absl::string_view bytes, mode_t mode);

// The content of the regular file `path`, following symbolic links. NOT_FOUND
// if it does not exist; FAILED_PRECONDITION if it is not a regular file or
// longer than `max_bytes`, which bounds what a mistaken or hostile path
// (/dev/zero) can cost. The result is an ordinary string: use ReadPrivateFile
// for secrets.
absl::StatusOr<std::string> ReadFileBounded(const std::string& path,
                                            size_t max_bytes);

// FAILED_PRECONDITION unless `path` is a regular file (not a symbolic link),
// owned by the effective user and closed to group and others; the message
// says what is wrong and the command that repairs it. NOT_FOUND if it does
// not exist. A check alone can be outrun: to read, use ReadPrivateFile, which
// checks the file that it has opened.
absl::Status CheckPrivateFile(const std::string& path);

// Reads the private file `path` into `buffer`, which the caller has locked
// and wipes: no copy is made on the way. The number of bytes read, at most
// the buffer's size; FAILED_PRECONDITION as CheckPrivateFile and if the file
// is longer than the buffer, which is then left unspecified.
absl::StatusOr<size_t> ReadPrivateFile(const std::string& path,
                                       absl::Span<char> buffer);

// Makes the folder `path`, with missing parents, closed to group and others;
// an existing one must be the effective user's and not writable by others
// (FAILED_PRECONDITION), or they could exchange the files in it.
absl::Status EnsurePrivateDirectory(const std::string& path);

// Makes a creation, a renaming or a removal of an entry of the folder
// `directory` survive power loss.
absl::Status SyncDirectory(const std::string& directory);

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_FILE_UTIL_H_
