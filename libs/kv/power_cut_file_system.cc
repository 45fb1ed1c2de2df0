// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/power_cut_file_system.h"

#include <algorithm>
#include <cstdarg>
#include <utility>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "libs/kv/power_cut_files.h"
#include "rocksdb/env.h"

namespace keyward::kv {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

// Tests that forget to release a stall fail after this instead of hanging.
constexpr absl::Duration kMaxStall = absl::Minutes(1);

std::string FolderOf(const std::string& path) {
  return path.substr(0, path.rfind('/'));
}

// "a//b/" and "a/b" are the same.
std::string Clean(const std::string& path) {
  std::string clean;
  for (const char c : path) {
    if (c == '/' && !clean.empty() && clean.back() == '/') continue;
    clean.push_back(c);
  }
  if (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  return clean;
}

// RocksDB's own text log is of no interest here.
class NoLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
  size_t GetLogFileSize() const override { return 0; }
};

IOStatus Missing(const std::string& path) {
  return IOStatus::NotFound("no such file", path);
}

}  // namespace

struct PowerCutFileSystem::Lock : public rocksdb::FileLock {
  explicit Lock(std::string locked) : path(std::move(locked)) {}
  const std::string path;
};

PowerCutFileSystem::PowerCutFileSystem(const DiskImage& image) {
  MutexLock lock(&mu_);
  for (const auto& [path, content] : image) {
    auto file = std::make_shared<File>();
    file->data = content;
    file->durable = content.size();
    names_[path] = file;
    for (std::string folder = FolderOf(path); !folder.empty();
         folder = FolderOf(folder)) {
      folders_.insert(folder);
    }
  }
  durable_names_ = names_;
  durable_folders_ = folders_;
}

DiskImage PowerCutFileSystem::Image(Unsynced unsynced) const {
  MutexLock lock(&mu_);
  DiskImage image;
  const bool kept = unsynced == Unsynced::kKept;
  for (const auto& [path, file] : kept ? names_ : durable_names_) {
    if (!kept && !ReachableLocked(path)) continue;
    size_t size = file->durable;
    if (kept) size = file->data.size();
    if (unsynced == Unsynced::kTorn) {
      size += (file->data.size() - file->durable) / 2;
    }
    image[path] = file->data.substr(0, size);
  }
  return image;
}

void PowerCutFileSystem::FailSyncs(uint64_t skip, uint64_t count, bool lose) {
  MutexLock lock(&mu_);
  fail_skip_ = skip;
  fail_count_ = count;
  fail_loses_ = lose;
}

void PowerCutFileSystem::StallSyncs() {
  MutexLock lock(&mu_);
  stall_ = true;
}

void PowerCutFileSystem::ReleaseSyncs() {
  MutexLock lock(&mu_);
  stall_ = false;
  released_.SignalAll();
}

uint64_t PowerCutFileSystem::Stalled() const {
  MutexLock lock(&mu_);
  return stalled_;
}

void PowerCutFileSystem::SetSpaceLimit(uint64_t bytes) {
  MutexLock lock(&mu_);
  space_limit_ = bytes;
}

void PowerCutFileSystem::FailReads(bool fail) {
  MutexLock lock(&mu_);
  fail_reads_ = fail;
}

void PowerCutFileSystem::StallDeletions(std::string suffix) {
  MutexLock lock(&mu_);
  stall_deletions_ = std::move(suffix);
}

void PowerCutFileSystem::ReleaseDeletions() {
  MutexLock lock(&mu_);
  stall_deletions_.reset();
  released_.SignalAll();
}

uint64_t PowerCutFileSystem::StalledDeletions() const {
  MutexLock lock(&mu_);
  return stalled_deletions_;
}

uint64_t PowerCutFileSystem::syncs() const {
  MutexLock lock(&mu_);
  return syncs_;
}

IOStatus PowerCutFileSystem::BeginSync(File* file) {
  if (before_sync_) before_sync_(syncs());
  MutexLock lock(&mu_);
  ++syncs_;
  ++stalled_;
  while (stall_) {
    if (!released_.WaitFor(&mu_, kMaxStall)) break;
  }
  --stalled_;
  if (fail_count_ == 0) return IOStatus::OK();
  if (fail_skip_ > 0) {
    --fail_skip_;
    return IOStatus::OK();
  }
  --fail_count_;
  if (fail_loses_ && file != nullptr) file->data.resize(file->durable);
  return IOStatus::IOError("the sync failed");
}

void PowerCutFileSystem::SyncNames(const std::string& path) {
  // As FolderOf has the topmost.
  const std::string folder = path == "/" ? "" : path;
  MutexLock lock(&mu_);
  for (auto it = durable_names_.begin(); it != durable_names_.end();) {
    it = FolderOf(it->first) == folder ? durable_names_.erase(it) : ++it;
  }
  for (const auto& [name, file] : names_) {
    if (FolderOf(name) == folder) durable_names_[name] = file;
  }
  for (const std::string& inner : folders_) {
    if (FolderOf(inner) == folder) durable_folders_.insert(inner);
  }
}

bool PowerCutFileSystem::ReachableLocked(const std::string& path) const {
  for (std::string folder = FolderOf(path); !folder.empty();
       folder = FolderOf(folder)) {
    if (durable_folders_.count(folder) == 0) return false;
  }
  return true;
}

uint64_t PowerCutFileSystem::UsedLocked() const {
  uint64_t used = 0;
  for (const auto& [path, file] : names_) used += file->data.size();
  return used;
}

std::shared_ptr<PowerCutFileSystem::File> PowerCutFileSystem::Find(
    const std::string& path) const {
  MutexLock lock(&mu_);
  const auto found = names_.find(Clean(path));
  return found == names_.end() ? nullptr : found->second;
}

IOStatus PowerCutFileSystem::NewSequentialFile(
    const std::string& path, const FileOptions&,
    std::unique_ptr<rocksdb::FSSequentialFile>* result, IODebugContext*) {
  std::shared_ptr<File> file = Find(path);
  if (file == nullptr) return Missing(path);
  *result = std::make_unique<SequentialFile>(this, std::move(file));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::NewRandomAccessFile(
    const std::string& path, const FileOptions&,
    std::unique_ptr<rocksdb::FSRandomAccessFile>* result, IODebugContext*) {
  std::shared_ptr<File> file = Find(path);
  if (file == nullptr) return Missing(path);
  *result = std::make_unique<RandomAccessFile>(this, std::move(file));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::NewWritableFile(
    const std::string& path, const FileOptions&,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext*) {
  auto file = std::make_shared<File>();
  {
    MutexLock lock(&mu_);
    names_[Clean(path)] = file;
  }
  *result = std::make_unique<WritableFile>(this, std::move(file));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::ReopenWritableFile(
    const std::string& path, const FileOptions& options,
    std::unique_ptr<rocksdb::FSWritableFile>* result, IODebugContext* debug) {
  std::shared_ptr<File> file = Find(path);
  if (file == nullptr) return NewWritableFile(path, options, result, debug);
  *result = std::make_unique<WritableFile>(this, std::move(file));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::NewDirectory(
    const std::string& path, const IOOptions&,
    std::unique_ptr<rocksdb::FSDirectory>* result, IODebugContext*) {
  *result = std::make_unique<Directory>(this, Clean(path));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::FileExists(const std::string& path,
                                        const IOOptions&, IODebugContext*) {
  if (Find(path) != nullptr) return IOStatus::OK();
  MutexLock lock(&mu_);
  return folders_.count(Clean(path)) > 0 ? IOStatus::OK() : Missing(path);
}

IOStatus PowerCutFileSystem::GetChildren(const std::string& path,
                                         const IOOptions&,
                                         std::vector<std::string>* result,
                                         IODebugContext*) {
  const std::string folder = Clean(path);
  MutexLock lock(&mu_);
  if (folders_.count(folder) == 0) return Missing(path);
  result->clear();
  for (const auto& [name, file] : names_) {
    if (FolderOf(name) == folder) {
      result->push_back(name.substr(folder.size() + 1));
    }
  }
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::DeleteFile(const std::string& path,
                                        const IOOptions&, IODebugContext*) {
  MutexLock lock(&mu_);
  ++stalled_deletions_;
  while (stall_deletions_.has_value() &&
         absl::EndsWith(path, *stall_deletions_)) {
    if (!released_.WaitFor(&mu_, kMaxStall)) break;
  }
  --stalled_deletions_;
  return names_.erase(Clean(path)) > 0 ? IOStatus::OK() : Missing(path);
}

IOStatus PowerCutFileSystem::CreateDir(const std::string& path,
                                       const IOOptions&, IODebugContext*) {
  MutexLock lock(&mu_);
  return folders_.insert(Clean(path)).second
             ? IOStatus::OK()
             : IOStatus::IOError("the folder exists", path);
}

IOStatus PowerCutFileSystem::CreateDirIfMissing(const std::string& path,
                                                const IOOptions&,
                                                IODebugContext*) {
  MutexLock lock(&mu_);
  folders_.insert(Clean(path));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::DeleteDir(const std::string& path,
                                       const IOOptions&, IODebugContext*) {
  MutexLock lock(&mu_);
  return folders_.erase(Clean(path)) > 0 ? IOStatus::OK() : Missing(path);
}

IOStatus PowerCutFileSystem::GetFileSize(const std::string& path,
                                         const IOOptions&, uint64_t* result,
                                         IODebugContext*) {
  std::shared_ptr<File> file = Find(path);
  if (file == nullptr) return Missing(path);
  MutexLock lock(&mu_);
  *result = file->data.size();
  return IOStatus::OK();
}

// RocksDB asks before it writes again by itself.
IOStatus PowerCutFileSystem::GetFreeSpace(const std::string&, const IOOptions&,
                                          uint64_t* result, IODebugContext*) {
  MutexLock lock(&mu_);
  *result = space_limit_ - std::min(UsedLocked(), space_limit_);
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::GetFileModificationTime(const std::string& path,
                                                     const IOOptions&,
                                                     uint64_t* result,
                                                     IODebugContext*) {
  *result = 0;
  return Find(path) == nullptr ? Missing(path) : IOStatus::OK();
}

IOStatus PowerCutFileSystem::RenameFile(const std::string& from,
                                        const std::string& to, const IOOptions&,
                                        IODebugContext*) {
  MutexLock lock(&mu_);
  const auto found = names_.find(Clean(from));
  if (found == names_.end()) return Missing(from);
  std::shared_ptr<File> file = found->second;
  names_.erase(found);
  names_[Clean(to)] = std::move(file);
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::LockFile(const std::string& path, const IOOptions&,
                                      rocksdb::FileLock** result,
                                      IODebugContext*) {
  MutexLock lock(&mu_);
  if (!locked_.insert(Clean(path)).second) {
    return IOStatus::IOError("locked already", path);
  }
  *result = new Lock(Clean(path));
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::UnlockFile(rocksdb::FileLock* lock_file,
                                        const IOOptions&, IODebugContext*) {
  const std::unique_ptr<Lock> held(static_cast<Lock*>(lock_file));
  MutexLock lock(&mu_);
  locked_.erase(held->path);
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::GetTestDirectory(const IOOptions&,
                                              std::string* result,
                                              IODebugContext*) {
  *result = "/test";
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::NewLogger(const std::string&, const IOOptions&,
                                       std::shared_ptr<rocksdb::Logger>* result,
                                       IODebugContext*) {
  *result = std::make_shared<NoLogger>();
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::GetAbsolutePath(const std::string& path,
                                             const IOOptions&,
                                             std::string* result,
                                             IODebugContext*) {
  *result = path;
  return IOStatus::OK();
}

IOStatus PowerCutFileSystem::IsDirectory(const std::string& path,
                                         const IOOptions&, bool* result,
                                         IODebugContext*) {
  MutexLock lock(&mu_);
  *result = folders_.count(Clean(path)) > 0;
  return IOStatus::OK();
}

}  // namespace keyward::kv
