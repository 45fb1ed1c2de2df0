// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The open files and folders of a PowerCutFileSystem: for its source alone.

#ifndef KEYWARD_LIBS_KV_POWER_CUT_FILES_H_
#define KEYWARD_LIBS_KV_POWER_CUT_FILES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "libs/base/mutex.h"
#include "libs/kv/power_cut_file_system.h"
#include "rocksdb/file_system.h"

namespace keyward::kv {

class PowerCutFileSystem::SequentialFile : public rocksdb::FSSequentialFile {
 public:
  SequentialFile(PowerCutFileSystem* fs, std::shared_ptr<File> file)
      : fs_(fs), file_(std::move(file)) {}

  rocksdb::IOStatus Read(size_t n, const rocksdb::IOOptions&,
                         rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext*) override {
    MutexLock lock(&fs_->mu_);
    if (fs_->fail_reads_) return rocksdb::IOStatus::IOError("a bad sector");
    const size_t left = file_->data.size() - std::min(at_, file_->data.size());
    n = std::min(n, left);
    memcpy(scratch, file_->data.data() + at_, n);
    at_ += n;
    *result = rocksdb::Slice(scratch, n);
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Skip(uint64_t n) override {
    at_ += n;
    return rocksdb::IOStatus::OK();
  }

 private:
  PowerCutFileSystem* const fs_;
  const std::shared_ptr<File> file_;
  size_t at_ = 0;
};

class PowerCutFileSystem::RandomAccessFile
    : public rocksdb::FSRandomAccessFile {
 public:
  RandomAccessFile(const PowerCutFileSystem* fs, std::shared_ptr<File> file)
      : fs_(fs), file_(std::move(file)) {}

  rocksdb::IOStatus Read(uint64_t offset, size_t n, const rocksdb::IOOptions&,
                         rocksdb::Slice* result, char* scratch,
                         rocksdb::IODebugContext*) const override {
    MutexLock lock(&fs_->mu_);
    if (fs_->fail_reads_) return rocksdb::IOStatus::IOError("a bad sector");
    const size_t size = file_->data.size();
    const size_t at = std::min<size_t>(offset, size);
    n = std::min(n, size - at);
    memcpy(scratch, file_->data.data() + at, n);
    *result = rocksdb::Slice(scratch, n);
    return rocksdb::IOStatus::OK();
  }

 private:
  const PowerCutFileSystem* const fs_;
  const std::shared_ptr<File> file_;
};

class PowerCutFileSystem::WritableFile : public rocksdb::FSWritableFile {
 public:
  WritableFile(PowerCutFileSystem* fs, std::shared_ptr<File> file)
      : fs_(fs), file_(std::move(file)) {}

  using rocksdb::FSWritableFile::Append;
  rocksdb::IOStatus Append(const rocksdb::Slice& data,
                           const rocksdb::IOOptions&,
                           rocksdb::IODebugContext*) override {
    MutexLock lock(&fs_->mu_);
    if (fs_->space_limit_ != UINT64_MAX &&
        fs_->UsedLocked() + data.size() > fs_->space_limit_) {
      return rocksdb::IOStatus::NoSpace("the disk is full");
    }
    file_->data.append(data.data(), data.size());
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Truncate(uint64_t size, const rocksdb::IOOptions&,
                             rocksdb::IODebugContext*) override {
    MutexLock lock(&fs_->mu_);
    file_->data.resize(size);
    file_->durable = std::min<size_t>(file_->durable, size);
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions&,
                         rocksdb::IODebugContext*) override {
    rocksdb::IOStatus status = fs_->BeginSync(file_.get());
    if (!status.ok()) return status;
    MutexLock lock(&fs_->mu_);
    file_->durable = file_->data.size();
    return status;
  }
  rocksdb::IOStatus Close(const rocksdb::IOOptions&,
                          rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
  rocksdb::IOStatus Flush(const rocksdb::IOOptions&,
                          rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }
  uint64_t GetFileSize(const rocksdb::IOOptions&,
                       rocksdb::IODebugContext*) override {
    MutexLock lock(&fs_->mu_);
    return file_->data.size();
  }
  bool IsSyncThreadSafe() const override { return true; }

 private:
  PowerCutFileSystem* const fs_;
  const std::shared_ptr<File> file_;
};

class PowerCutFileSystem::Directory : public rocksdb::FSDirectory {
 public:
  Directory(PowerCutFileSystem* fs, std::string path)
      : fs_(fs), path_(std::move(path)) {}

  rocksdb::IOStatus Fsync(const rocksdb::IOOptions&,
                          rocksdb::IODebugContext*) override {
    rocksdb::IOStatus status = fs_->BeginSync(nullptr);
    if (status.ok()) fs_->SyncNames(path_);
    return status;
  }
  // RocksDB closes its folders, and counts an answer of "not supported" as a
  // failure.
  rocksdb::IOStatus Close(const rocksdb::IOOptions&,
                          rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }

 private:
  PowerCutFileSystem* const fs_;
  const std::string path_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_POWER_CUT_FILES_H_
