// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/note_text.h"

#include <string>

#include "gtest/gtest.h"

namespace keyward::audit {
namespace {

TEST(NoteTextTest, PrintableUtf8AndNewlinesAreText) {
  EXPECT_TRUE(IsNoteText(""));
  EXPECT_TRUE(IsNoteText("a\nb\n"));
  EXPECT_TRUE(IsNoteText("\xc3\xa9\xe2\x80\x94\xf0\x9f\x94\x91"));
}

TEST(NoteTextTest, ControlCharactersAreNotText) {
  EXPECT_FALSE(IsNoteText("a\tb"));
  EXPECT_FALSE(IsNoteText("a\rb"));
  EXPECT_FALSE(IsNoteText("\x1b[2J"));
  EXPECT_FALSE(IsNoteText(std::string("a\0b", 3)));
}

TEST(NoteTextTest, MalformedUtf8IsNotText) {
  for (const char* bad :
       {"\x80", "\xff", "\xc3", "\xe2\x80", "\xf0\x9f\x94", "\xc3(",
        "\xc0\xaf",          // overlong
        "\xe0\x80\xaf",      // overlong
        "\xed\xa0\x80",      // a surrogate
        "\xf4\x90\x80\x80",  // above U+10FFFF
        "\xf8\x88\x80\x80\x80"}) {
    EXPECT_FALSE(IsNoteText(bad)) << bad;
  }
}

TEST(NoteTextTest, KeyNamesHaveNoSpaceAndNoPlus) {
  EXPECT_TRUE(IsKeyName("example.com/log"));
  EXPECT_TRUE(IsKeyName("\xc3\xa9"));
  for (const char* bad :
       {"", "a b", "a+b", "a\nb", "a\tb", "\xc2\xa0", "\xc2\x85",
        "a\xe2\x80\x83"
        "b",
        "\xe3\x80\x80", "\xff"}) {
    EXPECT_FALSE(IsKeyName(bad)) << bad;
  }
}

}  // namespace
}  // namespace keyward::audit
