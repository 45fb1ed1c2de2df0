// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/log.h"

#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/cord.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/fake_clock.h"
#include "libs/base/memory_log_sink.h"
#include "nlohmann/json.hpp"

namespace nlohmann {

// gtest would print a json value as a container of itself, for ever.
inline void PrintTo(const json& value, std::ostream* out) {
  *out << value.dump();
}

}  // namespace nlohmann

namespace keyward {
namespace {

using nlohmann::json;
using std::string_literals::operator""s;

class LogTest : public testing::Test {
 protected:
  json LastLine() const {
    const std::vector<std::string> lines = sink_.lines();
    return lines.empty() ? json() : json::parse(lines.back());
  }

  FakeClock clock_{absl::FromUnixMillis(1'785'585'600'123)};
  MemoryLogSink sink_;
  Logger logger_{"gateway", LogLevel::kInfo, &clock_, &sink_};
};

TEST_F(LogTest, WritesOneJsonObjectALine) {
  logger_.Info("listening", {{"port", 8470}});
  EXPECT_EQ(sink_.lines(),
            std::vector<std::string>(
                {R"({"time":"2026-08-01T12:00:00.123Z","level":"info",)"
                 R"("service":"gateway","msg":"listening","port":8470})"}));
}

TEST_F(LogTest, NamesTheLevels) {
  logger_.Warning("w");
  EXPECT_EQ(LastLine()["level"], "warning");
  logger_.Error("e");
  EXPECT_EQ(LastLine()["level"], "error");
}

TEST_F(LogTest, WritesNothingBelowTheLeastLevel) {
  logger_.Debug("d");
  EXPECT_TRUE(sink_.lines().empty());
  EXPECT_FALSE(logger_.IsEnabled(LogLevel::kDebug));
  EXPECT_TRUE(logger_.IsEnabled(LogLevel::kInfo));
  Logger debug("x", LogLevel::kDebug, &clock_, &sink_);
  debug.Debug("d");
  EXPECT_EQ(LastLine()["level"], "debug");
}

TEST_F(LogTest, ValuesKeepTheirType) {
  absl::Status status = absl::NotFoundError("no such key");
  status.SetPayload("type", absl::Cord("payload"));
  logger_.Info("m", {{"s", "text"},
                     {"b", true},
                     {"i", std::numeric_limits<int64_t>::min()},
                     {"u", std::numeric_limits<uint64_t>::max()},
                     {"d", 0.5},
                     {"n", std::numeric_limits<double>::infinity()},
                     {"t", absl::Milliseconds(1500)},
                     {"e", status}});
  const json line = LastLine();
  EXPECT_EQ(line["s"], "text");
  EXPECT_EQ(line["b"], true);
  EXPECT_EQ(line["i"], std::numeric_limits<int64_t>::min());
  EXPECT_EQ(line["u"], std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(line["d"], 0.5);
  EXPECT_TRUE(line["n"].is_null());
  EXPECT_EQ(line["t"], "1.5s");
  EXPECT_EQ(line["e"], "NOT_FOUND: no such key");
}

TEST_F(LogTest, ControlCharactersCannotForgeALineOrReachATerminal) {
  const std::string hostile =
      "x\n{\"level\":\"error\"}\r\x1b[2J\x7f\xc2\x9b"
      "31m\0\"\\"s;
  logger_.Info(hostile, {{"name", hostile}});
  const std::vector<std::string> lines = sink_.lines();
  ASSERT_EQ(lines.size(), 1u);
  for (const char c : lines[0]) {
    EXPECT_GE(c, 0x20);
    EXPECT_LT(static_cast<unsigned char>(c), 0x7f);
  }
  EXPECT_EQ(LastLine()["name"], hostile);
  EXPECT_EQ(LastLine()["msg"], hostile);
}

TEST_F(LogTest, BytesThatAreNoUtf8AreReplaced) {
  logger_.Info("m", {{"name", "a\xff\xfe"}});
  EXPECT_EQ(LastLine()["name"], "a\xef\xbf\xbd\xef\xbf\xbd");
}

TEST_F(LogTest, LongTextIsCut) {
  logger_.Info(std::string(10'000, 'm'), {{"name", std::string(10'000, 'n')}});
  EXPECT_EQ(LastLine()["msg"], std::string(kMaxLogMessageBytes, 'm') + "...");
  EXPECT_EQ(LastLine()["name"], std::string(kMaxLogValueBytes, 'n') + "...");
}

TEST_F(LogTest, TextOfExactlyTheBoundIsNotCut) {
  logger_.Info("m", {{"name", std::string(kMaxLogValueBytes, 'n')}});
  EXPECT_EQ(LastLine()["name"], std::string(kMaxLogValueBytes, 'n'));
}

TEST_F(LogTest, FieldCannotStandInForAnother) {
  logger_.Info("m", {{"level", "error"}, {"a", 1}, {"a", 2}, {"a_", 3}});
  const json line = LastLine();
  EXPECT_EQ(line["level"], "info");
  EXPECT_EQ(line["level_"], "error");
  EXPECT_EQ(line["a"], 1);
  EXPECT_EQ(line["a_"], 2);
  EXPECT_EQ(line["a__"], 3);
}

TEST_F(LogTest, FieldsBeyondTheBoundAreCounted) {
  const LogField f("f", 1);
  logger_.Info("m", {f, f, f, f, f, f, f, f, f, f, f, f, f, f, f, f, f, f,
                     f, f, f, f, f, f, f, f, f, f, f, f, f, f, f, f, f});
  EXPECT_EQ(LastLine()["fields_dropped"], 3);
  EXPECT_EQ(LastLine().size(), 4 + kMaxLogFields + 1);
}

TEST(StderrLogSinkTest, WritesTheLineAsItIs) {
  testing::internal::CaptureStderr();
  NewStderrLogSink()->Write(LogLevel::kError, "{\"msg\":\"%v {} {0}\"}");
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "{\"msg\":\"%v {} {0}\"}\n");
}

}  // namespace
}  // namespace keyward
