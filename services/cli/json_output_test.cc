// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/json_output.h"

#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "libs/rpc/sensitive.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::cli {
namespace {

TEST(JsonOutputTest, FieldsHaveTheContractsNamesAndAreAlwaysThere) {
  secrets::v1::Secret secret;
  secret.set_name("projects/default/secrets/a");
  secret.set_type(secrets::v1::SECRET_TYPE_API_KEY);
  secret.set_current_version(3);
  auto json = ToJson(secret);
  ASSERT_TRUE(json.ok()) << json.status();
  EXPECT_EQ((*json)["name"], "projects/default/secrets/a");
  EXPECT_EQ((*json)["type"], "SECRET_TYPE_API_KEY");
  EXPECT_EQ((*json)["currentVersion"], "3");
  EXPECT_EQ((*json)["pendingVersion"], "0");
  EXPECT_EQ((*json)["deletionProtection"], false);
}

TEST(JsonOutputTest, TextIsIndentedAndLinesAreNot) {
  const Json json = {{"b", 1}, {"a", "ü"}};
  EXPECT_EQ(JsonText(json), "{\n  \"b\": 1,\n  \"a\": \"\\u00fc\"\n}\n");
  EXPECT_EQ(JsonLine(json), "{\"b\":1,\"a\":\"\\u00fc\"}\n");
}

TEST(JsonOutputTest, BytesThatAreNoTextDoNotEndTheProcess) {
  EXPECT_EQ(JsonLine(Json{{"a", "\xff"}}), "{\"a\":\"\\ufffd\"}\n");
}

TEST(JsonOutputTest, P5_WhatCanHoldAValueIsNeverPrinted) {
  secrets::v1::AccessSecretVersionResponse response;
  response.set_name("n");
  EXPECT_EQ(ToJson(response).status().code(), absl::StatusCode::kInternal);
  EXPECT_EQ(ToJson(secrets::v1::SecretPayload()).status().code(),
            absl::StatusCode::kInternal);
  EXPECT_EQ(ToJson(operators::v1::UnsealRequest()).status().code(),
            absl::StatusCode::kInternal);
}

// Whatever message a later contract brings: it is refused, or it has no field
// that holds plaintext.
TEST(JsonOutputTest, P5_NoMessageOfTheContractsSlipsThrough) {
  const auto* file = secrets::v1::CreateSecretRequest::descriptor()->file();
  int refused = 0;
  for (int i = 0; i < file->message_type_count(); ++i) {
    const auto* type = file->message_type(i);
    const auto* prototype =
        google::protobuf::MessageFactory::generated_factory()->GetPrototype(
            type);
    const bool sensitive = rpc::HasSensitiveFields(type);
    EXPECT_EQ(ToJson(*prototype).ok(), !sensitive) << type->full_name();
    refused += sensitive;
  }
  EXPECT_GT(refused, 2);
}

}  // namespace
}  // namespace keyward::cli
