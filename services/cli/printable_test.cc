// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/printable.h"

#include <string>

#include "gtest/gtest.h"

namespace keyward::cli {
namespace {

TEST(PrintableTest, KeepsWhatPeopleRead) {
  EXPECT_EQ(Printable("db-password = 1"), "db-password = 1");
  EXPECT_EQ(Printable("Zürich Ω 日本 🔑"), "Zürich Ω 日本 🔑");
  EXPECT_EQ(Printable(""), "");
}

TEST(PrintableTest, EscapesControlCharacters) {
  EXPECT_EQ(Printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(Printable("a\nb\tc\r"), "a\\x0ab\\x09c\\x0d");
  EXPECT_EQ(Printable("\x7f"), "\\x7f");
  EXPECT_EQ(Printable(std::string("a\0b", 3)), "a\\x00b");
  // C1: U+009B is a control sequence introducer to some terminals.
  EXPECT_EQ(Printable("\xc2\x9b"), "\\u{9b}");
}

TEST(PrintableTest, EscapesWhatIsNoUtf8) {
  EXPECT_EQ(Printable("\xff"), "\\xff");
  EXPECT_EQ(Printable("\xc3"), "\\xc3");
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // surrogate
  EXPECT_EQ(Printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(PrintableTest, EscapesCharactersThatReorderOrHideText) {
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\\u{202e}b");
  EXPECT_EQ(Printable("\xe2\x80\x8b"), "\\u{200b}");
  EXPECT_EQ(Printable("\xef\xbb\xbf"), "\\u{feff}");
}

TEST(TableTest, AlignsColumns) {
  Table table({"name", "state"});
  table.Add({"a", "enabled"});
  table.Add({"longer", ""});
  EXPECT_EQ(table.ToString(),
            "NAME    STATE\n"
            "a       enabled\n"
            "longer  -\n");
}

TEST(TableTest, CountsCharactersNotBytes) {
  Table table({"a", "b"});
  table.Add({"ü", "x"});
  table.Add({"u", "y"});
  EXPECT_EQ(table.ToString(), "A  B\nü  x\nu  y\n");
}

TEST(TableTest, ACellCannotAddARow) {
  Table table({"a"});
  table.Add({"x\ny"});
  EXPECT_EQ(table.ToString(), "A\nx\\x0ay\n");
}

TEST(TableTest, RowsHaveTheHeadsLength) {
  Table table({"a", "b"});
  table.Add({"1"});
  table.Add({"1", "2", "3"});
  EXPECT_EQ(table.ToString(), "A  B\n1  -\n1  2\n");
}

TEST(FieldsTest, AlignsValuesAndLeavesOutEmptyOnes) {
  Fields fields;
  fields.Add("name", "a");
  fields.Add("expires", "");
  fields.Add("etag", "x\n");
  EXPECT_EQ(fields.ToString(), "name:  a\netag:  x\\x0a\n");
}

}  // namespace
}  // namespace keyward::cli
