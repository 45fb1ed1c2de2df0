// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/xfcc.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::auth {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

std::vector<std::pair<XfccKey, std::string>> Pairs(const XfccElement& element) {
  std::vector<std::pair<XfccKey, std::string>> pairs;
  for (const XfccPair& pair : element) {
    pairs.emplace_back(pair.key, pair.value);
  }
  return pairs;
}

// The pairs of a header's only element.
std::vector<std::pair<XfccKey, std::string>> Only(absl::string_view header) {
  const auto elements = ParseXfcc(header);
  EXPECT_TRUE(elements.ok()) << elements.status() << " " << header;
  if (!elements.ok()) return {};
  EXPECT_EQ(elements->size(), 1u) << header;
  return Pairs((*elements)[0]);
}

TEST(XfccTest, ReadsWhatEnvoyWrites) {
  EXPECT_THAT(
      Only("By=spiffe://corp/ns/mesh/sa/ingress;Hash=0a1b;"
           "Subject=\"CN=web,OU=\\\"x\\\";y\";"
           "URI=spiffe://corp/web;DNS=web.corp;DNS=www.corp"),
      ElementsAre(Pair(XfccKey::kBy, "spiffe://corp/ns/mesh/sa/ingress"),
                  Pair(XfccKey::kHash, "0a1b"),
                  Pair(XfccKey::kSubject, "CN=web,OU=\"x\";y"),
                  Pair(XfccKey::kUri, "spiffe://corp/web"),
                  Pair(XfccKey::kDns, "web.corp"),
                  Pair(XfccKey::kDns, "www.corp")));
}

TEST(XfccTest, ReadsCertificatesQuotedOrNot) {
  EXPECT_THAT(Only("Cert=\"-----BEGIN%20X%0A\";Chain=-----BEGIN%20X%0A"),
              ElementsAre(Pair(XfccKey::kCert, "-----BEGIN%20X%0A"),
                          Pair(XfccKey::kChain, "-----BEGIN%20X%0A")));
}

TEST(XfccTest, KeepsElementsApartAndInTheirOrder) {
  const auto elements =
      ParseXfcc("URI=spiffe://corp/a,By=b;URI=spiffe://corp/c,DNS=\"d,e\"");
  ASSERT_TRUE(elements.ok()) << elements.status();
  ASSERT_EQ(elements->size(), 3u);
  EXPECT_THAT(Pairs((*elements)[0]),
              ElementsAre(Pair(XfccKey::kUri, "spiffe://corp/a")));
  EXPECT_THAT(Pairs((*elements)[1]),
              ElementsAre(Pair(XfccKey::kBy, "b"),
                          Pair(XfccKey::kUri, "spiffe://corp/c")));
  EXPECT_THAT(Pairs((*elements)[2]), ElementsAre(Pair(XfccKey::kDns, "d,e")));
}

TEST(XfccTest, TakesKeysInAnyCaseAndValuesAsTheyAre) {
  EXPECT_THAT(Only("uri=A;URI=b;Uri=\"C\""),
              ElementsAre(Pair(XfccKey::kUri, "A"), Pair(XfccKey::kUri, "b"),
                          Pair(XfccKey::kUri, "C")));
}

// Envoy writes the key of what a certificate does not have.
TEST(XfccTest, TakesEmptyValues) {
  EXPECT_THAT(
      Only("Subject=\"\";URI="),
      ElementsAre(Pair(XfccKey::kSubject, ""), Pair(XfccKey::kUri, "")));
}

TEST(XfccTest, P1_AQuotedValueEndsWhereEveryReaderEndsIt) {
  // Whoever chose this subject wrote the rest of it too.
  EXPECT_THAT(Only("Subject=\"CN=\\\";URI=spiffe://corp/admin;DNS=\\\"\""),
              ElementsAre(Pair(XfccKey::kSubject,
                               "CN=\";URI=spiffe://corp/admin;DNS=\"")));
  // A backslash at the end, escaped as RFC 2253 says: is the value ended?
  EXPECT_FALSE(ParseXfcc("Subject=\"CN=x\\\\\";URI=spiffe://corp/a").ok());
  EXPECT_FALSE(ParseXfcc("Subject=\"CN=x\\\\\\\\\"").ok());
  // Here all agree that it goes on.
  EXPECT_THAT(Only("Subject=\"CN=x\\\\\\\"y\";URI=b"),
              ElementsAre(Pair(XfccKey::kSubject, "CN=x\\\\\"y"),
                          Pair(XfccKey::kUri, "b")));
  // Elsewhere a backslash is one.
  EXPECT_THAT(Only("Subject=\"CN=a\\,b\\\\c\""),
              ElementsAre(Pair(XfccKey::kSubject, "CN=a\\,b\\\\c")));
}

TEST(XfccTest, P8_PassesNothingOver) {
  for (const char* header : {"",
                             " ",
                             ",",
                             ";",
                             "URI",
                             "URI=a,",
                             "URI=a;",
                             ",URI=a",
                             ";URI=a",
                             "URI=a;;DNS=b",
                             "URI=a,,URI=b",
                             "=a",
                             "URI =a",
                             " URI=a",
                             "URI= a",
                             "URI=a ",
                             "URI=a; DNS=b",
                             "URI=a, URI=b",
                             "URI=a=b",
                             "URI==a",
                             "URI=a\"",
                             "URI=\"a",
                             "URI=\"a\"b",
                             "URI=\"a\" ",
                             "URI=\"a\"=b",
                             "URI=\"a\"\"b\"",
                             "URI=\"a\\\"",
                             "URIs=a",
                             "Principal=a",
                             "UR\xc4=a",
                             "URI=a\tb",
                             "URI=a\nb",
                             "URI=\"a\nb\"",
                             "URI=\"\x7f\"",
                             "URI=\"\xc3\xa4\"",
                             "URI=\xc3\xa4"}) {
    const auto elements = ParseXfcc(header);
    EXPECT_EQ(elements.status().code(), absl::StatusCode::kInvalidArgument)
        << header;
  }
  EXPECT_FALSE(ParseXfcc(absl::string_view("URI=a\0b", 7)).ok());
  EXPECT_FALSE(ParseXfcc(absl::string_view("URI=\"a\0b\"", 9)).ok());
}

TEST(XfccTest, HasBounds) {
  const std::string start = "URI=spiffe://corp/a;Subject=\"";
  const std::string fill(kMaxXfccBytes - start.size() - 1, 'x');
  EXPECT_TRUE(ParseXfcc(absl::StrCat(start, fill, "\"")).ok());
  EXPECT_FALSE(ParseXfcc(absl::StrCat(start, fill, "x\"")).ok());
  const std::vector<std::string> pairs(kMaxXfccPairs, "DNS=a");
  EXPECT_TRUE(ParseXfcc(absl::StrJoin(pairs, ";")).ok());
  EXPECT_FALSE(ParseXfcc(absl::StrJoin(pairs, ";") + ";DNS=a").ok());
  EXPECT_FALSE(ParseXfcc(absl::StrJoin(pairs, ",") + ",DNS=a").ok());
}

TEST(XfccTest, ErrorsRepeatNothingOfTheHeader) {
  for (const char* header :
       {"hunter2", "hunter2=x", "URI=hunter2\"", "URI=\"hunter2"}) {
    EXPECT_THAT(std::string(ParseXfcc(header).status().message()),
                ::testing::Not(::testing::HasSubstr("hunter2")));
  }
}

// Whatever is read is exactly what was sent: written again by its rules it is
// the same text, so no two readings share one.
TEST(XfccTest, EveryHeaderOfAFewCharactersIsRefusedOrWrittenAgain) {
  static constexpr absl::string_view kAlphabet = "\"\\,;= x";
  int read = 0;
  std::vector<std::string> tails = {""};
  for (size_t i = 0; i < tails.size(); ++i) {
    const std::string header = "URI=" + tails[i];
    if (tails[i].size() < 6) {
      for (const char c : kAlphabet) tails.push_back(tails[i] + c);
    }
    const auto elements = ParseXfcc(header);
    if (!elements.ok()) continue;
    ++read;
    ASSERT_EQ(elements->size(), 1u) << header;
    ASSERT_EQ((*elements)[0].size(), 1u) << header;
    std::string quoted;
    for (const char c : (*elements)[0][0].value) {
      if (c == '"') quoted += '\\';
      quoted += c;
    }
    const std::string again = absl::StrCat("URI=\"", quoted, "\"");
    EXPECT_TRUE(header == again || header == "URI=" + quoted) << header;
  }
  EXPECT_GT(read, 1000);
}

}  // namespace
}  // namespace keyward::auth
