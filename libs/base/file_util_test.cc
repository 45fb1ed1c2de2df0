// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/file_util.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward {
namespace {

using testing::HasSubstr;

class FileUtilTest : public testing::Test {
 protected:
  FileUtilTest() : dir_(testing::TempDir() + "/file_util_XXXXXX") {
    if (mkdtemp(&dir_[0]) == nullptr) std::abort();
  }
  ~FileUtilTest() override {
    [[maybe_unused]] const int ignored =
        system(absl::StrCat("rm -rf ", dir_).c_str());
  }

  std::string Path(const std::string& name) const { return dir_ + "/" + name; }

  // Writes without any of the functions under test.
  std::string Put(const std::string& name, const std::string& bytes,
                  mode_t mode = 0600) const {
    std::ofstream(Path(name)) << bytes;
    chmod(Path(name).c_str(), mode);
    return Path(name);
  }

  static mode_t ModeOf(const std::string& path) {
    struct stat info = {};
    EXPECT_EQ(stat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
  }

  // How many entries the folder has.
  int CountEntries() const {
    FILE* pipe = popen(absl::StrCat("ls -A ", dir_, " | wc -l").c_str(), "r");
    int count = -1;
    if (fscanf(pipe, "%d", &count) != 1) count = -1;
    pclose(pipe);
    return count;
  }

  std::string dir_;
};

TEST_F(FileUtilTest, WriteFileDurablyCreatesWithExactlyTheModeAsked) {
  const mode_t old_umask = umask(0777);
  const absl::Status status = WriteFileDurably(Path("a"), "content", 0640);
  umask(old_umask);
  EXPECT_EQ(status, absl::OkStatus());
  EXPECT_EQ(ModeOf(Path("a")), 0640u);
  EXPECT_EQ(ReadFileBounded(Path("a"), 100).value(), "content");
}

TEST_F(FileUtilTest, WriteFileDurablyReplacesAndLeavesNothingBeside) {
  ASSERT_EQ(WriteFileDurably(Path("a"), std::string(100'000, 'x'), 0600),
            absl::OkStatus());
  ASSERT_EQ(WriteFileDurably(Path("a"), "short", 0600), absl::OkStatus());
  EXPECT_EQ(ReadFileBounded(Path("a"), 100).value(), "short");
  EXPECT_EQ(CountEntries(), 1);
}

TEST_F(FileUtilTest, WriteFileDurablyInAMissingFolderIsNotFound) {
  EXPECT_EQ(WriteFileDurably(Path("none/a"), "x", 0600).code(),
            absl::StatusCode::kNotFound);
}

TEST_F(FileUtilTest, WriteFileDurablyOntoAFolderFailsAndLeavesNothing) {
  ASSERT_EQ(mkdir(Path("folder").c_str(), 0700), 0);
  EXPECT_EQ(WriteFileDurably(Path("folder"), "x", 0600).code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(CountEntries(), 1);
}

TEST_F(FileUtilTest, ErrorsNeverCarryTheContent) {
  const absl::Status status =
      WriteFileDurably(Path("none/a"), "hunter2-plaintext", 0600);
  EXPECT_THAT(status.ToString(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(status.ToString(), HasSubstr("none/a"));
}

TEST_F(FileUtilTest, CreateFileExclusiveNeverReplaces) {
  EXPECT_EQ(CreateFileExclusive(Path("a"), "first", 0600), absl::OkStatus());
  EXPECT_EQ(CreateFileExclusive(Path("a"), "second", 0600).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(ReadFileBounded(Path("a"), 100).value(), "first");
  EXPECT_EQ(CountEntries(), 1);
}

TEST_F(FileUtilTest, CreateFileExclusiveDoesNotFollowADanglingLink) {
  ASSERT_EQ(symlink(Path("target").c_str(), Path("a").c_str()), 0);
  EXPECT_EQ(CreateFileExclusive(Path("a"), "x", 0600).code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(access(Path("target").c_str(), F_OK), -1);
}

TEST_F(FileUtilTest, CreateFileExclusiveHasOneWinner) {
  std::vector<absl::Status> results(8);
  std::vector<std::thread> threads;
  for (absl::Status& result : results) {
    threads.emplace_back([this, &result] {
      result = CreateFileExclusive(Path("a"), "x", 0600);
    });
  }
  for (std::thread& thread : threads) thread.join();
  int winners = 0;
  for (const absl::Status& result : results) {
    if (result.ok()) ++winners;
    EXPECT_TRUE(result.ok() || absl::IsAlreadyExists(result)) << result;
  }
  EXPECT_EQ(winners, 1);
}

TEST_F(FileUtilTest, ReadFileBoundedRefusesALongerFile) {
  Put("a", "12345");
  EXPECT_EQ(ReadFileBounded(Path("a"), 5).value(), "12345");
  EXPECT_EQ(ReadFileBounded(Path("a"), 4).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileUtilTest, ReadFileBoundedOfNoFileIsNotFound) {
  EXPECT_EQ(ReadFileBounded(Path("a"), 5).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_F(FileUtilTest, ReadFileBoundedRefusesWhatIsNoRegularFile) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  for (const std::string& path :
       {dir_, Path("fifo"), std::string("/dev/zero")}) {
    EXPECT_EQ(ReadFileBounded(path, 5).status().code(),
              absl::StatusCode::kFailedPrecondition)
        << path;
  }
}

TEST_F(FileUtilTest, ReadPrivateFileReadsIntoTheBuffer) {
  Put("key", "12345");
  char buffer[5];
  EXPECT_EQ(ReadPrivateFile(Path("key"), absl::MakeSpan(buffer)).value(), 5u);
  EXPECT_EQ(std::string(buffer, 5), "12345");
}

TEST_F(FileUtilTest, ReadPrivateFileReportsAShortFile) {
  Put("key", "123");
  char buffer[5];
  EXPECT_EQ(ReadPrivateFile(Path("key"), absl::MakeSpan(buffer)).value(), 3u);
}

TEST_F(FileUtilTest, ReadPrivateFileRefusesALongerFile) {
  Put("key", "123456");
  char buffer[5];
  EXPECT_EQ(
      ReadPrivateFile(Path("key"), absl::MakeSpan(buffer)).status().code(),
      absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileUtilTest, P5_PrivateFileRefusesEveryBitOfGroupAndOthers) {
  Put("key", "x");
  for (const mode_t bit : {0040, 0020, 0010, 0004, 0002, 0001}) {
    chmod(Path("key").c_str(), 0600 | bit);
    const absl::Status status = CheckPrivateFile(Path("key"));
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << bit;
    EXPECT_THAT(std::string(status.message()), HasSubstr("chmod 600"));
  }
  chmod(Path("key").c_str(), 0400);
  EXPECT_EQ(CheckPrivateFile(Path("key")), absl::OkStatus());
}

TEST_F(FileUtilTest, P5_PrivateFileRefusesAnotherOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  Put("key", "x");
  ASSERT_EQ(chown(Path("key").c_str(), 12345, 12345), 0);
  const absl::Status status = CheckPrivateFile(Path("key"));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("chown"));
}

TEST_F(FileUtilTest, PrivateFileRefusesALinkAFolderAndNothing) {
  Put("key", "x");
  ASSERT_EQ(symlink(Path("key").c_str(), Path("link").c_str()), 0);
  EXPECT_EQ(CheckPrivateFile(Path("link")).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckPrivateFile(dir_).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(CheckPrivateFile(Path("none")).code(), absl::StatusCode::kNotFound);
}

TEST_F(FileUtilTest, EnsurePrivateDirectoryMakesParentsAndIsRepeatable) {
  const mode_t old_umask = umask(0);
  EXPECT_EQ(EnsurePrivateDirectory(Path("a/b/c")), absl::OkStatus());
  umask(old_umask);
  EXPECT_EQ(EnsurePrivateDirectory(Path("a/b/c")), absl::OkStatus());
  EXPECT_EQ(EnsurePrivateDirectory(Path("a/b/c/")), absl::OkStatus());
  EXPECT_EQ(ModeOf(Path("a")), 0700u);
  EXPECT_EQ(ModeOf(Path("a/b/c")), 0700u);
}

TEST_F(FileUtilTest, EnsurePrivateDirectoryRefusesOneThatOthersCanWrite) {
  ASSERT_EQ(mkdir(Path("a").c_str(), 0700), 0);
  chmod(Path("a").c_str(), 0720);
  EXPECT_EQ(EnsurePrivateDirectory(Path("a")).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileUtilTest, EnsurePrivateDirectoryRefusesAFileOfThatName) {
  Put("a", "x");
  EXPECT_EQ(EnsurePrivateDirectory(Path("a")).code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(EnsurePrivateDirectory("").code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(FileUtilTest, SyncDirectoryOfAFileFails) {
  Put("a", "x");
  EXPECT_EQ(SyncDirectory(dir_), absl::OkStatus());
  EXPECT_EQ(SyncDirectory(Path("a")).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(SyncDirectory(Path("none")).code(), absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace keyward
