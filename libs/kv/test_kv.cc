// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/test_kv.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "libs/kv/power_cut_file_system.h"
#include "libs/kv/rocksdb_store.h"

namespace keyward::kv {
namespace {

RocksDbOptions WithFeeds(std::vector<std::string> feeds, const Clock* clock) {
  RocksDbOptions options;
  options.feeds = std::move(feeds);
  options.clock = clock;
  options.erase_delay = absl::ZeroDuration();
  return options;
}

Unsynced UnsyncedOf(TestKv::Cut cut) {
  return cut == TestKv::Cut::kUnsyncedLost ? Unsynced::kLost : Unsynced::kTorn;
}

}  // namespace

TestKv::TestKv(std::vector<std::string> feeds, const Clock* clock)
    : TestKv(OptionsTag(), WithFeeds(std::move(feeds), clock)) {}

TestKv TestKv::WithOptions(RocksDbOptions options) {
  return TestKv(OptionsTag(), std::move(options));
}

TestKv::TestKv(OptionsTag, RocksDbOptions options)
    : options_(std::move(options)),
      disk_(std::make_shared<PowerCutFileSystem>()) {
  options_.path = "/kv";
  if (options_.clock == nullptr) options_.clock = &system_clock_;
  absl::Status opened = Open();
  if (!opened.ok()) {
    fprintf(stderr, "TestKv: %s\n", opened.ToString().c_str());
    abort();
  }
}

TestKv::~TestKv() { disk_->ReleaseSyncs(); }

absl::Status TestKv::Open() {
  absl::StatusOr<std::unique_ptr<RocksDbStore>> store =
      RocksDbStore::Open(options_, disk_);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  return absl::OkStatus();
}

absl::Status TestKv::OpenImage(
    const std::map<std::string, std::string>& files) {
  // What the old store does while it ends goes to the old disk.
  disk_->ReleaseSyncs();
  store_.reset();
  disk_ = std::make_shared<PowerCutFileSystem>(files);
  return Open();
}

absl::Status TestKv::Restart() {
  disk_->ReleaseSyncs();
  store_.reset();
  return OpenImage(disk_->Image(Unsynced::kKept));
}

absl::Status TestKv::Kill() { return OpenImage(disk_->Image(Unsynced::kKept)); }

absl::Status TestKv::PowerCut(Cut cut) {
  return OpenImage(disk_->Image(UnsyncedOf(cut)));
}

std::map<std::string, std::string> TestKv::Files() const {
  return disk_->Image(Unsynced::kKept);
}

absl::Status TestKv::OpenFiles(
    const std::map<std::string, std::string>& files) {
  return OpenImage(files);
}

void TestKv::FailSyncs(uint64_t skip, uint64_t count, bool lose_unsynced) {
  disk_->FailSyncs(skip, count, lose_unsynced);
}

void TestKv::StallSyncs() { disk_->StallSyncs(); }

void TestKv::ReleaseSyncs() { disk_->ReleaseSyncs(); }

uint64_t TestKv::StalledSyncs() const { return disk_->Stalled(); }

void TestKv::SetSpaceLimit(uint64_t bytes) { disk_->SetSpaceLimit(bytes); }

void TestKv::FailReads(bool fail) { disk_->FailReads(fail); }

TestDisk::TestDisk(const Files& files)
    : disk_(std::make_shared<PowerCutFileSystem>(files)) {}

absl::StatusOr<std::unique_ptr<KeyValueStore>> TestDisk::Open(
    const RocksDbOptions& options) {
  return RocksDbStore::Open(options, disk_);
}

TestDisk::Files TestDisk::Left(TestKv::Cut cut) const {
  return disk_->Image(UnsyncedOf(cut));
}

void TestDisk::BeforeEachSync(std::function<void()> hook) {
  disk_->set_before_sync([hook = std::move(hook)](uint64_t) { hook(); });
}

}  // namespace keyward::kv
