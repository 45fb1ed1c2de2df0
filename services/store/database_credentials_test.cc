// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/database_credentials.h"

#include <string>
#include <utility>

#include "gtest/gtest.h"

namespace keyward::store {
namespace {

constexpr char kGood[] =
    R"({"engine":"postgres","host":"db.example","port":5432,)"
    R"("username":"app","password":"hunter2"})";

std::string Refusal(const std::string& text) {
  const absl::Status status = CheckDatabaseCredentials(text);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
  return std::string(status.message());
}

std::string With(const std::string& members) {
  std::string text = kGood;
  text.insert(text.size() - 1, "," + members);
  return text;
}

TEST(DatabaseCredentialsTest, RequiredMembersAreEnough) {
  EXPECT_TRUE(CheckDatabaseCredentials(kGood).ok());
}

TEST(DatabaseCredentialsTest, OptionalMembersAreTaken) {
  EXPECT_TRUE(CheckDatabaseCredentials(
                  With(R"("database":"","params":{"sslmode":"require"})"))
                  .ok());
  EXPECT_TRUE(CheckDatabaseCredentials(With(R"("params":{})")).ok());
}

TEST(DatabaseCredentialsTest, EachRequiredMemberIsMissedByName) {
  const std::pair<const char*, const char*> members[] = {
      {"engine", R"("engine":"postgres",)"},
      {"host", R"("host":"db.example",)"},
      {"port", R"("port":5432,)"},
      {"username", R"("username":"app",)"},
      {"password", R"(,"password":"hunter2")"}};
  for (const auto& [name, text] : members) {
    std::string without = kGood;
    without.erase(without.find(text), std::string(text).size());
    EXPECT_EQ(Refusal(without),
              std::string("payload.data: lacks the member ") + name);
  }
}

TEST(DatabaseCredentialsTest, UnknownMembersAreRefusedWithoutRepeatingThem) {
  EXPECT_EQ(Refusal(With(R"("hunter2":"x")")),
            "payload.data: has a member that is not known");
}

TEST(DatabaseCredentialsTest, DuplicatesAreRefused) {
  EXPECT_EQ(Refusal(With(R"("host":"evil.example")")),
            "payload.data: has the member host twice");
  EXPECT_EQ(Refusal(With(R"("params":{"a":"1","a":"2"})")),
            "payload.data: names a parameter twice");
}

TEST(DatabaseCredentialsTest, WrongKindsAreRefusedByName) {
  for (const char* port : {"\"5432\"", "0", "65536", "-1", "1.5", "null",
                           "true", "[]", "{}", "1e3"}) {
    std::string text = kGood;
    text.replace(text.find("5432"), 4, port);
    EXPECT_EQ(Refusal(text),
              "payload.data: the member port must be an integer from 1 to "
              "65535")
        << port;
  }
  std::string empty = kGood;
  empty.replace(empty.find("hunter2"), 7, "");
  EXPECT_EQ(Refusal(empty),
            "payload.data: the member password must be a non-empty string");
  EXPECT_EQ(Refusal(With(R"("database":7)")),
            "payload.data: the member database must be a string");
  for (const char* params : {"7", "[]", "\"a\"", R"({"a":1})", R"({"a":{}})",
                             R"({"a":[]})", R"({"a":null})"}) {
    EXPECT_EQ(Refusal(With(std::string("\"params\":") + params)),
              "payload.data: the member params must be an object of strings")
        << params;
  }
}

TEST(DatabaseCredentialsTest, OtherJsonIsRefused) {
  for (const char* text : {"[]", "7", "\"a\"", "null", "true", "1.5"}) {
    EXPECT_EQ(Refusal(text), "payload.data: must be a JSON object") << text;
  }
}

TEST(DatabaseCredentialsTest, TextThatIsNotJsonIsRefusedWithoutQuotingIt) {
  for (const std::string& text :
       {std::string(), std::string("hunter2"), std::string(kGood) + "x",
        std::string(kGood, sizeof(kGood) - 2), std::string("\xff\xfe"),
        std::string("{\"engine\":\"\xff\"}"), std::string(60000, '['),
        std::string(kGood) + kGood}) {
    const std::string refusal = Refusal(text);
    EXPECT_EQ(refusal.find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace keyward::store
