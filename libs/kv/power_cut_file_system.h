// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A file system in memory for tests that knows what a power cut would leave:
// what was synced, and nothing that was not. kill -9 does not show whether a
// store syncs, because the kernel keeps what was written; this does.

#ifndef KEYWARD_LIBS_KV_POWER_CUT_FILE_SYSTEM_H_
#define KEYWARD_LIBS_KV_POWER_CUT_FILE_SYSTEM_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/base/mutex.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

// The files of a disk: path to content.
using DiskImage = std::map<std::string, std::string>;

// What becomes of the bytes that were written after a file's last sync.
enum class Unsynced {
  kLost,  // all gone
  kTorn,  // the first half of them reached the disk
  kKept,  // they reached the disk: a process that was killed
};

// The rules: a file's content is durable up to its length at its last sync; a
// name (of a new, renamed or deleted file, or of a new folder) is durable once
// the folder that it is in was synced. Thread-safe.
class PowerCutFileSystem : public rocksdb::FileSystem {
 public:
  // Begins with `image`, all of it durable.
  explicit PowerCutFileSystem(const DiskImage& image = {});

  const char* Name() const override { return "PowerCutFileSystem"; }

  // What the disk would hold after a power cut now.
  DiskImage Image(Unsynced unsynced) const;

  // Called before each sync of a file or folder takes effect, with the number
  // of syncs so far; without locks. Set it while nothing runs.
  void set_before_sync(std::function<void(uint64_t)> hook) {
    before_sync_ = std::move(hook);
  }

  // After `skip` more syncs, the next `count` fail. With `lose`, a failed sync
  // also takes back the unsynced bytes of its file, as a kernel may that drops
  // pages which it could not write.
  void FailSyncs(uint64_t skip, uint64_t count, bool lose);

  // Holds every sync from now on until ReleaseSyncs. Stalled() is the number
  // of those that are held.
  void StallSyncs();
  void ReleaseSyncs();
  uint64_t Stalled() const;

  // Appends fail for lack of space while the files hold more than `bytes`.
  void SetSpaceLimit(uint64_t bytes);

  // While it is set, every read of a file fails, as one of a bad sector does.
  void FailReads(bool fail);

  // Holds every deletion of a file whose path ends like this, from now on until
  // ReleaseDeletions, as a disk that is busy does. StalledDeletions() is the
  // number of those that are held.
  void StallDeletions(std::string suffix);
  void ReleaseDeletions();
  uint64_t StalledDeletions() const;

  uint64_t syncs() const;

  // rocksdb::FileSystem.
  rocksdb::IOStatus NewSequentialFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSSequentialFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewRandomAccessFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSRandomAccessFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus ReopenWritableFile(
      const std::string& path, const rocksdb::FileOptions& options,
      std::unique_ptr<rocksdb::FSWritableFile>* result,
      rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewDirectory(const std::string& path,
                                 const rocksdb::IOOptions& options,
                                 std::unique_ptr<rocksdb::FSDirectory>* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus FileExists(const std::string& path,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetChildren(const std::string& path,
                                const rocksdb::IOOptions& options,
                                std::vector<std::string>* result,
                                rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteFile(const std::string& path,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDir(const std::string& path,
                              const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path,
                                       const rocksdb::IOOptions& options,
                                       rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus DeleteDir(const std::string& path,
                              const rocksdb::IOOptions& options,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFileSize(const std::string& path,
                                const rocksdb::IOOptions& options,
                                uint64_t* result,
                                rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFreeSpace(const std::string& path,
                                 const rocksdb::IOOptions& options,
                                 uint64_t* result,
                                 rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetFileModificationTime(
      const std::string& path, const rocksdb::IOOptions& options,
      uint64_t* result, rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus LockFile(const std::string& path,
                             const rocksdb::IOOptions& options,
                             rocksdb::FileLock** lock,
                             rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus UnlockFile(rocksdb::FileLock* lock,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetTestDirectory(const rocksdb::IOOptions& options,
                                     std::string* result,
                                     rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewLogger(const std::string& path,
                              const rocksdb::IOOptions& options,
                              std::shared_ptr<rocksdb::Logger>* result,
                              rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus GetAbsolutePath(const std::string& path,
                                    const rocksdb::IOOptions& options,
                                    std::string* result,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus IsDirectory(const std::string& path,
                                const rocksdb::IOOptions& options, bool* result,
                                rocksdb::IODebugContext* debug) override;

 private:
  struct File {
    std::string data;
    size_t durable = 0;  // bytes of data that survive
  };
  using Names = std::map<std::string, std::shared_ptr<File>>;
  class SequentialFile;
  class RandomAccessFile;
  class WritableFile;
  class Directory;
  struct Lock;

  std::shared_ptr<File> Find(const std::string& path) const;
  // The part of each sync before it takes effect: hook, stall, failure.
  rocksdb::IOStatus BeginSync(File* file);
  void SyncNames(const std::string& path);
  uint64_t UsedLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether a power cut leaves the way to the file.
  bool ReachableLocked(const std::string& path) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::function<void(uint64_t)> before_sync_;

  mutable Mutex mu_;
  CondVar released_;
  // As a process sees them, and as they are on the disk. Both name the same
  // files.
  Names names_ ABSL_GUARDED_BY(mu_);
  Names durable_names_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> folders_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> durable_folders_ ABSL_GUARDED_BY(mu_);
  std::set<std::string> locked_ ABSL_GUARDED_BY(mu_);
  uint64_t syncs_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t fail_skip_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t fail_count_ ABSL_GUARDED_BY(mu_) = 0;
  bool fail_loses_ ABSL_GUARDED_BY(mu_) = false;
  bool stall_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t stalled_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t space_limit_ ABSL_GUARDED_BY(mu_) = UINT64_MAX;
  bool fail_reads_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<std::string> stall_deletions_ ABSL_GUARDED_BY(mu_);
  uint64_t stalled_deletions_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_POWER_CUT_FILE_SYSTEM_H_
