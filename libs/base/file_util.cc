// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/file_util.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace keyward {
namespace {

constexpr mode_t kGroupAndOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;

absl::Status ErrnoStatus(int error, absl::string_view action,
                         absl::string_view path) {
  absl::StatusCode code = absl::ErrnoToStatusCode(error);
  switch (code) {
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kResourceExhausted:
      break;
    default:
      code = absl::StatusCode::kInternal;
  }
  return absl::Status(code, absl::StrCat("cannot ", action, " ", path, ": ",
                                         strerrordesc_np(error)));
}

// An open file, closed at the end of its life.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(File&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  File& operator=(File&&) = delete;
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

absl::StatusOr<File> Open(const std::string& path, int flags) {
  // O_NONBLOCK: opening a FIFO would otherwise wait for a writer forever.
  const int fd = open(path.c_str(), flags | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) return File(fd);
  if (errno == ELOOP && (flags & O_NOFOLLOW) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is a symbolic link; name the file itself"));
  }
  return ErrnoStatus(errno, "open", path);
}

absl::Status WriteAll(int fd, absl::string_view bytes,
                      const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t n = write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "write", path);
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return absl::OkStatus();
}

// Reads until the end of the file or until `buffer` is full.
absl::StatusOr<size_t> ReadUpTo(int fd, absl::Span<char> buffer,
                                const std::string& path) {
  size_t total = 0;
  while (total < buffer.size()) {
    const ssize_t n = read(fd, buffer.data() + total, buffer.size() - total);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "read", path);
    if (n == 0) break;
    total += static_cast<size_t>(n);
  }
  return total;
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Writes `bytes` to a new file beside `path` and syncs it; its name. What
// fails half way leaves nothing.
absl::StatusOr<std::string> WriteTemporary(const std::string& path,
                                           absl::string_view bytes,
                                           mode_t mode) {
  std::string name = absl::StrCat(path, ".XXXXXX");
  const File file(mkostemp(&name[0], O_CLOEXEC));
  if (file.fd() < 0) return ErrnoStatus(errno, "create", name);
  absl::Cleanup remove = [&name] { unlink(name.c_str()); };
  if (absl::Status s = WriteAll(file.fd(), bytes, name); !s.ok()) return s;
  // mkostemp gives 0600; the mode is set last and on the open file, so that
  // the content is never readable more widely than asked.
  if (fchmod(file.fd(), mode) != 0) return ErrnoStatus(errno, "chmod", name);
  if (fsync(file.fd()) != 0) return ErrnoStatus(errno, "sync", name);
  std::move(remove).Cancel();
  return name;
}

absl::Status CheckPrivate(int fd, const std::string& path) {
  struct stat info;
  if (fstat(fd, &info) != 0) return ErrnoStatus(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a regular file"));
  }
  if (info.st_uid != geteuid()) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " belongs to user id ", info.st_uid, " and this process runs as ",
        geteuid(), ": chown it to ", geteuid(), " or run as its owner"));
  }
  if ((info.st_mode & kGroupAndOthers) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is open to other users: run chmod 600 ", path,
                     " and consider what it protects as seen by them"));
  }
  return absl::OkStatus();
}

absl::StatusOr<File> OpenPrivate(const std::string& path) {
  absl::StatusOr<File> file = Open(path, O_RDONLY | O_NOFOLLOW);
  if (!file.ok()) return file.status();
  if (absl::Status s = CheckPrivate(file->fd(), path); !s.ok()) return s;
  return file;
}

absl::Status CheckPrivateDirectory(const std::string& path) {
  struct stat info;
  if (stat(path.c_str(), &info) != 0) return ErrnoStatus(errno, "stat", path);
  if (!S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a folder"));
  }
  if (info.st_uid != geteuid()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " belongs to user id ", info.st_uid,
                     " and this process runs as ", geteuid()));
  }
  if ((info.st_mode & kWritableByOthers) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " is writable by other users: run chmod 700 ", path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status WriteFileDurably(const std::string& path, absl::string_view bytes,
                              mode_t mode) {
  absl::StatusOr<std::string> temporary = WriteTemporary(path, bytes, mode);
  if (!temporary.ok()) return temporary.status();
  if (rename(temporary->c_str(), path.c_str()) != 0) {
    const int error = errno;
    unlink(temporary->c_str());
    return ErrnoStatus(error, "replace", path);
  }
  return SyncDirectory(DirectoryOf(path));
}

absl::Status CreateFileExclusive(const std::string& path,
                                 absl::string_view bytes, mode_t mode) {
  absl::StatusOr<std::string> temporary = WriteTemporary(path, bytes, mode);
  if (!temporary.ok()) return temporary.status();
  // A link, unlike O_EXCL and writing, gives the name to a complete file; and
  // unlike a renaming it fails where the name is taken.
  const int result = link(temporary->c_str(), path.c_str());
  const int error = errno;
  unlink(temporary->c_str());
  if (result != 0) return ErrnoStatus(error, "create", path);
  return SyncDirectory(DirectoryOf(path));
}

absl::StatusOr<std::string> ReadFileBounded(const std::string& path,
                                            size_t max_bytes) {
  absl::StatusOr<File> file = Open(path, O_RDONLY);
  if (!file.ok()) return file.status();
  struct stat info;
  if (fstat(file->fd(), &info) != 0) return ErrnoStatus(errno, "stat", path);
  if (!S_ISREG(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is not a regular file"));
  }
  const absl::Status too_long = absl::FailedPreconditionError(
      absl::StrCat(path, " is longer than ", max_bytes, " bytes"));
  if (static_cast<uint64_t>(info.st_size) > max_bytes) return too_long;
  // One byte more than it had, to notice a file that grows while it is read.
  std::string bytes(static_cast<size_t>(info.st_size) + 1, '\0');
  absl::StatusOr<size_t> size =
      ReadUpTo(file->fd(), absl::MakeSpan(&bytes[0], bytes.size()), path);
  if (!size.ok()) return size.status();
  if (*size == bytes.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " changed while it was read"));
  }
  bytes.resize(*size);
  return bytes;
}

absl::Status CheckPrivateFile(const std::string& path) {
  return OpenPrivate(path).status();
}

absl::StatusOr<size_t> ReadPrivateFile(const std::string& path,
                                       absl::Span<char> buffer) {
  absl::StatusOr<File> file = OpenPrivate(path);
  if (!file.ok()) return file.status();
  absl::StatusOr<size_t> size = ReadUpTo(file->fd(), buffer, path);
  if (!size.ok() || *size < buffer.size()) return size;
  char next;
  absl::StatusOr<size_t> more =
      ReadUpTo(file->fd(), absl::MakeSpan(&next, 1), path);
  if (!more.ok()) return more.status();
  if (*more != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, " is longer than ", buffer.size(), " bytes"));
  }
  return size;
}

absl::Status EnsurePrivateDirectory(const std::string& path) {
  if (path.empty()) return absl::InvalidArgumentError("empty folder name");
  for (size_t slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (mkdir(parent.c_str(), S_IRWXU) == 0) {
      absl::Status s = SyncDirectory(DirectoryOf(parent));
      if (!s.ok()) return s;
    } else if (errno != EEXIST) {
      return ErrnoStatus(errno, "create", parent);
    }
  }
  if (mkdir(path.c_str(), S_IRWXU) == 0) {
    return SyncDirectory(DirectoryOf(path));
  }
  if (errno != EEXIST) return ErrnoStatus(errno, "create", path);
  return CheckPrivateDirectory(path);
}

absl::Status SyncDirectory(const std::string& directory) {
  absl::StatusOr<File> file = Open(directory, O_RDONLY | O_DIRECTORY);
  if (!file.ok()) return file.status();
  if (fsync(file->fd()) != 0) return ErrnoStatus(errno, "sync", directory);
  return absl::OkStatus();
}

}  // namespace keyward
