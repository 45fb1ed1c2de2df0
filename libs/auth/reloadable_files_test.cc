// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/reloadable_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"

namespace keyward::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReloadableFilesTest : public ::testing::Test {
 protected:
  ReloadableFilesTest() {
    std::string pattern = ::testing::TempDir() + "/reload_XXXXXX";
    folder_ = mkdtemp(pattern.data());
    Write("a", "A1");
    Write("b", "B1");
  }

  std::string Path(const std::string& name) { return folder_ + "/" + name; }
  // Of a set with a file that is bad.
  std::string Refusal() {
    return "it is bad (read from " + Path("a") + ", " + Path("b") + ")";
  }

  void Write(const std::string& name, absl::string_view text) {
    std::ofstream(Path(name), std::ios::trunc) << text;
    ASSERT_EQ(chmod(Path(name).c_str(), 0600), 0);
  }

  // Refuses a set in which "bad" occurs.
  absl::Status Apply(const std::vector<FileContent>& contents) {
    std::vector<std::string> texts;
    for (const FileContent& content : contents) {
      texts.emplace_back(content.ExposeBytes());
    }
    ++tried_;
    for (const std::string& text : texts) {
      if (absl::StrContains(text, "bad")) {
        return absl::InvalidArgumentError("it is bad");
      }
    }
    in_force_ = texts;
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<ReloadableFiles>> Create() {
    return ReloadableFiles::Create(
        {{.path = Path("a"), .max_bytes = 10},
         {.path = Path("b"), .max_bytes = 10, .is_private = true}},
        &clock_,
        [this](const std::vector<FileContent>& c) { return Apply(c); });
  }

  FakeClock clock_{absl::FromUnixSeconds(1000)};
  std::string folder_;
  std::vector<std::string> in_force_;
  int tried_ = 0;
};

TEST_F(ReloadableFilesTest, AppliesTheFirstSetAtOnce) {
  const auto files = Create().value();
  EXPECT_THAT(in_force_, ElementsAre("A1", "B1"));
  EXPECT_EQ(files->status().applied_at, absl::FromUnixSeconds(1000));
  EXPECT_EQ(files->status().applied_count, 1u);
}

TEST_F(ReloadableFilesTest, P8_HasNoSetWhenTheFirstIsMissingOrRefused) {
  Write("a", "bad");
  EXPECT_EQ(Create().status().code(), absl::StatusCode::kInvalidArgument);
  unlink(Path("a").c_str());
  EXPECT_EQ(Create().status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ReloadableFilesTest, ARefusalNamesTheFilesAndAMissingOneWhatToDo) {
  Write("a", "bad");
  EXPECT_EQ(Create().status().message(), Refusal());
  unlink(Path("b").c_str());
  EXPECT_THAT(std::string(Create().status().message()),
              AllOf(HasSubstr(Path("b")), HasSubstr("put the file there")));
}

TEST_F(ReloadableFilesTest, AppliesAChangeThatWasSeenTwice) {
  const auto files = Create().value();
  EXPECT_EQ(files->Poll().value(), PollResult::kUnchanged);
  Write("a", "A2");
  clock_.Advance(absl::Seconds(5));
  EXPECT_EQ(files->Poll().value(), PollResult::kSettling);
  EXPECT_THAT(in_force_, ElementsAre("A1", "B1"));
  EXPECT_EQ(files->Poll().value(), PollResult::kApplied);
  EXPECT_THAT(in_force_, ElementsAre("A2", "B1"));
  EXPECT_EQ(files->status().applied_at, absl::FromUnixSeconds(1005));
  EXPECT_EQ(files->Poll().value(), PollResult::kUnchanged);
  EXPECT_EQ(tried_, 2);
}

// Half a bundle is a valid bundle: it must not come into force between two
// writes of whoever copies it.
TEST_F(ReloadableFilesTest, P8_AppliesNothingWhileFilesStillChange) {
  const auto files = Create().value();
  for (const char* text : {"A", "A2", "A2,", "A2,A3"}) {
    Write("a", text);
    EXPECT_EQ(files->Poll().value(), PollResult::kSettling);
  }
  EXPECT_EQ(tried_, 1);
  EXPECT_EQ(files->Poll().value(), PollResult::kApplied);
  EXPECT_THAT(in_force_, ElementsAre("A2,A3", "B1"));
}

TEST_F(ReloadableFilesTest, NoticesAChangeOfTheSameLengthAndTime) {
  const auto files = Create().value();
  struct stat before;
  ASSERT_EQ(stat(Path("a").c_str(), &before), 0);
  Write("a", "A2");
  const timespec times[2] = {before.st_atim, before.st_mtim};
  ASSERT_EQ(utimensat(AT_FDCWD, Path("a").c_str(), times, 0), 0);
  EXPECT_EQ(files->Poll().value(), PollResult::kSettling);
  EXPECT_EQ(files->Poll().value(), PollResult::kApplied);
}

TEST_F(ReloadableFilesTest, KeepsTheLastGoodSetAndSaysWhy) {
  const auto files = Create().value();
  Write("b", "bad");
  EXPECT_EQ(files->Poll().value(), PollResult::kSettling);
  EXPECT_EQ(files->Poll().status().message(), Refusal());
  EXPECT_EQ(files->status().error.message(), Refusal());
  EXPECT_THAT(in_force_, ElementsAre("A1", "B1"));
  // It says so until the files change, but tries them once.
  EXPECT_EQ(files->Poll().status().message(), Refusal());
  EXPECT_EQ(tried_, 2);
  Write("b", "B2");
  EXPECT_EQ(files->Poll().value(), PollResult::kSettling);
  EXPECT_EQ(files->status().error.message(), Refusal());
  EXPECT_EQ(files->Poll().value(), PollResult::kApplied);
  EXPECT_TRUE(files->status().error.ok());
  EXPECT_THAT(in_force_, ElementsAre("A1", "B2"));
}

TEST_F(ReloadableFilesTest, IsGoodAgainWhenTheOldFilesComeBack) {
  const auto files = Create().value();
  Write("a", "bad");
  EXPECT_EQ(files->Poll().value(), PollResult::kSettling);
  EXPECT_FALSE(files->Poll().ok());
  Write("a", "A1");
  EXPECT_EQ(files->Poll().value(), PollResult::kUnchanged);
  EXPECT_TRUE(files->status().error.ok());
  EXPECT_EQ(tried_, 2);
}

TEST_F(ReloadableFilesTest, SurvivesAMissingFile) {
  const auto files = Create().value();
  unlink(Path("a").c_str());
  EXPECT_EQ(files->Poll().status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(files->status().error.message(), HasSubstr(Path("a")));
  EXPECT_THAT(in_force_, ElementsAre("A1", "B1"));
  Write("a", "A1");
  EXPECT_EQ(files->Poll().value(), PollResult::kUnchanged);
}

TEST_F(ReloadableFilesTest, P8_RefusesAKeyThatOthersCanRead) {
  const auto files = Create().value();
  ASSERT_EQ(chmod(Path("b").c_str(), 0644), 0);
  EXPECT_EQ(files->Poll().status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ReloadableFilesTest, RefusesAFileThatIsTooLong) {
  const auto files = Create().value();
  Write("a", "12345678901");
  EXPECT_EQ(files->Poll().status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(ReloadableFilesTest, KeepsTheBordersOfFilesApart) {
  Write("a", "AB");
  Write("b", "C");
  const auto files = Create().value();
  Write("a", "A");
  Write("b", "BC");
  EXPECT_EQ(files->Poll().value(), PollResult::kSettling);
  EXPECT_EQ(files->Poll().value(), PollResult::kApplied);
  EXPECT_THAT(in_force_, ElementsAre("A", "BC"));
}

TEST_F(ReloadableFilesTest, BoundsTheNumberOfFiles) {
  const std::vector<ReloadableFile> many(ReloadableFiles::kMaxFiles + 1,
                                         {.path = Path("a"), .max_bytes = 10});
  EXPECT_EQ(ReloadableFiles::Create(many, &clock_,
                                    [](const std::vector<FileContent>&) {
                                      return absl::OkStatus();
                                    })
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::auth
