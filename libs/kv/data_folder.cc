// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/data_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/kv/format.h"
#include "libs/kv/rocksdb_status.h"
#include "libs/kv/small_file.h"

namespace keyward::kv {
namespace {

constexpr char kLockFile[] = "KEYWARD.lock";
constexpr char kCurrent[] = "CURRENT";
constexpr char kFirstManifest[] = "MANIFEST-000001";

std::string In(const std::string& folder, absl::string_view file) {
  return absl::StrCat(folder, "/", file);
}

bool IsDefault(const rocksdb::FileSystem* file_system) {
  return file_system == rocksdb::FileSystem::Default().get();
}

// Makes one folder, unless it is there. True if it was not.
absl::StatusOr<bool> MakeOne(const std::string& folder,
                             rocksdb::FileSystem* file_system) {
  if (!IsDefault(file_system)) {
    const absl::Status made =
        FromRocksDb(file_system->CreateDirIfMissing(folder, {}, nullptr),
                    "make the data folder");
    if (!made.ok()) return made;
    return true;
  }
  if (mkdir(folder.c_str(), 0700) == 0) return true;
  if (errno == EEXIST) return false;
  const int error = errno;
  const std::string message = absl::StrCat("cannot make the data folder ",
                                           folder, ": ", strerror(error));
  return error == ENOSPC ? absl::ResourceExhaustedError(message)
                         : absl::UnavailableError(message);
}

absl::Status SyncFolder(const std::string& folder,
                        rocksdb::FileSystem* file_system) {
  std::unique_ptr<rocksdb::FSDirectory> directory;
  rocksdb::IOStatus status =
      file_system->NewDirectory(folder, {}, &directory, nullptr);
  if (status.ok()) status = directory->Fsync({}, nullptr);
  return FromRocksDb(status, absl::StrCat("sync the folder ", folder));
}

absl::Status MakeFolder(const std::string& path,
                        rocksdb::FileSystem* file_system) {
  // One by one, so that parents get the same mode: they say where data lies.
  // Not by a umask, which belongs to all threads of the process.
  for (size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string folder = path.substr(0, end);
    const absl::StatusOr<bool> made = MakeOne(folder, file_system);
    if (!made.ok()) return made.status();
    // A power cut takes a folder whose name is not durable, with all that is
    // in it. Also one that was there: whoever made it may have been killed
    // before this. Then it is no error if its parent, which may be another
    // user's, cannot be synced.
    const size_t slash = folder.rfind('/');
    if (slash != std::string::npos) {
      const absl::Status synced =
          SyncFolder(slash == 0 ? "/" : folder.substr(0, slash), file_system);
      if (*made && !synced.ok()) return synced;
    }
    if (end == std::string::npos) return absl::OkStatus();
  }
}

absl::Status CheckMode(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the data folder ", path, " is not a folder"));
  }
  if (info.st_uid != geteuid()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the data folder ", path, " belongs to user ", info.st_uid,
                     ", not to this process's user ", geteuid(),
                     "; run as that user or change its owner"));
  }
  if ((info.st_mode & 0077) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the data folder ", path,
                     " can be entered by other users; run: chmod 700 ", path));
  }
  // Before the lock is tried, whose failure would be taken for another
  // process's.
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the data folder ", path, " cannot be written: ", strerror(errno),
        "; make it writable, or name another data folder"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> List(
    const std::string& path, rocksdb::FileSystem* file_system) {
  std::vector<std::string> names;
  absl::Status status =
      FromRocksDb(file_system->GetChildren(path, {}, &names, nullptr),
                  absl::StrCat("list the data folder ", path));
  if (!status.ok()) return status;
  names.erase(std::remove_if(names.begin(), names.end(),
                             [](const std::string& name) {
                               return name == "." || name == ".." ||
                                      name == kLockFile;
                             }),
              names.end());
  return names;
}

bool Contains(const std::vector<std::string>& names, absl::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Files of a database that was there: where one is, RocksDB must not quietly
// begin anew. RocksDB makes the first manifest before CURRENT, and all the
// others after CURRENT is durable, so that one alone is what a power cut, or a
// kill, leaves of a database that was being made.
bool IsDatabaseFile(const std::string& name) {
  return name == format::kNewestLogFile || absl::EndsWith(name, ".sst") ||
         absl::EndsWith(name, ".log") ||
         (absl::StartsWith(name, "MANIFEST-") && name != kFirstManifest);
}

absl::Status CheckMarker(const std::string& path,
                         rocksdb::FileSystem* file_system) {
  const absl::StatusOr<std::string> content =
      ReadSmallFile(In(path, format::kMarkerFile), file_system);
  if (!content.ok()) return content.status();
  absl::StatusOr<uint64_t> version = format::DecodeMarker(*content);
  if (!version.ok()) {
    return absl::DataLossError(
        absl::StrCat(In(path, format::kMarkerFile),
                     " is damaged; restore the data folder from a backup"));
  }
  if (*version > format::kVersion) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the data folder ", path, " was written by a newer Keyward (format ",
        *version, ", this one reads up to ", format::kVersion,
        "); start that version, or restore a backup of this one"));
  }
  return absl::OkStatus();
}

absl::Status CheckContents(const std::string& path,
                           const std::vector<std::string>& names,
                           rocksdb::FileSystem* file_system) {
  if (!Contains(names, format::kMarkerFile)) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the folder ", path, " is not empty and holds no Keyward data (no ",
        format::kMarkerFile, " file); name another data folder"));
  }
  absl::Status status = CheckMarker(path, file_system);
  if (!status.ok()) return status;
  if (!Contains(names, kCurrent) &&
      std::any_of(names.begin(), names.end(), IsDatabaseFile)) {
    return absl::DataLossError(
        absl::StrCat("the data folder ", path,
                     " has lost its CURRENT file; restore it from a backup"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<DataFolder>> DataFolder::Claim(
    std::string path, std::shared_ptr<rocksdb::FileSystem> file_system) {
  absl::Status status = MakeFolder(path, file_system.get());
  if (status.ok() && IsDefault(file_system.get())) status = CheckMode(path);
  if (!status.ok()) return status;
  // Looked at before the lock file is made: a folder of someone else stays as
  // it is. (Ours is looked at again below, under the lock.)
  absl::StatusOr<std::vector<std::string>> names =
      List(path, file_system.get());
  if (!names.ok()) return names.status();
  const std::string draft = absl::StrCat(format::kMarkerFile, ".tmp");
  const auto is_new = [&draft](const std::vector<std::string>& files) {
    return std::all_of(files.begin(), files.end(),
                       [&](const std::string& f) { return f == draft; });
  };
  if (!is_new(*names)) {
    status = CheckContents(path, *names, file_system.get());
    if (!status.ok()) return status;
  }
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::IOStatus locked =
      file_system->LockFile(In(path, kLockFile), {}, &lock, nullptr);
  // The file may have to be made first.
  if (locked.IsNoSpace()) {
    return FromRocksDb(locked, "lock the data folder " + path);
  }
  if (!locked.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the data folder ", path,
        " is in use by another process; stop it, or name another folder"));
  }
  std::unique_ptr<DataFolder> folder(
      new DataFolder(std::move(path), std::move(file_system), lock));
  names = List(folder->path_, folder->file_system_.get());
  if (!names.ok()) return names.status();
  status =
      is_new(*names)
          ? ReplaceSmallFile(folder->path_, format::kMarkerFile,
                             format::EncodeMarker(format::kVersion),
                             folder->file_system_.get())
          : CheckContents(folder->path_, *names, folder->file_system_.get());
  if (!status.ok()) return status;
  folder->empty_ = !Contains(*names, kCurrent);
  return folder;
}

DataFolder::~DataFolder() {
  // The lock goes with the process anyway; nothing to do about an error.
  file_system_->UnlockFile(lock_, {}, nullptr).PermitUncheckedError();
}

absl::Status CheckReadableFolder(const std::string& path,
                                 rocksdb::FileSystem* file_system) {
  rocksdb::IOStatus exists = file_system->FileExists(path, {}, nullptr);
  if (exists.IsNotFound()) {
    return absl::NotFoundError(absl::StrCat("there is no data folder ", path));
  }
  absl::StatusOr<std::vector<std::string>> names = List(path, file_system);
  if (!names.ok()) return names.status();
  absl::Status status = CheckContents(path, *names, file_system);
  if (!status.ok()) return status;
  if (!Contains(*names, kCurrent)) {
    return absl::NotFoundError(
        absl::StrCat("the data folder ", path, " holds no database yet"));
  }
  return absl::OkStatus();
}

}  // namespace keyward::kv
