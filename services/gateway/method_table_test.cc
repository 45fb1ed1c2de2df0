// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/method_table.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "google/protobuf/descriptor.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using google::protobuf::ServiceDescriptor;
using google::protobuf::TextFormat;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<const ServiceDescriptor*> PublicServices() {
  return {
      secrets::v1::GetSecretRequest::descriptor()->file()->service(0),
      keys::v1::GetKeyRequest::descriptor()->file()->service(0),
      policy::v1::GetPolicyRequest::descriptor()->file()->service(0),
      audit::v1::GetCheckpointRequest::descriptor()->file()->service(0),
      operators::v1::GetStatusRequest::descriptor()->file()->service(0),
  };
}

class MethodTableTest : public testing::Test {
 protected:
  void SetUp() override {
    auto table = MethodTable::Create(PublicServices());
    ASSERT_TRUE(table.ok()) << table.status();
    table_ = *std::move(table);
  }

  const MethodRule& Rule(const std::string& method) {
    const auto* descriptor = DescriptorPool::generated_pool()->FindMethodByName(
        absl::StrCat("keyward.secrets.v1.SecretService.", method));
    const MethodRule* rule = table_->Find(descriptor);
    EXPECT_NE(rule, nullptr) << method;
    return *rule;
  }

  std::unique_ptr<MethodTable> table_;
};

// The resources that a request must be authorized for, as "action resource".
std::vector<std::string> Resolved(const MethodRule& rule,
                                  const google::protobuf::Message& request) {
  auto targets = rule.Resolve(request);
  EXPECT_TRUE(targets.ok()) << targets.status();
  std::vector<std::string> lines;
  if (!targets.ok()) return lines;
  for (const Target& target : *targets) {
    lines.push_back(
        absl::StrCat(target.action, " ", target.resource.ToString()));
  }
  return lines;
}

TEST_F(MethodTableTest, P1_EveryPublicMethodHasARule) {
  for (const ServiceDescriptor* service : PublicServices()) {
    for (int i = 0; i < service->method_count(); ++i) {
      EXPECT_NE(table_->Find(service->method(i)), nullptr)
          << service->method(i)->full_name();
    }
  }
}

TEST_F(MethodTableTest, CreatingIsAuthorizedOnTheNameThatTheChildWillHave) {
  secrets::v1::CreateSecretRequest request;
  request.set_parent("projects/default");
  request.set_secret_id("db");
  EXPECT_THAT(Resolved(Rule("CreateSecret"), request),
              ElementsAre("secrets.create projects/default/secrets/db"));
}

TEST_F(MethodTableTest, AValueGivenAtCreationNeedsTheRightToAddVersions) {
  secrets::v1::CreateSecretRequest request;
  request.set_parent("projects/default");
  request.set_secret_id("db");
  request.mutable_payload();
  EXPECT_THAT(Resolved(Rule("CreateSecret"), request),
              ElementsAre("secrets.create projects/default/secrets/db",
                          "secrets.addVersion projects/default/secrets/db"));
}

TEST_F(MethodTableTest, NamingAKeyNeedsTheRightToUseIt) {
  secrets::v1::CreateSecretRequest request;
  request.set_parent("projects/default");
  request.set_secret_id("db");
  request.mutable_secret()->set_key("projects/default/keys/k");
  EXPECT_THAT(Resolved(Rule("CreateSecret"), request),
              ElementsAre("secrets.create projects/default/secrets/db",
                          "keys.use projects/default/keys/k"));
}

TEST_F(MethodTableTest, DestroyingAtOnceNeedsARightOfItsOwn) {
  secrets::v1::DeleteSecretRequest request;
  request.set_name("projects/default/secrets/db");
  EXPECT_EQ(Resolved(Rule("DeleteSecret"), request).size(), 1u);
  request.set_destroy_now(true);
  EXPECT_THAT(Resolved(Rule("DeleteSecret"), request),
              ElementsAre("secrets.delete projects/default/secrets/db",
                          "secrets.destroy projects/default/secrets/db"));
}

TEST_F(MethodTableTest, ANameThatDoesNotParseIsRefusedWithoutRepeatingIt) {
  secrets::v1::AccessSecretVersionRequest request;
  request.set_name("hunter2-pasted-by-mistake");
  auto targets = Rule("AccessSecretVersion").Resolve(request);
  EXPECT_EQ(targets.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(targets.status().message()), HasSubstr("name"));
  EXPECT_THAT(std::string(targets.status().message()),
              testing::Not(HasSubstr("hunter2")));
}

TEST_F(MethodTableTest, ABatchKnowsTheMethodForOneName) {
  const MethodRule& rule = Rule("BatchAccessSecretVersions");
  ASSERT_TRUE(rule.repeated());
  EXPECT_EQ(rule.element, &Rule("AccessSecretVersion"));
}

TEST_F(MethodTableTest, ActionsAreSortedAndEachNamedOnce) {
  std::vector<std::string> actions = table_->Actions();
  EXPECT_TRUE(std::is_sorted(actions.begin(), actions.end()));
  EXPECT_EQ(std::unique(actions.begin(), actions.end()), actions.end());
  EXPECT_THAT(actions, testing::Contains("secrets.access"));
}

// Contracts that must not be served: each line takes something from a sound
// one.
class BadContractTest : public testing::Test {
 protected:
  // Compiles a contract in keyward.secrets.v1 whose only method has `option`.
  absl::Status Create(const std::string& option,
                      const std::string& package = "keyward.secrets.v1",
                      const std::string& more = "") {
    FileDescriptorProto file;
    EXPECT_TRUE(TextFormat::ParseFromString(
        absl::StrCat(
            "name: 'bad.proto' package: '", package,
            "' syntax: 'proto3' "
            "dependency: 'keyward/access/v1/access.proto' "
            "message_type { name: 'Request' field { name: 'name' number: 1 "
            "type: TYPE_STRING label: LABEL_OPTIONAL } field { name: 'names' "
            "number: 2 type: TYPE_STRING label: LABEL_REPEATED } } "
            "message_type { name: 'Response' } "
            "service { name: 'BadService' method { name: 'Call' "
            "input_type: '.",
            package, ".Request' output_type: '.", package, ".Response' ", more,
            " options { ", option, " } } }"),
        &file));
    const FileDescriptor* built = pool_.BuildFile(file);
    EXPECT_NE(built, nullptr);
    return MethodTable::Create({built->service(0)}).status();
  }

  static std::string Access(const std::string& rule) {
    return absl::StrCat("[keyward.access.v1.access] { ", rule, " }");
  }

  DescriptorPool pool_{DescriptorPool::generated_pool()};
};

constexpr char kGoodCheck[] =
    "checks { action: 'secrets.get' kind: KIND_NAME resource: 'name' } ";

void ExpectRefused(const absl::Status& status, const std::string& why) {
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("BadService.Call"));
  EXPECT_THAT(std::string(status.message()), HasSubstr(why));
}

TEST_F(BadContractTest, TheContractThatTheOthersSpoilIsSound) {
  EXPECT_TRUE(
      Create(Access(absl::StrCat("effect: EFFECT_READ ", kGoodCheck))).ok());
}

TEST_F(BadContractTest, P1_AMethodWithoutAnOptionIsNotServed) {
  ExpectRefused(Create(""), "no access option");
}

TEST_F(BadContractTest, P1_AMethodWithoutAnyCheckIsNotServed) {
  ExpectRefused(Create(Access("effect: EFFECT_READ")), "no check");
}

TEST_F(BadContractTest, P1_AMethodWithoutAnEffectIsNotServed) {
  ExpectRefused(Create(Access(kGoodCheck)), "no effect");
}

TEST_F(BadContractTest, P1_ACheckOfAFieldThatIsNotThereIsNotServed) {
  ExpectRefused(Create(Access("effect: EFFECT_READ checks { action: 'a.b' "
                              "kind: KIND_NAME resource: 'nam' }")),
                "no field nam");
}

TEST_F(BadContractTest, P1_ACheckWithoutAnActionIsNotServed) {
  ExpectRefused(Create(Access("effect: EFFECT_READ checks { kind: KIND_NAME "
                              "resource: 'name' }")),
                "name an action");
}

TEST_F(BadContractTest, P1_ACheckThatMayNeverApplyIsNoCheck) {
  ExpectRefused(Create(Access("effect: EFFECT_READ checks { action: 'a.b' "
                              "kind: KIND_NAME resource: 'name' "
                              "when_set: 'names' }")),
                "conditional");
}

TEST_F(BadContractTest, ARepeatedReadNeedsTheMethodForOne) {
  ExpectRefused(Create(Access("effect: EFFECT_READ checks { action: 'a.b' "
                              "kind: KIND_REPEATED resource: 'names' }")),
                "element_method");
}

TEST_F(BadContractTest, APackageThatNobodyOwnsIsNotServed) {
  ExpectRefused(Create(Access(absl::StrCat("effect: EFFECT_READ ", kGoodCheck)),
                       "keyward.internal.store.v1"),
                "no service owns");
}

TEST_F(BadContractTest, AClientStreamIsNotServed) {
  ExpectRefused(Create(Access(absl::StrCat("effect: EFFECT_READ ", kGoodCheck)),
                       "keyward.secrets.v1", "client_streaming: true"),
                "stream");
}

}  // namespace
}  // namespace keyward::gateway
