// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/start_program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<SecretVariable> Variables(
    std::vector<std::pair<std::string, std::string>> pairs) {
  std::vector<SecretVariable> variables;
  for (const auto& [name, value] : pairs) {
    variables.push_back({name, crypto::SecretBuffer::CopyOf(value)});
  }
  return variables;
}

// What `command` prints when a child of ours becomes it.
std::string OutputOf(const std::vector<std::string>& command,
                     const std::vector<SecretVariable>& variables) {
  const std::string path =
      absl::StrCat(::testing::TempDir(), "/start_program_test_out");
  const pid_t child = fork();
  if (child == 0) {
    const int fd = open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    dup2(fd, STDOUT_FILENO);
    StartProgram(command, variables, CoreLimit()).IgnoreError();
    _exit(99);
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(StartProgramTest, PassesTheVariablesAndTheArguments) {
  const std::string out = OutputOf(
      {"sh", "-c", "printf '%s|%s|%s' \"$A\" \"$B\" \"$1\"", "sh", "x y"},
      Variables({{"A", "value-a"}, {"B", "line\nbreak=1"}}));
  EXPECT_EQ(out, "value-a|line\nbreak=1|x y");
}

// Two variables of one name: which of them a program sees is anyone's guess.
TEST(StartProgramTest, ReplacesAVariableThatIsThereAlready) {
  setenv("KEYWARD_TEST_A", "old", 1);
  setenv("KEYWARD_TEST_AB", "other", 1);
  const std::string out =
      OutputOf({"env"}, Variables({{"KEYWARD_TEST_A", "new"}}));
  EXPECT_THAT(out, HasSubstr("KEYWARD_TEST_A=new\n"));
  EXPECT_THAT(out, Not(HasSubstr("KEYWARD_TEST_A=old")));
  EXPECT_THAT(out, HasSubstr("KEYWARD_TEST_AB=other\n"));
}

TEST(StartProgramTest, AProgramThatIsNotThereIsNotFound) {
  const absl::Status status =
      StartProgram({"keyward-no-such-program"}, {}, CoreLimit());
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("keyward-no-such-program"));
}

TEST(StartProgramTest, WhatCannotBeRunIsAFailure) {
  EXPECT_EQ(StartProgram({::testing::TempDir()}, {}, CoreLimit()).code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::cli
