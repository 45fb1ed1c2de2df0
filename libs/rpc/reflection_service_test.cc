// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/reflection_service.h"

#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "gtest/gtest.h"
#include "libs/rpc/public_descriptors.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

using google::protobuf::FileDescriptorProto;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

constexpr int kNotFoundCode = 5;

class ReflectionTest : public testing::Test {
 protected:
  ReflectionTest() {
    // Linked in, as in a gateway, and not public.
    keyward::internal::store::v1::ExecuteRequest::descriptor();
  }

  ServerReflectionResponse Ask(const ServerReflectionRequest& request) {
    return AnswerReflection(descriptors_, request, &sent_);
  }
  ServerReflectionResponse AskSymbol(const std::string& name) {
    ServerReflectionRequest request;
    request.set_file_containing_symbol(name);
    return Ask(request);
  }

  static std::set<std::string> FileNames(
      const ServerReflectionResponse& response) {
    std::set<std::string> names;
    for (const std::string& bytes :
         response.file_descriptor_response().file_descriptor_proto()) {
      FileDescriptorProto file;
      EXPECT_TRUE(file.ParseFromString(bytes));
      names.insert(file.name());
    }
    return names;
  }

  const PublicDescriptors descriptors_{
      {keyward::secrets::v1::GetSecretRequest::descriptor()->file()->service(
          0)}};
  SentFiles sent_;
};

TEST_F(ReflectionTest, ListsTheServicesThatAreServed) {
  ServerReflectionRequest request;
  request.set_list_services("*");
  const ServerReflectionResponse response = Ask(request);
  ASSERT_EQ(response.list_services_response().service_size(), 1);
  EXPECT_EQ(response.list_services_response().service(0).name(),
            "keyward.secrets.v1.SecretService");
}

TEST_F(ReflectionTest, ASymbolBringsItsFileAndAllThatItImports) {
  const std::set<std::string> names =
      FileNames(AskSymbol("keyward.secrets.v1.SecretService"));
  EXPECT_EQ(names.count("keyward/secrets/v1/secret_service.proto"), 1u);
  EXPECT_EQ(names.count("keyward/access/v1/access.proto"), 1u);
  EXPECT_EQ(names.count("google/protobuf/descriptor.proto"), 1u);
  EXPECT_EQ(names.count("google/rpc/status.proto"), 1u);
}

TEST_F(ReflectionTest, AStreamIsGivenImportsOnce) {
  AskSymbol("keyward.secrets.v1.SecretService");
  EXPECT_EQ(FileNames(AskSymbol("keyward.secrets.v1.Secret")),
            std::set<std::string>{"keyward/secrets/v1/secret.proto"});
}

TEST_F(ReflectionTest, ClientsCanPrintTheDetailsOfErrors) {
  for (const char* type : {"google.rpc.Status", "google.rpc.ErrorInfo",
                           "google.rpc.BadRequest", "google.rpc.RetryInfo"}) {
    EXPECT_FALSE(AskSymbol(type).has_error_response()) << type;
  }
}

TEST_F(ReflectionTest, InternalContractsAreNotToldThoughTheyAreLinkedIn) {
  ASSERT_NE(
      google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          "keyward.internal.store.v1.StoreService"),
      nullptr);
  const ServerReflectionResponse by_symbol =
      AskSymbol("keyward.internal.store.v1.StoreService");
  EXPECT_EQ(by_symbol.error_response().error_code(), kNotFoundCode);
  ServerReflectionRequest by_file;
  by_file.set_file_by_filename("keyward/internal/store/v1/store_service.proto");
  EXPECT_EQ(Ask(by_file).error_response().error_code(), kNotFoundCode);
  EXPECT_EQ(AskSymbol("no.such.Thing").error_response().error_message(),
            by_symbol.error_response().error_message());
}

TEST_F(ReflectionTest, NoPublicFileImportsAnInternalOne) {
  for (const std::string& name :
       FileNames(AskSymbol("keyward.secrets.v1.SecretService"))) {
    EXPECT_FALSE(absl::StrContains(name, "internal")) << name;
  }
}

TEST_F(ReflectionTest, ExtensionsCanBeFound) {
  ServerReflectionRequest numbers;
  numbers.set_all_extension_numbers_of_type("google.protobuf.MethodOptions");
  const auto answer = Ask(numbers).all_extension_numbers_response();
  EXPECT_EQ(answer.base_type_name(), "google.protobuf.MethodOptions");
  ASSERT_EQ(answer.extension_number_size(), 1);
  EXPECT_EQ(answer.extension_number(0), 51901);

  ServerReflectionRequest extension;
  extension.mutable_file_containing_extension()->set_containing_type(
      "google.protobuf.MethodOptions");
  extension.mutable_file_containing_extension()->set_extension_number(51901);
  EXPECT_EQ(FileNames(Ask(extension)).count("keyward/access/v1/access.proto"),
            1u);
}

TEST_F(ReflectionTest, UnknownNamesAreNotFound) {
  ServerReflectionRequest file;
  file.set_file_by_filename("no/such.proto");
  ServerReflectionRequest numbers;
  numbers.set_all_extension_numbers_of_type("no.such.Type");
  ServerReflectionRequest extension;
  extension.mutable_file_containing_extension()->set_containing_type(
      "google.protobuf.MethodOptions");
  extension.mutable_file_containing_extension()->set_extension_number(1);
  for (const ServerReflectionRequest& request : {file, numbers, extension}) {
    EXPECT_EQ(Ask(request).error_response().error_code(), kNotFoundCode);
  }
}

TEST_F(ReflectionTest, AQuestionThatAsksNothingIsAnError) {
  EXPECT_EQ(Ask(ServerReflectionRequest()).error_response().error_code(), 3);
}

TEST_F(ReflectionTest, TheAnswerRepeatsTheQuestion) {
  ServerReflectionRequest request;
  request.set_host("here");
  request.set_list_services("*");
  const ServerReflectionResponse response = Ask(request);
  EXPECT_EQ(response.valid_host(), "here");
  EXPECT_EQ(response.original_request().SerializeAsString(),
            request.SerializeAsString());
}

}  // namespace
}  // namespace keyward::rpc
