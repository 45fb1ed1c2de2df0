// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A real RocksDB store for tests of anything that keeps state, on a disk in
// memory that can fail, stall, fill up and lose power. Prefer it to a mock.
//
//   TestKv kv({"event/"});
//   MyService service(kv.store());
//   ...
//   ASSERT_TRUE(kv.PowerCut().ok());  // a new store() over what was synced

#ifndef KEYWARD_LIBS_KV_TEST_KV_H_
#define KEYWARD_LIBS_KV_TEST_KV_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/kv/kv.h"
#include "libs/kv/rocksdb_kv.h"

namespace keyward::kv {

class PowerCutFileSystem;

// Not thread-safe, apart from the store itself and the faults.
class TestKv {
 public:
  // What is left of a disk when its power fails.
  enum class Cut {
    kUnsyncedLost,  // nothing that was not synced
    kUnsyncedTorn,  // half of what each file had unsynced
  };

  // Opens a new store with feeds for `feeds`; `clock` is the system's if null,
  // else it outlives this. Dies if that fails.
  explicit TestKv(std::vector<std::string> feeds = {},
                  const Clock* clock = nullptr);

  // The same with options of one's own; path and clock may be left out:
  //   TestKv kv = TestKv::WithOptions(options);
  static TestKv WithOptions(RocksDbOptions options);

  ~TestKv();
  TestKv(const TestKv&) = delete;
  TestKv& operator=(const TestKv&) = delete;

  // Valid until the next of Close, Restart, Kill and PowerCut.
  KeyValueStore* store() { return store_.get(); }

  // Each ends store() and opens a new one. Faults that were set do not carry
  // over. The status is that of opening.
  absl::Status Restart();  // an orderly end
  absl::Status Kill();     // as kill -9: all that was written stays
  absl::Status PowerCut(Cut cut = Cut::kUnsyncedLost);

  // Ends store(), which is null until the next Restart or PowerCut.
  void Close() { store_.reset(); }

  // The files as they are now, path to content, and a store over others: to
  // flip bits. Close first.
  std::map<std::string, std::string> Files() const;
  absl::Status OpenFiles(const std::map<std::string, std::string>& files);

  // Faults of the disk; see PowerCutFileSystem.
  void FailSyncs(uint64_t skip, uint64_t count, bool lose_unsynced = false);
  void StallSyncs();
  void ReleaseSyncs();
  uint64_t StalledSyncs() const;
  void SetSpaceLimit(uint64_t bytes);
  void FailReads(bool fail);

  // The file system itself, for tests of this library.
  PowerCutFileSystem* disk() { return disk_.get(); }

 private:
  // Apart from the public constructor even for arguments in braces.
  struct OptionsTag {};
  TestKv(OptionsTag, RocksDbOptions options);

  absl::Status Open();
  absl::Status OpenImage(const std::map<std::string, std::string>& files);

  SystemClock system_clock_;
  RocksDbOptions options_;
  std::shared_ptr<PowerCutFileSystem> disk_;
  std::unique_ptr<KeyValueStore> store_;
};

// A disk of that kind with several stores on it, as the services of one machine
// have them: its power fails for all of them at one moment. Not thread-safe,
// apart from Left.
class TestDisk {
 public:
  using Files = std::map<std::string, std::string>;

  // Begins with `files`, path to content, all of them durable.
  explicit TestDisk(const Files& files = {});
  TestDisk(const TestDisk&) = delete;
  TestDisk& operator=(const TestDisk&) = delete;

  // Opens the store in the folder options.path, or makes it. Errors as
  // OpenRocksDb.
  absl::StatusOr<std::unique_ptr<KeyValueStore>> Open(
      const RocksDbOptions& options);

  // What a power cut now would leave.
  Files Left(TestKv::Cut cut) const;

  // `hook` is called before each sync of any store takes effect, without
  // locks, on the thread that syncs. Before the first Open.
  void BeforeEachSync(std::function<void()> hook);

 private:
  const std::shared_ptr<PowerCutFileSystem> disk_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_TEST_KV_H_
