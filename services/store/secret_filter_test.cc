// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_filter.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "proto/keyward/secrets/v1/secret.pb.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;

SecretRecord Sample() {
  SecretRecord secret;
  secret.set_name("projects/p/secrets/payments-db");
  secret.set_type(keyward::secrets::v1::SECRET_TYPE_API_KEY);
  (*secret.mutable_labels())["env"] = "prod";
  (*secret.mutable_labels())["team.name"] = "pay";
  return secret;
}

bool Matches(const std::string& text) {
  auto filter = SecretFilter::Parse(text);
  EXPECT_TRUE(filter.ok()) << text << ": " << filter.status();
  return filter.ok() && filter->Matches(Sample());
}

TEST(SecretFilterTest, AnEmptyFilterMatchesEverything) {
  EXPECT_TRUE(Matches(""));
  EXPECT_TRUE(Matches("  \t"));
}

TEST(SecretFilterTest, LabelsMatchByValueAndByPresence) {
  EXPECT_TRUE(Matches("labels.env = \"prod\""));
  EXPECT_TRUE(Matches("labels.env=\"prod\""));
  EXPECT_TRUE(Matches("labels.team.name = \"pay\""));
  EXPECT_FALSE(Matches("labels.env = \"test\""));
  EXPECT_FALSE(Matches("labels.other = \"\""));
  EXPECT_TRUE(Matches("labels:env"));
  EXPECT_FALSE(Matches("labels:other"));
}

TEST(SecretFilterTest, TypesMatchByName) {
  EXPECT_TRUE(Matches("type = API_KEY"));
  EXPECT_FALSE(Matches("type = OPAQUE"));
}

TEST(SecretFilterTest, NamesMatchWholeOrByPrefix) {
  EXPECT_TRUE(Matches("name = \"payments-*\""));
  EXPECT_TRUE(Matches("name = \"payments-db\""));
  EXPECT_TRUE(Matches("name = \"*\""));
  EXPECT_FALSE(Matches("name = \"payments\""));
  EXPECT_FALSE(Matches("name = \"q*\""));
}

TEST(SecretFilterTest, AllTermsMustMatch) {
  EXPECT_TRUE(Matches("labels:env AND type = API_KEY AND name = \"pay*\""));
  EXPECT_FALSE(Matches("labels:env AND type = OPAQUE"));
}

TEST(SecretFilterTest, TheLongestNameBoundsTheScan) {
  auto filter = SecretFilter::Parse("name = \"pay*\" AND name = \"payments*\"");
  ASSERT_TRUE(filter.ok());
  EXPECT_EQ(filter->id_prefix(), "payments");
}

TEST(SecretFilterTest, AnythingElseIsRefusedAndQuotesTheGrammar) {
  for (const char* bad : {"labels.env",
                          "labels. = \"x\"",
                          "labels:",
                          "type = NOTHING",
                          "type = UNSPECIFIED",
                          "type: API_KEY",
                          "name = pay*",
                          "name = \"a*b\"",
                          "name = \"a",
                          "name = \"a\\\"b\"",
                          "env = \"prod\"",
                          "labels:env OR type = OPAQUE",
                          "NOT labels:env",
                          "labels:env AND",
                          "AND labels:env",
                          "labels:env labels:env",
                          "(labels:env)",
                          "labels:env ANDlabels:env",
                          "labels.env != \"x\"",
                          "name"}) {
    auto filter = SecretFilter::Parse(bad);
    EXPECT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument)
        << bad;
    EXPECT_EQ(filter.status().message(),
              absl::StrCat("filter: ", SecretFilter::kGrammar))
        << bad;
    EXPECT_EQ(ErrorReason(filter.status()), kInvalidField) << bad;
  }
}

TEST(SecretFilterTest, LengthAndTermsAreBounded) {
  const std::string filler(SecretFilter::kMaxBytes - 10, 'a');
  EXPECT_TRUE(SecretFilter::Parse("name = \"" + filler + "*\"").ok());
  EXPECT_EQ(SecretFilter::Parse("name = \"a" + filler + "*\"").status().code(),
            absl::StatusCode::kInvalidArgument);
  std::string terms = "labels:a";
  for (size_t i = 1; i < SecretFilter::kMaxTerms; ++i) terms += " AND labels:a";
  EXPECT_TRUE(SecretFilter::Parse(terms).ok());
  EXPECT_EQ(SecretFilter::Parse(terms + " AND labels:a").status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::store
