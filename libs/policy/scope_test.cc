// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/scope.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/resource_name.h"

namespace keyward::policy {
namespace {

Scope Parse(const std::string& text) {
  return Scope::Parse(text, "resource").value();
}

bool Contains(const std::string& scope, const std::string& name) {
  return Parse(scope).Contains(ResourceName::Parse(name).value());
}

TEST(ScopeTest, ReadsWhatItWrites) {
  for (const char* text :
       {"system", "projects/default", "projects/default/secrets/db",
        "projects/default/keys/main", "projects/default/connectors/pg",
        "projects/default/rotations/r1", "projects/*", "projects/team-*",
        "projects/default/secrets/*", "projects/default/secrets/payments-*",
        "projects/default/keys/k*"}) {
    EXPECT_EQ(Parse(text).ToString(), text);
  }
}

TEST(ScopeTest, RefusesWhatIsNoScope) {
  for (const char* text : {"",
                           "*",
                           "system*",
                           "system/*",
                           "projects",
                           "projects/",
                           "projects/A*",
                           "projects/-a*",
                           "projects/default*/secrets/a",
                           "projects/*/secrets/a*",
                           "projects/default/*",
                           "projects/default/sec*",
                           "projects/default/secrets/a*b",
                           "projects/default/secrets/**",
                           "projects/default/secrets/a b*",
                           "projects/default/secrets/a/*",
                           "projects/default/roles/a*",
                           "projects/default/bindings/*",
                           "/projects/default",
                           "projects/default/"}) {
    EXPECT_EQ(Scope::Parse(text, "resource").status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ScopeTest, RefusesVersionsWhichHaveSeveralNames) {
  for (const char* text :
       {"projects/p-1/secrets/s/versions/3", "projects/p-1/keys/k/versions/1",
        "projects/p-1/secrets/s/versions/c*",
        "projects/p-1/secrets/s/versions/*"}) {
    EXPECT_EQ(Scope::Parse(text, "resource").status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(ScopeTest, RefusesTextBeyondAnyNameWithoutRepeatingIt) {
  const std::string text =
      absl::StrCat("projects/default/secrets/", std::string(600, 'x'), "*");
  const absl::Status status = Scope::Parse(text, "resource").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().find("xxx"), absl::string_view::npos);
}

TEST(ScopeTest, AcceptsPartsUpToTheLengthOfAnId) {
  const std::string start = "projects/default/secrets/";
  EXPECT_TRUE(
      Scope::Parse(start + std::string(255, 'x') + "*", "resource").ok());
  EXPECT_FALSE(
      Scope::Parse(start + std::string(256, 'x') + "*", "resource").ok());
}

TEST(ScopeTest, ContainsItsResourceAndWhatIsBelow) {
  EXPECT_TRUE(Contains("projects/abc", "projects/abc"));
  EXPECT_TRUE(Contains("projects/abc", "projects/abc/secrets/s"));
  EXPECT_TRUE(Contains("projects/abc/secrets/s",
                       "projects/abc/secrets/s/versions/current"));
  EXPECT_FALSE(Contains("projects/abc", "projects/abcd"));
  EXPECT_FALSE(Contains("projects/abc/secrets/s", "projects/abc/secrets/st"));
  EXPECT_FALSE(Contains("projects/abc/secrets/s", "projects/abc"));
  EXPECT_FALSE(Contains("projects/abc", "system"));
}

TEST(ScopeTest, SystemContainsEverything) {
  for (const char* name : {"system", "projects/abc", "projects/abc/keys/k",
                           "roles/auditor", "system/bindings/b"}) {
    EXPECT_TRUE(Contains("system", name)) << name;
  }
}

TEST(ScopeTest, APrefixContainsLongerNamesAndWhatIsBelowThem) {
  EXPECT_TRUE(Contains("projects/abc/secrets/pay-*",
                       "projects/abc/secrets/pay-db/versions/1"));
  EXPECT_TRUE(
      Contains("projects/abc/secrets/pay-*", "projects/abc/secrets/pay-"));
  EXPECT_TRUE(Contains("projects/ab*", "projects/abc/keys/k"));
  EXPECT_FALSE(
      Contains("projects/abc/secrets/pay-*", "projects/abc/secrets/pay"));
  EXPECT_FALSE(Contains("projects/abc/secrets/*", "projects/abc"));
  EXPECT_FALSE(Contains("projects/abc/secrets/*", "projects/abc/keys/k"));
}

struct CoversCase {
  const char* a;
  const char* b;
  bool a_covers_b;
  bool b_covers_a;
};

TEST(ScopeTest, CoversAsTheTreeGoes) {
  for (const CoversCase& c : {
           CoversCase{"system", "projects/abc", true, false},
           CoversCase{"system", "projects/*", true, false},
           CoversCase{"projects/abc", "projects/abc", true, true},
           CoversCase{"projects/abc", "projects/abc*", false, true},
           CoversCase{"projects/abc", "projects/abcd*", false, false},
           CoversCase{"projects/abc", "projects/abc/secrets/x*", true, false},
           CoversCase{"projects/ab*", "projects/abc/secrets/x", true, false},
           CoversCase{"projects/ab*", "projects/abc*", true, false},
           CoversCase{"projects/ab*", "projects/ac*", false, false},
           CoversCase{"projects/abc/secrets/x", "projects/abc/secrets/xy*",
                      false, false},
           CoversCase{"projects/abc/secrets/*", "projects/abc/keys/*", false,
                      false},
       }) {
    EXPECT_EQ(Parse(c.a).Covers(Parse(c.b)), c.a_covers_b) << c.a << " " << c.b;
    EXPECT_EQ(Parse(c.b).Covers(Parse(c.a)), c.b_covers_a) << c.b << " " << c.a;
    EXPECT_EQ(Parse(c.a).Overlaps(Parse(c.b)), c.a_covers_b || c.b_covers_a);
  }
}

}  // namespace
}  // namespace keyward::policy
