// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/root_key.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/file_util.h"
#include "libs/base/hex.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

using testing::HasSubstr;

// The worked example of FORMAT.md.
constexpr char kGolden[] =
    "4b57524f4f544b59"
    "00000001"
    "6f1c2a3b4c5d4e6f8a9bacbdcedfe0f1"
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    "3e6d71b9";
constexpr char kGoldenId[] = "6f1c2a3b-4c5d-4e6f-8a9b-acbdcedfe0f1";

std::string GoldenKey() {
  return HexDecode(
             "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
      .value();
}

RootKey GoldenRootKey() {
  RootKey root;
  root.installation_id = kGoldenId;
  root.key = SecretBuffer::CopyOf(GoldenKey());
  return root;
}

class RootKeyTest : public testing::Test {
 protected:
  RootKeyTest() : home_(testing::TempDir() + "/root_key_XXXXXX") {
    if (mkdtemp(&home_[0]) == nullptr) std::abort();
    location_.path = home_ + "/keys/root.key";
    location_.data_folders = {home_ + "/data/store", home_ + "/data/audit"};
  }
  ~RootKeyTest() override {
    [[maybe_unused]] const int ignored =
        system(absl::StrCat("rm -rf ", home_).c_str());
  }

  // Puts `bytes` where the key file is expected.
  void PutFile(absl::string_view bytes) {
    mkdir((home_ + "/keys").c_str(), 0700);
    std::ofstream(location_.path) << bytes;
    chmod(location_.path.c_str(), 0600);
  }

  // Expects a refusal with this code that says `advice`.
  void ExpectRefused(absl::StatusCode code, const std::string& advice) {
    const absl::Status status = LoadRootKey(location_).status();
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(advice));
  }

  std::string home_;
  RootKeyLocation location_;
  FakeRandom random_;
};

TEST(RootKeyFormatTest, EncodesTheGoldenBytes) {
  EXPECT_EQ(HexEncode(EncodeRootKey(GoldenRootKey())->ExposeSecret()), kGolden);
}

TEST(RootKeyFormatTest, ParsesTheGoldenBytes) {
  const RootKey root = ParseRootKey(HexDecode(kGolden).value()).value();
  EXPECT_EQ(root.installation_id, kGoldenId);
  EXPECT_TRUE(root.key.Equals(GoldenKey()));
}

TEST(RootKeyFormatTest, EveryFlippedBitIsRefused) {
  const std::string golden = HexDecode(kGolden).value();
  for (size_t bit = 0; bit < 8 * golden.size(); ++bit) {
    std::string changed = golden;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    // A changed format number may be a newer format's.
    EXPECT_EQ(ParseRootKey(changed).status().code(),
              bit / 8 >= 8 && bit / 8 < 12
                  ? absl::StatusCode::kFailedPrecondition
                  : absl::StatusCode::kDataLoss)
        << bit;
  }
}

TEST(RootKeyFormatTest, EveryTruncationAndExtensionIsDataLoss) {
  const std::string golden = HexDecode(kGolden).value();
  for (size_t size = 0; size < golden.size(); ++size) {
    EXPECT_EQ(ParseRootKey(golden.substr(0, size)).status().code(),
              absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(ParseRootKey(golden + "x").status().code(),
            absl::StatusCode::kDataLoss);
}

TEST(RootKeyFormatTest, EncodeRefusesWhatParseWouldNotGiveBack) {
  for (const char* id : {"", "no uuid", "6F1C2A3B-4C5D-4E6F-8A9B-ACBDCEDFE0F1",
                         "6f1c2a3b4c5d4e6f8a9bacbdcedfe0f1"}) {
    RootKey root = GoldenRootKey();
    root.installation_id = id;
    EXPECT_EQ(EncodeRootKey(root).status().code(),
              absl::StatusCode::kInvalidArgument)
        << id;
  }
  RootKey root = GoldenRootKey();
  root.key = SecretBuffer(31);
  EXPECT_EQ(EncodeRootKey(root).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(RootKeyTest, LoadGivesWhatCreateMade) {
  const RootKey made = CreateRootKey(location_, random_).value();
  const RootKey loaded = LoadRootKey(location_).value();
  EXPECT_EQ(loaded.installation_id, made.installation_id);
  EXPECT_TRUE(loaded.key.Equals(made.key));
  EXPECT_EQ(loaded.key.size(), kRootKeySize);
}

TEST_F(RootKeyTest, P5_FileAndFolderAreTheOwnersAlone) {
  ASSERT_TRUE(CreateRootKey(location_, random_).ok());
  struct stat info = {};
  ASSERT_EQ(stat(location_.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600u);
  ASSERT_EQ(stat((home_ + "/keys").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0700u);
}

TEST_F(RootKeyTest, CreateNeverReplacesAKey) {
  const RootKey first = CreateRootKey(location_, random_).value();
  EXPECT_EQ(CreateRootKey(location_, random_).status().code(),
            absl::StatusCode::kAlreadyExists);
  EXPECT_TRUE(LoadRootKey(location_)->key.Equals(first.key));
}

TEST_F(RootKeyTest, NothingIsCreatedByABrokenGenerator) {
  random_.FailWith(absl::InternalError("broken"));
  EXPECT_EQ(CreateRootKey(location_, random_).status(),
            absl::InternalError("broken"));
  EXPECT_NE(access(location_.path.c_str(), F_OK), 0);
}

TEST_F(RootKeyTest, MissingFileIsNotFound) {
  ExpectRefused(absl::StatusCode::kNotFound, "there is no root key at");
}

TEST_F(RootKeyTest, FileOpenToOthersIsRefused) {
  ASSERT_TRUE(CreateRootKey(location_, random_).ok());
  chmod(location_.path.c_str(), 0640);
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "chmod 600");
}

TEST_F(RootKeyTest, FileOfAnotherUserIsRefused) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_TRUE(CreateRootKey(location_, random_).ok());
  ASSERT_EQ(chown(location_.path.c_str(), 12345, 12345), 0);
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "chown");
}

TEST_F(RootKeyTest, FolderThatOthersCanWriteIsRefused) {
  ASSERT_TRUE(CreateRootKey(location_, random_).ok());
  chmod((home_ + "/keys").c_str(), 0770);
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "chmod 700");
}

TEST_F(RootKeyTest, SymbolicLinkIsRefused) {
  ASSERT_TRUE(CreateRootKey(location_, random_).ok());
  const std::string link = home_ + "/keys/link";
  ASSERT_EQ(symlink(location_.path.c_str(), link.c_str()), 0);
  location_.path = link;
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "symbolic link");
}

TEST_F(RootKeyTest, FileOfAnotherSizeOrKindIsRefused) {
  PutFile("too short");
  ExpectRefused(absl::StatusCode::kDataLoss, "no root key file");
  PutFile(HexDecode(kGolden).value() + "x");
  ExpectRefused(absl::StatusCode::kDataLoss, "restore it");
  PutFile(std::string(5000, 'x'));
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "longer than");
}

TEST_F(RootKeyTest, NewerFormatIsRefusedAndNamed) {
  std::string newer = HexDecode(kGolden).value();
  newer[11] = 2;
  PutFile(newer + "with more fields");
  ExpectRefused(absl::StatusCode::kFailedPrecondition, "its format is 2");
}

TEST_F(RootKeyTest, P5_RefusalsCarryNothingOfTheKey) {
  std::string damaged = HexDecode(kGolden).value();
  damaged.replace(28, 7, "hunter2");
  PutFile(damaged);
  EXPECT_THAT(LoadRootKey(location_).status().ToString(),
              Not(HasSubstr("hunter2")));
}

TEST_F(RootKeyTest, KeyInADataFolderIsRefused) {
  const char* advice = "is inside the data folder";
  for (const char* path :
       {"/data/store/root.key", "/data/store/keys/root.key",
        "/keys/../data/audit/root.key", "/data/store/../audit/root.key"}) {
    location_.path = home_ + path;
    ExpectRefused(absl::StatusCode::kFailedPrecondition, advice);
    EXPECT_EQ(CreateRootKey(location_, random_).status().code(),
              absl::StatusCode::kFailedPrecondition);
    EXPECT_NE(access(location_.path.c_str(), F_OK), 0);
  }
}

TEST_F(RootKeyTest, KeyInADataFolderByALinkIsRefused) {
  ASSERT_EQ(EnsurePrivateDirectory(home_ + "/data/store"), absl::OkStatus());
  ASSERT_EQ(symlink((home_ + "/data/store").c_str(), (home_ + "/keys").c_str()),
            0);
  ExpectRefused(absl::StatusCode::kFailedPrecondition,
                "is inside the data folder");
}

TEST_F(RootKeyTest, SlashAfterTheDataFolderChangesNothing) {
  location_.data_folders = {home_ + "/data/store/"};
  location_.path = home_ + "/data/store/root.key";
  ExpectRefused(absl::StatusCode::kFailedPrecondition,
                "is inside the data folder");
}

TEST_F(RootKeyTest, NeighbourOfADataFolderIsAllowed) {
  location_.path = home_ + "/data/store-keys/root.key";
  EXPECT_TRUE(CreateRootKey(location_, random_).ok());
}

}  // namespace
}  // namespace keyward::crypto
