// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/context_file.h"

#include <sys/stat.h>

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::client {
namespace {

using ::testing::HasSubstr;

std::string TestPath(const std::string& name) {
  return absl::StrCat(::testing::TempDir(), "/context_file_test_", name);
}

ContextFile Example() {
  ContextFile file;
  file.current = "prod";
  Context& prod = file.contexts["prod"];
  prod.address = "keyward.example.org:7100";
  prod.ca_file = "/etc/keyward/ca.pem";
  prod.cert_file = "/home/a b/alice \"x\".pem";
  prod.key_file = "C:\\alice.key";
  prod.token_file = "/run/token";
  prod.project = "payments";
  prod.server_id = "spiffe://example.org/service/gateway";
  file.contexts["empty-1"] = Context();
  return file;
}

// FORMAT.md shows this form.
TEST(ContextFileTest, WritesTheFormThatFilesHave) {
  ContextFile file;
  file.current = "a";
  file.contexts["a"].address = "h:1";
  file.contexts["a"].project = "p\"q";
  auto text = FormatContextFile(file);
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text,
            "# Written by `keyward context`. The format is "
            "libs/client/FORMAT.md.\n"
            "current: \"a\"\n"
            "contexts:\n"
            "  \"a\":\n"
            "    address: \"h:1\"\n"
            "    project: \"p\\\"q\"\n");
}

TEST(ContextFileTest, ReadsBackWhatItWrote) {
  auto text = FormatContextFile(Example());
  ASSERT_TRUE(text.ok()) << text.status();
  auto file = ParseContextFile(*text, "f");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->current, "prod");
  EXPECT_EQ(file->contexts, Example().contexts);
}

TEST(ContextFileTest, EmptyTextHasNoContexts) {
  for (const char* text :
       {"", "# nothing\n", "contexts:\n", "contexts: {}\n"}) {
    auto file = ParseContextFile(text, "f");
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_TRUE(file->contexts.empty());
    EXPECT_EQ(file->current, "");
  }
}

TEST(ContextFileTest, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"curent: a\n", "contexts: {a: {adress: 'h:1'}}\n",
        "contexts: {a: {address: [1]}}\n", "contexts: {a: {address: }}\n",
        "contexts: {a: b}\n", "contexts: [a]\n", "- a\n", "current: {}\n",
        "contexts: {a: {address: 'h:1', address: 'h:2'}}\n", "current: b\n",
        "contexts: {a: {address: \"x\\u0007\"}}\n", ": : :"}) {
    auto file = ParseContextFile(text, "f.yaml");
    EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_THAT(std::string(file.status().message()), HasSubstr("f.yaml"))
        << text;
  }
}

TEST(ContextFileTest, NamesAreSafeAsFileNames) {
  for (const char* name : {"a", "0", "prod-eu_1"}) {
    EXPECT_TRUE(CheckContextName(name).ok()) << name;
  }
  EXPECT_TRUE(CheckContextName(std::string(63, 'a')).ok());
  for (const char* name : {"", "-a", "_a", "A", "a/b", "..", "a.b", "a b"}) {
    EXPECT_EQ(CheckContextName(name).code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  EXPECT_FALSE(CheckContextName(std::string(64, 'a')).ok());
  EXPECT_FALSE(ParseContextFile("contexts: {'../x': {}}", "f").ok());
}

TEST(ContextFileTest, BoundsValuesAndContexts) {
  ContextFile file;
  file.contexts["a"].address = std::string(kMaxContextValueBytes + 1, 'x');
  EXPECT_EQ(FormatContextFile(file).status().code(),
            absl::StatusCode::kInvalidArgument);
  file.contexts["a"].address = "line\nbreak";
  EXPECT_EQ(FormatContextFile(file).status().code(),
            absl::StatusCode::kInvalidArgument);
  file.contexts.clear();
  for (size_t i = 0; i <= kMaxContexts; ++i) {
    file.contexts[absl::StrCat("c", i)] = Context();
  }
  EXPECT_EQ(FormatContextFile(file).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ContextFileTest, AMissingFileIsEmpty) {
  auto file = LoadContextFile(TestPath("missing"));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(file->contexts.empty());
}

TEST(ContextFileTest, SavesForTheOwnerAlone) {
  const std::string path = TestPath("saved");
  { std::ofstream(path) << "old"; }
  chmod(path.c_str(), 0644);
  ASSERT_TRUE(SaveContextFile(path, Example()).ok());
  struct stat info;
  ASSERT_EQ(stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
  auto file = LoadContextFile(path);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->contexts, Example().contexts);
}

}  // namespace
}  // namespace keyward::client
