// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/postgres/sqlstate.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::target {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kBegin[] = "connection to server at \"192.0.2.1\", port 5432 ";

TEST(SqlstateTest, IsReadFromTheEndOfAMessageInAnyLanguage) {
  const std::string begin = kBegin;
  EXPECT_EQ(SqlstateOfMessage(begin + "failed: FATAL:  28P01\n"), "28P01");
  EXPECT_EQ(SqlstateOfMessage(begin + "failed: \xd0\x92\xd0\x90\xd0\x96\xd0\x9d"
                                      "\xd0\x9e:  57P03\n"),
            "57P03");
}

TEST(SqlstateTest, AMessageWithoutACodeHasNone) {
  for (const absl::string_view message :
       {"", "\n", "28P01", "FATAL: 28P01\n", "FATAL:  28P01 \n",
        "FATAL:  28p01\n", "FATAL:  128P01\n", "FATAL:  28P01\n\n",
        "FATAL:  28P01: password authentication failed\n", ":  8P01\n",
        "server closed the connection unexpectedly\n"}) {
    EXPECT_EQ(SqlstateOfMessage(message), "") << message;
  }
}

TEST(SqlstateTest, MeansOneOfTheErrorsOfATarget) {
  using Code = absl::StatusCode;
  const std::pair<absl::string_view, Code> expected[] = {
      {"42501", Code::kPermissionDenied},
      {"25006", Code::kFailedPrecondition},
      {"3D000", Code::kFailedPrecondition},
      {"55000", Code::kFailedPrecondition},
      {"57014", Code::kDeadlineExceeded},
      {"55P03", Code::kDeadlineExceeded},
      {"57P01", Code::kUnavailable},
      {"57P02", Code::kUnavailable},
      {"57P03", Code::kUnavailable},
      {"53300", Code::kUnavailable},
      {"53100", Code::kUnavailable},
      {"08006", Code::kUnavailable},
      {"08P01", Code::kFailedPrecondition},
      {"25P03", Code::kUnavailable},
      {"40P01", Code::kUnavailable},
      {"58030", Code::kUnavailable},
      {"42939", Code::kInvalidArgument},
      {"22021", Code::kInvalidArgument},
      {"42704", Code::kNotFound},
      {"42710", Code::kAlreadyExists},
      {"22023", Code::kFailedPrecondition},
      {"28000", Code::kFailedPrecondition},
      {"0A000", Code::kFailedPrecondition},
      {"P0001", Code::kFailedPrecondition},
      {"XX000", Code::kInternal},
      {"42601", Code::kInternal},
      {"25001", Code::kInternal},
      {"P0002", Code::kInternal},
      {"00000", Code::kInternal},
      {"", Code::kInternal},
      {"secret", Code::kInternal},
  };
  for (const auto& [sqlstate, code] : expected) {
    EXPECT_EQ(StatusOfSqlstate(sqlstate, "needs X").code(), code) << sqlstate;
  }
}

TEST(SqlstateTest, TheMessageHasTheCodeAndTheMissingRight) {
  EXPECT_EQ(StatusOfSqlstate("42501", "needs CREATEROLE").message(),
            "the login lacks a right: it needs CREATEROLE (SQLSTATE 42501)");
  const absl::Status full = StatusOfSqlstate("53300", "needs CREATEROLE");
  EXPECT_THAT(std::string(full.message()), HasSubstr("(SQLSTATE 53300)"));
  EXPECT_THAT(std::string(full.message()), Not(HasSubstr("CREATEROLE")));
}

TEST(SqlstateTest, WhatIsNoCodeIsNotRepeated) {
  EXPECT_THAT(std::string(StatusOfSqlstate("ALTER", "").message()),
              HasSubstr("ALTER"));
  EXPECT_THAT(std::string(StatusOfSqlstate("a password", "").message()),
              Not(HasSubstr("password")));
}

}  // namespace
}  // namespace keyward::target
