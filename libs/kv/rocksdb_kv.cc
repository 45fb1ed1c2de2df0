// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/rocksdb_kv.h"

#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/kv/data_folder.h"
#include "libs/kv/database.h"
#include "libs/kv/reader.h"
#include "libs/kv/rocksdb_store.h"
#include "rocksdb/file_system.h"
#include "rocksdb/options.h"

namespace keyward::kv {
namespace {

// A private folder (mode 0700) that is removed with its contents.
class ScratchFolder {
 public:
  static absl::StatusOr<std::unique_ptr<ScratchFolder>> Create() {
    std::error_code error;
    std::filesystem::path base = std::filesystem::temp_directory_path(error);
    if (error) base = "/tmp";
    std::string path = (base / "keyward-read-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) {
      return absl::UnavailableError(
          "cannot make a temporary folder; set TMPDIR to one that can be "
          "written");
    }
    return std::unique_ptr<ScratchFolder>(new ScratchFolder(std::move(path)));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  const std::string path_;
};

class ReadOnlyView final : public KeyValueReader {
 public:
  ReadOnlyView(std::unique_ptr<ScratchFolder> scratch,
               std::unique_ptr<Database> database)
      : scratch_(std::move(scratch)), database_(std::move(database)) {}

  absl::StatusOr<Entry> Get(absl::string_view key) const override {
    return reader::Get(database_->db(), {}, key);
  }
  std::vector<absl::StatusOr<Entry>> GetMany(
      const std::vector<std::string>& keys) const override {
    return reader::GetMany(database_->db(), {}, keys);
  }
  absl::StatusOr<RangeResult> Range(
      absl::string_view begin, absl::string_view end,
      const RangeOptions& options) const override {
    return reader::Range(database_->db(), {}, begin, end, options);
  }
  absl::StatusOr<uint64_t> Revision() const override {
    return reader::Revision(database_->db(), {});
  }

 private:
  const std::unique_ptr<ScratchFolder> scratch_;  // Outlives database_.
  const std::unique_ptr<Database> database_;
};

// A reader's cache: a verification reads everything once.
constexpr size_t kReadOnlyCacheBytes = size_t{8} << 20;

// `refusal` with what to do about it, where the place of what is wrong is all
// that is said.
absl::Status WithRemedy(const absl::Status& refusal, const std::string& path) {
  std::string remedy;
  if (absl::IsDataLoss(refusal)) {
    // Nothing that a start can mend.
    if (absl::StrContains(refusal.message(), "restore")) return refusal;
    remedy = absl::StrCat("restore the data folder ", path,
                          " from a backup (deploy/BACKUP.md)");
  } else if (absl::IsResourceExhausted(refusal)) {
    remedy = absl::StrCat("make room on the disk of the data folder ", path,
                          " and start again: nothing is lost");
  } else if (absl::IsUnavailable(refusal)) {
    remedy = absl::StrCat("the disk of the data folder ", path,
                          " does not do what it is asked: see the system's "
                          "log, and start again when it is mended");
  } else {
    return refusal;
  }
  return absl::Status(refusal.code(),
                      absl::StrCat(refusal.message(), "; ", remedy));
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyValueStore>> OpenRocksDb(
    const RocksDbOptions& options) {
  absl::StatusOr<std::unique_ptr<RocksDbStore>> store =
      RocksDbStore::Open(options, rocksdb::FileSystem::Default());
  if (!store.ok()) return WithRemedy(store.status(), options.path);
  return *std::move(store);
}

absl::StatusOr<std::unique_ptr<KeyValueReader>> OpenRocksDbReadOnly(
    const std::string& path) {
  DatabaseOptions options;
  options.path = path;
  options.file_system = rocksdb::FileSystem::Default();
  options.block_cache_bytes = kReadOnlyCacheBytes;
  options.write_buffer_bytes = RocksDbOptions().write_buffer_bytes;
  absl::Status readable = CheckReadableFolder(path, options.file_system.get());
  if (!readable.ok()) return readable;
  absl::StatusOr<std::unique_ptr<ScratchFolder>> scratch =
      ScratchFolder::Create();
  if (!scratch.ok()) return scratch.status();
  absl::StatusOr<std::unique_ptr<Database>> database =
      Database::OpenSecondary(options, (*scratch)->path());
  if (!database.ok()) return database.status();
  return std::make_unique<ReadOnlyView>(*std::move(scratch),
                                        *std::move(database));
}

}  // namespace keyward::kv
