// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/redis/reply.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::target::redis {
namespace {

// A reply and all that is in it, in a form for comparisons.
std::string Text(const Reply& reply) {
  switch (reply.type) {
    case Reply::Type::kNil:
      return "nil";
    case Reply::Type::kStatus:
      return absl::StrCat("+", reply.text);
    case Reply::Type::kError:
      return absl::StrCat("-", reply.text);
    case Reply::Type::kString:
      return absl::StrCat("$", reply.text);
    case Reply::Type::kInteger:
      return absl::StrCat(":", reply.integer);
    case Reply::Type::kArray:
      break;
  }
  std::string text = "[";
  for (const auto& element : reply.elements) {
    absl::StrAppend(&text, Text(*element), " ");
  }
  return text + "]";
}

// What is read of `bytes`, given all at once and one by one, which must be the
// same: "" if it is not complete, "error" if it is none.
std::string Read(const std::string& bytes) {
  ReplyReader whole;
  const auto at_once = whole.Take(bytes);
  std::string result = !at_once.ok()         ? "error"
                       : *at_once == nullptr ? ""
                                             : Text(**at_once);
  ReplyReader reader;
  std::string by_byte;
  for (const char c : bytes) {
    const auto reply = reader.Take(absl::string_view(&c, 1));
    if (!reply.ok()) {
      EXPECT_EQ(reply.status().code(), absl::StatusCode::kInternal);
      by_byte = "error";
      break;
    }
    if (*reply != nullptr) by_byte = Text(**reply);
  }
  EXPECT_EQ(by_byte, result) << bytes;
  return result;
}

TEST(ReplyReaderTest, ReadsAllKinds) {
  EXPECT_EQ(Read("+OK\r\n"), "+OK");
  EXPECT_EQ(Read("-ERR no\r\n"), "-ERR no");
  EXPECT_EQ(Read(":-5\r\n"), ":-5");
  EXPECT_EQ(Read("$4\r\na\r\nb\r\n"), "$a\r\nb");
  EXPECT_EQ(Read("$0\r\n\r\n"), "$");
  EXPECT_EQ(Read("$-1\r\n"), "nil");
  EXPECT_EQ(Read("*-1\r\n"), "nil");
  EXPECT_EQ(Read("*0\r\n"), "[]");
  EXPECT_EQ(Read("*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n+b\r\n"),
            "[$a [:1 nil ] +b ]");
}

TEST(ReplyReaderTest, WaitsForTheRest) {
  for (const std::string bytes :
       {"", "+", "+OK", "+OK\r", "$3\r\nab", "*2\r\n:1\r\n", "*1\r\n*1\r\n"}) {
    EXPECT_EQ(Read(bytes), "") << bytes;
  }
}

TEST(ReplyReaderTest, GarbageIsNone) {
  for (const std::string bytes :
       {"x", "HTTP/1.1 400 Bad Request\r\n\r\n", "$x\r\n", "$-2\r\n", "*-2\r\n",
        "$99999999999999999999\r\n", ":x\r\n", "%1\r\n+a\r\n+b\r\n"}) {
    EXPECT_EQ(Read(bytes), "error") << bytes;
  }
  EXPECT_EQ(Read(std::string("\0\0\0", 3)), "error");
}

TEST(ReplyReaderTest, DepthIsBounded) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "*1\r\n";
  EXPECT_EQ(Read(deep + ":1\r\n"), "error");
}

TEST(ReplyReaderTest, NoRoomIsMadeForElementsThatHaveNotCome) {
  EXPECT_EQ(Read("*2147483647\r\n"), "error");
  EXPECT_EQ(Read("*2147483646\r\n:1\r\n"), "error");
  EXPECT_EQ(Read("*65537\r\n"), "error");
  EXPECT_EQ(Read("*65536\r\n"), "");
  // All arrays of a reply together.
  EXPECT_EQ(Read("*4\r\n*65530\r\n"), "");
  EXPECT_EQ(Read("*4\r\n*0\r\n*65533\r\n"), "error");
}

TEST(ReplyReaderTest, BytesAreBounded) {
  ReplyReader reader;
  const std::string some(size_t{1} << 20, 'x');
  ASSERT_TRUE(reader.Take("$2000000000\r\n").ok());
  absl::Status status;
  int rounds = 0;
  for (; status.ok() && rounds < 100; ++rounds) {
    status = reader.Take(some).status();
  }
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(rounds, 4);
}

TEST(ReplyReaderTest, TheBoundsAreOfEachReply) {
  ReplyReader reader;
  const std::string text(size_t{1} << 20, 'x');
  for (int i = 0; i < 10; ++i) {
    const auto reply =
        reader.Take(absl::StrCat("*1\r\n$", text.size(), "\r\n", text, "\r\n"));
    ASSERT_TRUE(reply.ok()) << i;
    ASSERT_NE(*reply, nullptr);
  }
  for (int i = 0; i < 10; ++i) {
    std::string many = "*30000\r\n";
    for (int j = 0; j < 30000; ++j) many += ":1\r\n";
    const auto reply = reader.Take(many);
    ASSERT_TRUE(reply.ok()) << i;
    ASSERT_NE(*reply, nullptr);
  }
}

TEST(ReplyReaderTest, AnAnswerToNoQuestionIsRefused) {
  ReplyReader reader;
  EXPECT_EQ(reader.Take("+OK\r\n+OK\r\n").status().code(),
            absl::StatusCode::kInternal);
}

TEST(FormatCommandTest, WordsMayHaveAnyBytes) {
  const std::string bytes("\0\r\n*1", 5);
  EXPECT_EQ(
      FormatCommand({"AUTH", "", bytes}).ExposeSecret(),
      absl::StrCat("*3\r\n$4\r\nAUTH\r\n$0\r\n\r\n$5\r\n", bytes, "\r\n"));
}

}  // namespace
}  // namespace keyward::target::redis
