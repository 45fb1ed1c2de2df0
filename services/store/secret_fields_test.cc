// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_fields.h"

#include <functional>
#include <limits>
#include <string>

#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "services/store/record_codec.h"

namespace keyward::store {
namespace {

using keyward::internal::store::v1::SecretRecord;
using keyward::secrets::v1::Secret;

const absl::Time kNow = absl::FromUnixSeconds(1800000000);

absl::Status Apply(const Secret& secret) {
  SecretRecord record;
  record.set_next_version(3);
  return ApplyCreateFields(secret, kNow, &record);
}

absl::Status Apply(const std::function<void(Secret*)>& change) {
  Secret secret;
  change(&secret);
  return Apply(secret);
}

void ExpectRule(const absl::Status& status, const std::string& message) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(status.message(), message);
}

TEST(SecretFieldsTest, LabelsFollowTheirRules) {
  const auto label = [](std::string key, std::string value) {
    return Apply(
        [&](Secret* secret) { (*secret->mutable_labels())[key] = value; });
  };
  EXPECT_TRUE(label("a", "").ok());
  EXPECT_TRUE(label("a_b.c-d9", "A-Za_z.9").ok());
  EXPECT_TRUE(label(std::string(63, 'a'), std::string(63, 'A')).ok());
  for (const std::string& key :
       {std::string(), std::string("A"), std::string("9a"), std::string("aB"),
        std::string("a b"), std::string(64, 'a')}) {
    ExpectRule(label(key, ""),
               "secret.labels: every key must match [a-z][a-z0-9_.-]{0,62}");
  }
  for (const std::string& value :
       {std::string("a b"), std::string("\xc3\xa4"), std::string(64, 'a')}) {
    ExpectRule(label("a", value),
               "secret.labels: every value must match [A-Za-z0-9_.-]{0,63}");
  }
}

TEST(SecretFieldsTest, TheNumberOfLabelsIsBounded) {
  Secret secret;
  for (size_t i = 0; i < kMaxLabels; ++i) {
    (*secret.mutable_labels())["l" + std::to_string(i)] = "";
  }
  EXPECT_TRUE(Apply(secret).ok());
  (*secret.mutable_labels())["one-more"] = "";
  ExpectRule(Apply(secret), "secret.labels: must have at most 64 entries");
}

TEST(SecretFieldsTest, AnnotationsAreBoundedInNumberAndBytes) {
  Secret secret;
  (*secret.mutable_annotations())["a"] =
      std::string(kMaxAnnotationBytes - 1, 'x');
  EXPECT_TRUE(Apply(secret).ok());
  (*secret.mutable_annotations())["b"] = "";
  ExpectRule(Apply(secret),
             "secret.annotations: must have at most 64 entries and 16384 "
             "bytes in all");
  secret.clear_annotations();
  for (size_t i = 0; i <= kMaxAnnotations; ++i) {
    (*secret.mutable_annotations())[std::to_string(i)] = "";
  }
  EXPECT_EQ(Apply(secret).code(), absl::StatusCode::kInvalidArgument);
  secret.clear_annotations();
  (*secret.mutable_annotations())[""] = "x";
  ExpectRule(Apply(secret), "secret.annotations: no key may be empty");
}

TEST(SecretFieldsTest, AliasesAreNoStagesAndNameExistingVersions) {
  const auto alias = [](std::string name, int64_t version) {
    return Apply([&](Secret* secret) {
      (*secret->mutable_version_aliases())[name] = version;
    });
  };
  EXPECT_TRUE(alias("stable", 1).ok());
  EXPECT_TRUE(alias("Stable_2-x", 2).ok());
  for (const std::string& name :
       {std::string("current"), std::string("pending"), std::string("previous"),
        std::string("latest"), std::string("1"), std::string("1st"),
        std::string(), std::string("a.b"), std::string(64, 'a')}) {
    EXPECT_EQ(alias(name, 1).code(), absl::StatusCode::kInvalidArgument)
        << name;
  }
  for (const int64_t version : {int64_t{-1}, int64_t{0}, int64_t{3},
                                std::numeric_limits<int64_t>::max()}) {
    ExpectRule(alias("stable", version),
               "secret.version_aliases: every value must be the number of an "
               "existing version");
  }
}

TEST(SecretFieldsTest, ExpiryIsFromAMinuteToAHundredYearsAhead) {
  const auto ttl = [](int64_t seconds) {
    return Apply(
        [&](Secret* secret) { secret->mutable_ttl()->set_seconds(seconds); });
  };
  const auto at = [](int64_t seconds) {
    return Apply([&](Secret* secret) {
      secret->mutable_expire_time()->set_seconds(1800000000 + seconds);
    });
  };
  const int64_t century = int64_t{100} * 365 * 24 * 3600;
  EXPECT_TRUE(ttl(60).ok());
  EXPECT_TRUE(ttl(century).ok());
  EXPECT_TRUE(at(60).ok());
  EXPECT_TRUE(at(century).ok());
  for (const int64_t bad : {int64_t{-1}, int64_t{0}, int64_t{59}, century + 1,
                            std::numeric_limits<int64_t>::max() / 2}) {
    ExpectRule(ttl(bad),
               "secret.ttl: must be from 60 seconds to 100 years ahead");
    ExpectRule(at(bad),
               "secret.expire_time: must be from 60 seconds to 100 years "
               "ahead");
  }
}

TEST(SecretFieldsTest, ATtlOfTwoSignsIsNoDuration) {
  for (const int32_t nanos : {-1, 1000000000}) {
    ExpectRule(Apply([&](Secret* secret) {
                 secret->mutable_ttl()->set_seconds(3600);
                 secret->mutable_ttl()->set_nanos(nanos);
               }),
               "secret.ttl: must be a valid duration ahead");
  }
}

TEST(SecretFieldsTest, ExpireTimeAndTtlExcludeEachOther) {
  Secret secret;
  secret.mutable_ttl()->set_seconds(100);
  secret.mutable_expire_time()->set_seconds(1800000100);
  ExpectRule(Apply(secret), "secret.ttl: must be empty beside expire_time");
  google::protobuf::FieldMask mask;
  mask.add_paths("ttl");
  mask.add_paths("expire_time");
  SecretRecord record;
  ExpectRule(ApplyMaskedFields(secret, mask, kNow, &record),
             "update_mask: may name expire_time or ttl, not both");
}

TEST(SecretFieldsTest, AMaskedEmptyExpireTimeClearsIt) {
  SecretRecord record;
  record.set_expire_time(ToMicros(kNow + absl::Hours(1)));
  google::protobuf::FieldMask mask;
  mask.add_paths("expire_time");
  ASSERT_TRUE(ApplyMaskedFields(Secret(), mask, kNow, &record).ok());
  EXPECT_EQ(record.expire_time(), 0);
}

TEST(SecretFieldsTest, AMaskedTtlMustBeGiven) {
  SecretRecord record;
  google::protobuf::FieldMask mask;
  mask.add_paths("ttl");
  ExpectRule(ApplyMaskedFields(Secret(), mask, kNow, &record),
             "secret.ttl: must be set when the mask names it");
}

TEST(SecretFieldsTest, AnUnknownTypeIsRefused) {
  Secret secret;
  secret.set_type(static_cast<keyward::secrets::v1::SecretType>(99));
  ExpectRule(Apply(secret), "secret.type: must be a known type");
}

TEST(SecretFieldsTest, AnInvalidTimestampIsRefused) {
  Secret secret;
  secret.mutable_expire_time()->set_seconds(1800000100);
  secret.mutable_expire_time()->set_nanos(-1);
  ExpectRule(Apply(secret), "secret.expire_time: must be a valid timestamp");
}

}  // namespace
}  // namespace keyward::store
