// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/log_key.h"

#include <sys/stat.h>

#include <string>

#include "absl/strings/str_replace.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/base/file_util.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/fake_seal.h"

namespace keyward::audit {
namespace {

class LogKeyTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) {
    const std::string folder = ::testing::TempDir() + "/log_key_test";
    ::mkdir(folder.c_str(), 0700);
    return folder + "/" + name;
  }

  crypto::FakeRandom random_;
  crypto::FakeSeal seal_;
};

TEST_F(LogKeyTest, OpenedKeySignsForItsVerifier) {
  const std::string file =
      NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  LogKey key = OpenLogKeyFile(file, &seal_).value();
  const NoteVerifier verifier = ReadLogVerifier(file).value();
  const std::string note =
      SignCheckpoint(*key.signer, {"keyward/log/1", 0, EmptyRoot()}).value();
  EXPECT_EQ(OpenCheckpoint(note, {verifier}).value().size, 0u);
  EXPECT_EQ(key.page_token_key.size(), 32u);
  EXPECT_EQ(key.index_key.size(), 32u);
  EXPECT_FALSE(key.index_key.Equals(key.page_token_key));
}

TEST_F(LogKeyTest, P5_PrivateKeyIsNotInTheFile) {
  const std::string seed(32, 'S');
  random_.Queue(seed);  // The next 32 bytes.
  const std::string file =
      NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  EXPECT_EQ(file.find(seed), std::string::npos);
  EXPECT_EQ(file.find("U1NTU1NTU1NT"), std::string::npos);  // in base64
}

TEST_F(LogKeyTest, OtherRootKeyIsRefused) {
  const std::string file =
      NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  crypto::FakeSeal other(2);
  EXPECT_EQ(OpenLogKeyFile(file, &other).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(LogKeyTest, P8_SealedSealIsUnavailable) {
  const std::string file =
      NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  seal_.SetSealed(true);
  EXPECT_EQ(OpenLogKeyFile(file, &seal_).status().code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(ReadLogVerifier(file).ok());
}

TEST_F(LogKeyTest, FilePutTogetherFromTwoIsRefused) {
  const std::string a = NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  const std::string b = NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  const std::string mixed = a.substr(0, a.rfind('\n', a.size() - 2) + 1) +
                            b.substr(b.rfind('\n', b.size() - 2) + 1);
  EXPECT_EQ(OpenLogKeyFile(mixed, &seal_).status().code(),
            absl::StatusCode::kDataLoss);
}

TEST_F(LogKeyTest, DamagedFilesAreRefused) {
  const std::string file =
      NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  for (const std::string& bad :
       {std::string(), std::string("\n\n\n"), file + "more\n",
        absl::StrReplaceAll(file, {{"log-key 1", "log-key 2"}}),
        absl::StrReplaceAll(file, {{"log/1", "log/2"}}),
        file.substr(0, file.size() - 1)}) {
    EXPECT_EQ(OpenLogKeyFile(bad, &seal_).status().code(),
              absl::StatusCode::kDataLoss);
    EXPECT_EQ(ReadLogVerifier(bad).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST_F(LogKeyTest, CreatedKeyIsLoadedAgainAndNeverReplaced) {
  const std::string path = Path("created.key");
  ::remove(path.c_str());
  EXPECT_EQ(LoadLogKey(path, &seal_).status().code(),
            absl::StatusCode::kNotFound);
  LogKey created = CreateLogKey(path, "keyward/log/1", &seal_, random_).value();
  LogKey loaded = LoadLogKey(path, &seal_).value();
  EXPECT_EQ(created.signer->verifier().ToString(),
            loaded.signer->verifier().ToString());
  EXPECT_TRUE(created.page_token_key.Equals(loaded.page_token_key));
  EXPECT_EQ(
      CreateLogKey(path, "keyward/log/1", &seal_, random_).status().code(),
      absl::StatusCode::kAlreadyExists);
}

TEST_F(LogKeyTest, FileThatOthersMayReadIsRefused) {
  const std::string path = Path("open.key");
  const std::string file =
      NewLogKeyFile("keyward/log/1", &seal_, random_).value();
  ASSERT_TRUE(WriteFileDurably(path, file, 0644).ok());
  EXPECT_EQ(LoadLogKey(path, &seal_).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::audit
