// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/policy/actions.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/policy/public_actions.h"
#include "proto/keyward/access/v1/access.pb.h"

namespace keyward::policy {
namespace {

// A service of one method with `rule` as its access option, if any.
class MadeUpService {
 public:
  explicit MadeUpService(const access::v1::AccessRule* rule)
      : pool_(google::protobuf::DescriptorPool::generated_pool()) {
    // Found in the generated pool only once its file is linked and used.
    access::v1::AccessRule::descriptor();
    google::protobuf::FileDescriptorProto file;
    file.set_name("made_up.proto");
    file.set_package("made.up");
    file.add_dependency("keyward/access/v1/access.proto");
    file.add_message_type()->set_name("Message");
    auto* method = file.add_service()->add_method();
    file.mutable_service(0)->set_name("Service");
    method->set_name("Do");
    method->set_input_type(".made.up.Message");
    method->set_output_type(".made.up.Message");
    if (rule != nullptr) {
      *method->mutable_options()->MutableExtension(access::v1::access) = *rule;
    }
    service_ = pool_.BuildFile(file)->service(0);
  }

  const google::protobuf::ServiceDescriptor* get() const { return service_; }

 private:
  google::protobuf::DescriptorPool pool_;
  const google::protobuf::ServiceDescriptor* service_;
};

TEST(ActionCatalogTest, HoldsTheActionsOfThePublicContracts) {
  const auto catalog = PublicActions().value();
  for (const char* action :
       {"secrets.access", "secrets.create", "versions.destroy", "keys.use",
        "policy.apply", "projects.create", "audit.read", "operator.status"}) {
    EXPECT_TRUE(catalog->Find(action).has_value()) << action;
  }
}

TEST(ActionCatalogTest, NumbersEachActionByItsPlace) {
  const auto catalog = PublicActions().value();
  for (size_t i = 0; i < catalog->actions().size(); ++i) {
    EXPECT_EQ(catalog->Find(catalog->actions()[i]), i);
  }
}

TEST(ActionCatalogTest, FindsNothingThatIsNoAction) {
  const auto catalog = PublicActions().value();
  for (const char* text : {"", "secrets", "secrets.", "secrets.*", "*",
                           "secrets.steal", "SECRETS.access"}) {
    EXPECT_FALSE(catalog->Find(text).has_value()) << text;
  }
}

TEST(ActionCatalogTest, ExpandsAKindToItsActionsAlone) {
  const auto catalog = PublicActions().value();
  const ActionSet keys = catalog->Expand("keys.*");
  EXPECT_EQ(keys.count(), 6u);
  EXPECT_TRUE(keys.test(*catalog->Find("keys.rotate")));
  EXPECT_FALSE(keys.test(*catalog->Find("secrets.access")));
  EXPECT_EQ(catalog->Expand("*").count(), catalog->actions().size());
  EXPECT_EQ(catalog->Expand("secrets.access").count(), 1u);
  EXPECT_TRUE(catalog->Expand("nosuch.*").none());
}

TEST(ActionCatalogTest, ValidatesPatternsOfRoles) {
  const auto catalog = PublicActions().value();
  EXPECT_TRUE(catalog->ValidatePattern("secrets.access", "actions").ok());
  EXPECT_TRUE(catalog->ValidatePattern("secrets.*", "actions").ok());
  for (const char* pattern : {"", "*", "secrets", "secret.access", "s*",
                              "secrets.a*", "nosuch.*", ".*"}) {
    EXPECT_EQ(catalog->ValidatePattern(pattern, "actions").code(),
              absl::StatusCode::kInvalidArgument)
        << pattern;
  }
}

TEST(ActionCatalogTest, P8_RefusesAContractWithoutAnAccessOption) {
  const MadeUpService service(nullptr);
  const absl::Status status =
      ActionCatalog::FromServices({service.get()}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message(), "made.up.Service.Do has no access option");
}

TEST(ActionCatalogTest, P8_RefusesAContractWithoutAnActionToCheck) {
  access::v1::AccessRule rule;
  rule.set_effect(access::v1::EFFECT_READ);
  EXPECT_EQ(
      ActionCatalog::FromServices({MadeUpService(&rule).get()}).status().code(),
      absl::StatusCode::kInvalidArgument);
  rule.add_checks()->set_kind(access::v1::KIND_SYSTEM);
  for (const char* action : {"", "secrets", "secrets.", ".access", "a b.c"}) {
    rule.mutable_checks(0)->set_action(action);
    EXPECT_EQ(ActionCatalog::FromServices({MadeUpService(&rule).get()})
                  .status()
                  .code(),
              absl::StatusCode::kInvalidArgument)
        << action;
  }
}

TEST(ActionCatalogTest, SelfNeedsNoAction) {
  access::v1::AccessRule rule;
  rule.add_checks()->set_kind(access::v1::KIND_SELF);
  const MadeUpService service(&rule);
  EXPECT_TRUE(
      ActionCatalog::FromServices({service.get()}).value()->actions().empty());
}

TEST(ActionCatalogTest, RefusesMoreActionsThanASetHolds) {
  access::v1::AccessRule rule;
  for (size_t i = 0; i <= kMaxActions; ++i) {
    std::string verb(1 + i / 26, 'a');
    verb.back() = static_cast<char>('a' + i % 26);
    rule.add_checks()->set_action("things." + verb);
  }
  const MadeUpService service(&rule);
  EXPECT_EQ(ActionCatalog::FromServices({service.get()}).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace keyward::policy
