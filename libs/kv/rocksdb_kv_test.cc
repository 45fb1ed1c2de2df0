// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The engine on a real folder: what it refuses to open, and reading alone.

#include "libs/kv/rocksdb_kv.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"
#include "libs/kv/writer_session.h"

namespace keyward::kv {
namespace {

namespace fs = std::filesystem;

SteadyTime Soon() { return SystemClock().SteadyNow() + absl::Seconds(30); }

class RocksDbKvTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    path_ = absl::StrCat(root_, "/data/store");
    options_.path = path_;
    options_.clock = &clock_;
  }
  void TearDown() override { fs::remove_all(root_); }

  // The refusal to open, which must not be a success.
  absl::Status Refusal() {
    auto store = OpenRocksDb(options_);
    EXPECT_FALSE(store.ok());
    return store.ok() ? absl::OkStatus() : store.status();
  }
  void Write(const std::string& file, const std::string& content) {
    std::ofstream(path_ + "/" + file, std::ios::binary) << content;
  }
  static CommitResult Put(KeyValueStore* store, uint64_t intent,
                          const std::string& key) {
    Transaction txn;
    txn.id = TransactionId::Intent(intent);
    txn.preconditions.push_back(Precondition::Absent(key));
    txn.puts.push_back({key, "value"});
    return store->CommitAndWait(std::move(txn), {Soon()});
  }

  SystemClock clock_;
  std::string root_;
  std::string path_;
  RocksDbOptions options_;
};

TEST_F(RocksDbKvTest, MakesItsFolderPrivateAndKeepsWhatIsWritten) {
  {
    auto store = OpenRocksDb(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(Put(store->get(), 1, "k").applied());
  }
  struct stat info = {};
  ASSERT_EQ(stat(path_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  auto store = OpenRocksDb(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Get("k")->value, "value");
}

TEST_F(RocksDbKvTest, RefusesTheDataOfAnotherOwnerAndLeavesItAlone) {
  options_.owner = "audit";
  {
    auto store = OpenRocksDb(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    EXPECT_TRUE(Put(store->get(), 1, "k").applied());
  }
  options_.owner = "store";
  options_.feeds = {"k"};
  const absl::Status refusal = Refusal();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refusal.message(), path_)) << refusal;
  EXPECT_TRUE(
      absl::StrContains(refusal.message(), "the data of audit, not of store"))
      << refusal;
  options_.owner = "audit";
  options_.feeds = {};
  auto store = OpenRocksDb(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Get("k")->value, "value");
  EXPECT_EQ((*store)->ReadFeed("k", 0, 1).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(RocksDbKvTest, AFolderWithoutAnOwnerBelongsToTheFirst) {
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  options_.owner = "store";
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  options_.owner = "policy";
  EXPECT_EQ(Refusal().code(), absl::StatusCode::kFailedPrecondition);
}

// Its assertions end the process when the disk under it is full.
TEST_F(RocksDbKvTest, P8_RocksDbWritesNoTextLogBesideTheData) {
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  auto store = OpenRocksDb(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  for (const auto& file : fs::directory_iterator(path_)) {
    EXPECT_FALSE(absl::StartsWith(file.path().filename().string(), "LOG"))
        << file.path();
  }
}

TEST_F(RocksDbKvTest, P8_RefusesAFolderWithoutItsManifestAndSaysWhatToDo) {
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  for (const auto& file : fs::directory_iterator(path_)) {
    if (absl::StartsWith(file.path().filename().string(), "MANIFEST-")) {
      fs::remove(file.path());
    }
  }
  const absl::Status refusal = Refusal();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kDataLoss) << refusal;
  EXPECT_TRUE(absl::StrContains(refusal.message(), "restore the data folder"))
      << refusal;
}

TEST_F(RocksDbKvTest, AClockIsMandatory) {
  options_.clock = nullptr;
  EXPECT_EQ(Refusal().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RocksDbKvTest, RefusesAFolderInUseAndSaysSo) {
  auto store = OpenRocksDb(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  absl::Status refusal = Refusal();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refusal.message(), "in use by another process"))
      << refusal;
}

TEST_F(RocksDbKvTest, RefusesAFolderInUseByAnotherProcess) {
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    // Holds the lock as a store does, without a store's threads, which a fork
    // does not take along.
    const int fd = open((path_ + "/KEYWARD.lock").c_str(), O_RDWR);
    struct flock lock = {};
    lock.l_type = F_WRLCK;
    if (fcntl(fd, F_SETLK, &lock) != 0 || write(ready[1], "x", 1) != 1) {
      _exit(1);
    }
    pause();
    _exit(0);
  }
  close(ready[1]);
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  EXPECT_EQ(Refusal().code(), absl::StatusCode::kFailedPrecondition);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  // And kill -9 leaves no lock behind.
  EXPECT_TRUE(OpenRocksDb(options_).ok());
}

TEST_F(RocksDbKvTest, RefusesAFolderThatOthersCanEnterAndSaysWhatToRun) {
  fs::create_directories(path_);
  chmod(path_.c_str(), 0750);
  absl::Status refusal = Refusal();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refusal.message(), "chmod 700 " + path_))
      << refusal;
}

TEST_F(RocksDbKvTest, RefusesAFolderOfSomethingElseAndLeavesItAsItWas) {
  fs::create_directories(path_);
  chmod(path_.c_str(), 0700);
  Write("thesis.tex", "do not touch");
  absl::Status refusal = Refusal();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refusal.message(), "no Keyward data"))
      << refusal;
  EXPECT_EQ(std::distance(fs::directory_iterator(path_), {}), 1);
}

TEST_F(RocksDbKvTest, RefusesANewerFormatUnopened) {
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  Write("KEYWARD", "keyward kv format 2\n");
  absl::Status refusal = Refusal();
  EXPECT_EQ(refusal.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StrContains(refusal.message(), "newer Keyward")) << refusal;
}

TEST_F(RocksDbKvTest, RefusesADamagedMarker) {
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  for (const char* marker :
       {"", "keyward kv format 1", "keyward kv format 01\n",
        "keyward kv format 1\n\n", "keyward kv format -1\n", "x"}) {
    Write("KEYWARD", marker);
    EXPECT_EQ(Refusal().code(), absl::StatusCode::kDataLoss) << marker;
  }
}

TEST_F(RocksDbKvTest, RefusesToBeginAnewWhereTheDatabaseHasLostItsList) {
  ASSERT_TRUE(OpenRocksDb(options_).ok());
  fs::remove(path_ + "/CURRENT");
  EXPECT_EQ(Refusal().code(), absl::StatusCode::kDataLoss);
}

TEST_F(RocksDbKvTest, RefusesToBeginAnewWhereAnyFileOfADatabaseIsLeft) {
  fs::create_directories(path_);
  chmod(path_.c_str(), 0700);
  Write("KEYWARD", "keyward kv format 1\n");
  for (const char* left :
       {"000004.log", "000009.sst", "MANIFEST-000005", "KEYWARD.newest"}) {
    Write(left, "");
    EXPECT_EQ(Refusal().code(), absl::StatusCode::kDataLoss) << left;
    fs::remove(path_ + "/" + left);
  }
  EXPECT_TRUE(OpenRocksDb(options_).ok());
}

// What a power cut leaves between RocksDB's first file and its second.
TEST_F(RocksDbKvTest, ADatabaseThatWasBeingMadeIsMade) {
  fs::create_directories(path_);
  chmod(path_.c_str(), 0700);
  Write("KEYWARD", "keyward kv format 1\n");
  Write("MANIFEST-000001", "half");
  Write("000001.dbtmp", "MANIFEST-");
  EXPECT_EQ(OpenRocksDbReadOnly(path_).status().code(),
            absl::StatusCode::kNotFound);
  {
    auto store = OpenRocksDb(options_);
    ASSERT_TRUE(store.ok()) << store.status();
    Put(store->get(), 1, "k");
  }
  auto store = OpenRocksDb(options_);
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_EQ((*store)->Get("k")->value, "value");
}

TEST_F(RocksDbKvTest, RefusesAPathThatIsAFile) {
  fs::create_directories(root_ + "/data");
  std::ofstream(path_) << "x";
  const absl::StatusCode code = Refusal().code();
  EXPECT_TRUE(code == absl::StatusCode::kFailedPrecondition ||
              code == absl::StatusCode::kUnavailable);
}

TEST_F(RocksDbKvTest, AStartThatWasCutShortIsFinished) {
  fs::create_directories(path_);
  chmod(path_.c_str(), 0700);
  Write("KEYWARD.tmp", "keywa");
  EXPECT_TRUE(OpenRocksDb(options_).ok());
}

TEST_F(RocksDbKvTest, RefusesFeedsThatLieWithinEachOther) {
  options_.feeds = {"event/", "event/1/"};
  EXPECT_EQ(Refusal().code(), absl::StatusCode::kInvalidArgument);
  options_.feeds = {""};
  fs::remove_all(path_);
  EXPECT_EQ(Refusal().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(RocksDbKvTest, AFeedThatIsDeclaredLaterBeginsThen) {
  uint64_t before = 0;
  {
    auto store = OpenRocksDb(options_);
    before = Put(store->get(), 1, "event/1").revision;
  }
  options_.feeds = {"event/"};
  auto store = OpenRocksDb(options_);
  ASSERT_TRUE(store.ok());
  EXPECT_EQ((*store)->ReadFeed("event/", before, 10).status().code(),
            absl::StatusCode::kOutOfRange);
  Put(store->get(), 2, "event/2");
  EXPECT_EQ((*store)->ReadFeed("event/", before + 1, 10)->events.size(), 1u);
}

TEST_F(RocksDbKvTest, AFeedStaysWithoutBeingDeclaredAgain) {
  options_.feeds = {"event/"};
  { ASSERT_TRUE(OpenRocksDb(options_).ok()); }
  options_.feeds = {};
  {
    auto store = OpenRocksDb(options_);
    Put(store->get(), 1, "event/1");
  }
  options_.feeds = {"event/"};
  auto store = OpenRocksDb(options_);
  EXPECT_EQ((*store)->ReadFeed("event/", 0, 10)->events.size(), 1u);
}

TEST_F(RocksDbKvTest, ReadingAloneWorksBesideTheWriter) {
  auto store = OpenRocksDb(options_);
  ASSERT_TRUE(store.ok());
  const uint64_t revision = Put(store->get(), 1, "k1").revision;
  auto view = OpenRocksDbReadOnly(path_);
  ASSERT_TRUE(view.ok()) << view.status();
  Put(store->get(), 2, "k2");
  EXPECT_EQ((*view)->Get("k1")->value, "value");
  EXPECT_EQ((*view)->Get("k2").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(*(*view)->Revision(), revision);
  EXPECT_EQ((*view)->Range("", "", {})->entries.size(), 1u);
  EXPECT_EQ((*view)->GetMany({"k1", "k2"})[0]->value, "value");
  EXPECT_EQ((*OpenRocksDbReadOnly(path_))->Get("k2")->value, "value");
}

TEST_F(RocksDbKvTest, ReadingAloneWritesNothingIntoTheFolder) {
  {
    auto store = OpenRocksDb(options_);
    Put(store->get(), 1, "k");
  }
  const auto list = [this] {
    std::string text;
    for (const auto& entry : fs::directory_iterator(path_)) {
      absl::StrAppend(&text, entry.path().string(), " ", entry.file_size(),
                      "\n");
    }
    return text;
  };
  const std::string before = list();
  {
    auto view = OpenRocksDbReadOnly(path_);
    ASSERT_TRUE(view.ok()) << view.status();
    EXPECT_TRUE((*view)->Get("k").ok());
  }
  EXPECT_EQ(list(), before);
}

TEST_F(RocksDbKvTest, ReadingAloneRefusesWhatIsNoData) {
  EXPECT_EQ(OpenRocksDbReadOnly(path_).status().code(),
            absl::StatusCode::kNotFound);
  fs::create_directories(path_);
  Write("thesis.tex", "x");
  EXPECT_EQ(OpenRocksDbReadOnly(path_).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(RocksDbKvTest, P3_ReadingAloneNoticesEveryFlippedBitOfTheLog) {
  {
    auto store = OpenRocksDb(options_);
    for (uint64_t i = 0; i < 5; ++i) {
      Put(store->get(), i, absl::StrCat("k", i));
    }
    // Copied while it is open: a store that ends writes tables.
    fs::copy(path_, path_ + ".copy");
  }
  std::string log;
  for (const auto& entry : fs::directory_iterator(path_ + ".copy")) {
    if (entry.path().extension() == ".log") log = entry.path().string();
  }
  std::fstream file(log, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(log));
  ASSERT_GT(size, 100);
  for (std::streamoff at = 0; at < size; ++at) {
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    const auto write = [&](char value) {
      file.seekp(at);
      file.put(value);
      file.flush();
    };
    write(static_cast<char>(byte ^ (1 << at % 8)));
    auto view = OpenRocksDbReadOnly(path_ + ".copy");
    if (view.ok()) {
      auto all = (*view)->Range("", "", {});
      EXPECT_TRUE(!all.ok() || all->entries.size() == 5) << "byte " << at;
    }
    write(byte);
  }
}

}  // namespace
}  // namespace keyward::kv
