// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// P5: what was stored is nowhere on the disk.

#include <map>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "gtest/gtest.h"
#include "libs/base/hex.h"
#include "libs/kv/writer_session.h"
#include "services/store/record_keys.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;

// Spellings of `value` in which it could be found. Base64 of a part of a text
// depends on where it begins: all three ways are looked for, without the ends,
// whose digits depend on the neighbours.
std::vector<std::string> Spellings(const std::string& value) {
  std::vector<std::string> all = {value, HexEncode(value),
                                  absl::AsciiStrToUpper(HexEncode(value))};
  for (size_t shift = 0; shift < 3; ++shift) {
    const std::string shifted = std::string(shift, 'x') + value;
    for (const std::string& text :
         {absl::Base64Escape(shifted), absl::WebSafeBase64Escape(shifted)}) {
      all.push_back(text.substr(4, text.size() - 8));
    }
  }
  return all;
}

size_t Occurrences(const std::map<std::string, std::string>& files,
                   const std::string& value) {
  size_t count = 0;
  for (const auto& file : files) {
    for (const std::string& spelling : Spellings(value)) {
      if (file.second.find(spelling) != std::string::npos) ++count;
    }
  }
  return count;
}

class SecrecyTest : public StoreFixture {
 protected:
  std::map<std::string, std::string> Disk() {
    CloseCore();
    faults_.reset();
    disk_.Close();
    return disk_.Files();
  }
};

constexpr char kPlanted[] = "Tr0ub4dor&3-planted-value-8F2kQ";
constexpr char kSecond[] = "correct-horse-battery-staple-77xQ";

TEST_F(SecrecyTest, P5_NoValueIsOnTheDisk) {
  auto request = CreateRequest("db", kPlanted);
  request.set_request_id("first");
  ASSERT_TRUE(Call(request).status.ok());
  auto add = AddRequest("db", kSecond);
  add.set_request_id("second");
  ASSERT_TRUE(Call(add).status.ok());
  ASSERT_EQ(Read("db"), kSecond);
  const auto files = Disk();
  ASSERT_FALSE(files.empty());
  EXPECT_EQ(Occurrences(files, kPlanted), 0u);
  EXPECT_EQ(Occurrences(files, kSecond), 0u);
}

// The search itself: a value that is planted in the clear is found.
TEST_F(SecrecyTest, P5_TheSearchFindsWhatIsInTheClear) {
  secrets::CreateSecretRequest request = CreateRequest("db", "x");
  (*request.mutable_secret()->mutable_annotations())["note"] = kPlanted;
  ASSERT_TRUE(Call(request).status.ok());
  EXPECT_GT(Occurrences(Disk(), kPlanted), 0u);
}

TEST_F(SecrecyTest, P5_ARefusedValueIsOnNeitherDiskNorInTheError) {
  Create("db", "x");
  auto wrong_checksum = AddRequest("db", kPlanted);
  wrong_checksum.mutable_payload()->set_data_crc32c(1);
  auto wrong_type = CreateRequest("cert", kPlanted);
  wrong_type.mutable_secret()->set_type(secrets::SECRET_TYPE_TLS_CERTIFICATE);
  auto wrong_json = CreateRequest("json", kPlanted);
  wrong_json.mutable_secret()->set_type(
      secrets::SECRET_TYPE_DATABASE_CREDENTIALS);
  for (const google::protobuf::Message* request :
       std::vector<const google::protobuf::Message*>{
           &wrong_checksum, &wrong_type, &wrong_json}) {
    const rpc::CallResult result = Call(*request);
    EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(result.status.ToString().find("planted"), std::string::npos);
  }
  EXPECT_EQ(Occurrences(Disk(), kPlanted), 0u);
}

// Every copy that the disk has ever had of it, in logs and tables.
TEST_F(SecrecyTest, P5_ADestroyedVersionLeavesNoCiphertext) {
  const std::string uid = Create("db", kPlanted).uid();
  Add("db", "next");
  const auto before = engine()->Get(VersionKey(uid, 1));
  ASSERT_TRUE(before.ok());
  secrets::DestroySecretVersionRequest request;
  request.set_name(Name("db") + "/versions/1");
  ASSERT_TRUE(Call(request).status.ok());
  const auto after = engine()->Get(VersionKey(uid, 1));
  ASSERT_TRUE(after.ok());
  EXPECT_LT(after->value.size() + 60, before->value.size());
  EXPECT_EQ(Access("db", "1").status().code(),
            absl::StatusCode::kFailedPrecondition);
  EXPECT_GE(engine()->Stats().pending_erasures, 1u);
}

}  // namespace
}  // namespace keyward::store
