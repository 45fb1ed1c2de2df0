// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// `policy`, `project`, `auth`, `key` and `operator`, against a gateway that
// answers as told.

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/cli/json_output.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using policy::v1::ApplyPolicyRequest;
using policy::v1::ApplyPolicyResponse;
using policy::v1::ExplainAccessRequest;
using policy::v1::ExplainAccessResponse;
using policy::v1::GetPolicyRequest;
using policy::v1::GetPolicyResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kPrincipal[] = "spiffe://keyward.internal/workload/payments-api";

class PolicyCommandsTest : public ::testing::Test {
 protected:
  PolicyCommandsTest() {
    world_.gateway().On<GetPolicyRequest, GetPolicyResponse>(
        [this](const GetPolicyRequest&, GetPolicyResponse* response) {
          *response = before_;
          return get_status_;
        });
    world_.gateway().On<ApplyPolicyRequest, ApplyPolicyResponse>(
        [this](const ApplyPolicyRequest& request,
               ApplyPolicyResponse* response) {
          applied_ = request;
          response->set_revision(7);
          response->set_added(1);
          return apply_status_;
        });
  }

  TestWorld world_;
  GetPolicyResponse before_;
  absl::Status get_status_;
  absl::Status apply_status_;
  ApplyPolicyRequest applied_;
};

constexpr char kOneBinding[] =
    "bindings:\n"
    "  - {name: b, role: auditor, principals: [x], resource: "
    "projects/default}\n";

TEST_F(PolicyCommandsTest, ApplyShowsWhatChangesAndIsTiedToIt) {
  before_.set_etag("seen");
  const std::string file = world_.WriteFile("p.yaml", kOneBinding);
  ASSERT_EQ(world_.Run({"policy", "apply", "-f", file}), 0) << world_.err();
  EXPECT_EQ(applied_.parent(), "projects/default");
  EXPECT_EQ(applied_.etag(), "seen");
  EXPECT_FALSE(applied_.replace_all());
  EXPECT_FALSE(applied_.validate_only());
  EXPECT_THAT(applied_.request_id(), SizeIs(36));
  EXPECT_THAT(world_.out(),
              AllOf(HasSubstr("+ binding projects/default/bindings/b"),
                    HasSubstr("1 added, 0 changed, 0 removed"),
                    HasSubstr("policy revision 7 is in force")));
}

TEST_F(PolicyCommandsTest, ApplyReadsStandardInputAndPrunesWhenAsked) {
  world_.SetInput(kOneBinding);
  ASSERT_EQ(world_.Run({"policy", "apply", "-f", "-", "--prune", "--dry-run"}),
            0)
      << world_.err();
  EXPECT_TRUE(applied_.replace_all());
  EXPECT_TRUE(applied_.validate_only());
  EXPECT_THAT(world_.out(), HasSubstr("nothing was changed"));
  EXPECT_THAT(world_.out(), Not(HasSubstr("in force")));
}

TEST_F(PolicyCommandsTest, ApplyWorksForWhoMayNotRead) {
  get_status_ = absl::PermissionDeniedError("missing policy.get");
  world_.SetInput(kOneBinding);
  EXPECT_EQ(world_.Run({"policy", "apply", "-f", "-"}), 0) << world_.err();
  EXPECT_EQ(applied_.etag(), "");
}

TEST_F(PolicyCommandsTest, ABadFileChangesNothing) {
  world_.SetInput("bindngs: []\n");
  EXPECT_EQ(world_.Run({"policy", "apply", "-f", "-"}), 1);
  EXPECT_THAT(world_.gateway().calls(), IsEmpty());
}

TEST_F(PolicyCommandsTest, NotYetInForceIsAFailureThatSaysSo) {
  apply_status_ = MakeError(absl::StatusCode::kUnavailable, kNotYetInForce,
                            "durable as revision 7, not yet in force");
  world_.SetInput(kOneBinding);
  EXPECT_EQ(world_.Run({"policy", "apply", "-f", "-"}), 1);
  EXPECT_THAT(world_.err(), AllOf(HasSubstr("(NOT_YET_IN_FORCE)"),
                                  HasSubstr("comes into force")));
}

TEST_F(PolicyCommandsTest, GetShowsEveryKindAndWritesAFile) {
  auto* binding = before_.add_bindings();
  binding->set_name("projects/default/bindings/b");
  binding->set_role("roles/auditor");
  binding->add_principals("oidc:corp:alice");
  binding->set_resource("projects/default");
  before_.add_roles()->set_name("projects/default/roles/r");
  before_.add_deny_rules()->set_name("projects/default/denyRules/d");
  ASSERT_EQ(world_.Run({"policy", "get"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), AllOf(HasSubstr("oidc:corp:alice"),
                                  HasSubstr("role"), HasSubstr("deny")));
  ASSERT_EQ(world_.Run({"policy", "get", "--yaml"}), 0);
  EXPECT_THAT(world_.out(), HasSubstr("parent: \"projects/default\"\n"));
  EXPECT_EQ(world_.Run({"policy", "get", "--yaml", "--output", "json"}), 2);
}

TEST_F(PolicyCommandsTest, ExplainAnswersForAnyPrincipal) {
  ExplainAccessRequest seen;
  world_.gateway().On<ExplainAccessRequest, ExplainAccessResponse>(
      [&seen](const ExplainAccessRequest& request,
              ExplainAccessResponse* response) {
        seen = request;
        response->set_explanation("no binding gives it");
        return absl::OkStatus();
      });
  // A refusal is an answer, not a failure.
  EXPECT_EQ(
      world_.Run({"policy", "explain", "--principal", kPrincipal, "--action",
                  "secrets.access", "--resource", "secrets/a"}),
      0);
  EXPECT_EQ(seen.resource(), "projects/default/secrets/a");
  EXPECT_THAT(world_.out(),
              AllOf(HasSubstr("refused"), HasSubstr("no binding gives it")));
}

TEST_F(PolicyCommandsTest, GrantAndRevokeMeetInOneBinding) {
  ASSERT_EQ(world_.Run({"policy", "grant", kPrincipal, "secrets.accessor",
                        "secrets/payments-*", "--expires", "24h"}),
            0)
      << world_.err();
  ASSERT_EQ(applied_.bindings_size(), 1);
  const auto binding = applied_.bindings(0);
  EXPECT_EQ(applied_.parent(), "projects/default");
  EXPECT_EQ(binding.role(), "roles/secrets.accessor");
  EXPECT_EQ(binding.resource(), "projects/default/secrets/payments-*");
  EXPECT_EQ(binding.expire_time().seconds(),
            absl::ToUnixSeconds(world_.clock().Now() + absl::Hours(24)));
  EXPECT_THAT(world_.out(), HasSubstr(binding.name()));

  ASSERT_EQ(world_.Run({"policy", "revoke", kPrincipal, "secrets.accessor",
                        "secrets/payments-*"}),
            0)
      << world_.err();
  EXPECT_EQ(applied_.parent(), "projects/default");
  EXPECT_THAT(applied_.removed(), ::testing::ElementsAre(binding.name()));
}

TEST_F(PolicyCommandsTest, RevokeTakesIdsAndFullNames) {
  ASSERT_EQ(world_.Run({"policy", "revoke", "grant-0123456789ab"}), 0);
  EXPECT_THAT(
      applied_.removed(),
      ::testing::ElementsAre("projects/default/bindings/grant-0123456789ab"));
  ASSERT_EQ(world_.Run({"policy", "revoke", "system/denyRules/d"}), 0);
  EXPECT_EQ(applied_.parent(), "system");
  EXPECT_EQ(world_.Run({"policy", "revoke", "a", "b"}), 2);
  EXPECT_EQ(world_.Run({"policy", "revoke", "projects/default"}), 2);
}

TEST_F(PolicyCommandsTest, GrantsOnSystemAreSystems) {
  ASSERT_EQ(world_.Run({"policy", "grant", "oidc:corp:a", "auditor", "system"}),
            0)
      << world_.err();
  EXPECT_EQ(applied_.parent(), "system");
  EXPECT_EQ(world_.Run({"policy", "grant", "oidc:corp:a", "auditor", "db"}), 2);
  EXPECT_EQ(world_.Run({"policy", "grant", "oidc:corp:a", "auditor",
                        "projects/../secrets/x"}),
            2);
}

TEST_F(PolicyCommandsTest, CanTellsByItsExitCode) {
  using policy::v1::TestPermissionsRequest;
  using policy::v1::TestPermissionsResponse;
  world_.gateway().On<TestPermissionsRequest, TestPermissionsResponse>(
      [](const TestPermissionsRequest& request,
         TestPermissionsResponse* response) {
        EXPECT_EQ(request.resource(), "projects/default/secrets/a");
        response->add_actions("secrets.get");
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"auth", "can", "secrets.get", "secrets/a"}), 0);
  EXPECT_EQ(
      world_.Run({"auth", "can", "secrets.get", "secrets.access", "secrets/a"}),
      1);
  EXPECT_THAT(world_.out(), HasSubstr("secrets.access  no\n"));
  EXPECT_EQ(world_.err(), "");
  EXPECT_EQ(world_.Run({"auth", "can", "secrets/a"}), 2);
}

TEST_F(PolicyCommandsTest, WhoAmIShowsIdentityAndRoles) {
  using policy::v1::GetCallerIdentityRequest;
  using policy::v1::GetCallerIdentityResponse;
  world_.gateway().On<GetCallerIdentityRequest, GetCallerIdentityResponse>(
      [](const GetCallerIdentityRequest&, GetCallerIdentityResponse* response) {
        response->set_principal(kPrincipal);
        response->set_authentication("mtls");
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"auth", "whoami"}), 0);
  EXPECT_THAT(world_.out(), AllOf(HasSubstr(kPrincipal), HasSubstr("mtls"),
                                  HasSubstr("no binding names you")));
  EXPECT_EQ(world_.Run({"auth", "whoami", "--output", "json"}), 0);
  EXPECT_EQ(Json::parse(world_.out())["principal"], kPrincipal);
}

TEST_F(PolicyCommandsTest, ProjectsAreMadeListedAndDeleted) {
  using policy::v1::CreateProjectRequest;
  using policy::v1::CreateProjectResponse;
  using policy::v1::DeleteProjectRequest;
  using policy::v1::DeleteProjectResponse;
  std::string deleted;
  world_.gateway().On<CreateProjectRequest, CreateProjectResponse>(
      [](const CreateProjectRequest& request, CreateProjectResponse* response) {
        response->mutable_project()->set_name("projects/" +
                                              request.project_id());
        return absl::OkStatus();
      });
  world_.gateway().On<DeleteProjectRequest, DeleteProjectResponse>(
      [&deleted](const DeleteProjectRequest& request, DeleteProjectResponse*) {
        deleted = request.name();
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"project", "create", "payments"}), 0);
  EXPECT_THAT(world_.out(), HasSubstr("created projects/payments"));
  EXPECT_EQ(world_.Run({"project", "delete", "payments"}), 0);
  EXPECT_EQ(deleted, "projects/payments");
  EXPECT_EQ(world_.Run({"project", "create", "No Project"}), 2);
}

TEST_F(PolicyCommandsTest, KeyRotateTakesTheDefaultKey) {
  using keys::v1::RotateKeyRequest;
  using keys::v1::RotateKeyResponse;
  std::string rotated;
  world_.gateway().On<RotateKeyRequest, RotateKeyResponse>(
      [&rotated](const RotateKeyRequest& request, RotateKeyResponse* response) {
        rotated = request.name();
        response->mutable_key()->set_primary_version(2);
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"key", "rotate", "--project", "payments"}), 0);
  EXPECT_EQ(rotated, "projects/payments/keys/default");
  EXPECT_THAT(world_.out(), HasSubstr("version 2"));
}

TEST_F(PolicyCommandsTest, KeyListSaysWhichVersionsAreDamaged) {
  using keys::v1::ListKeysRequest;
  using keys::v1::ListKeysResponse;
  world_.gateway().On<ListKeysRequest, ListKeysResponse>(
      [](const ListKeysRequest&, ListKeysResponse* response) {
        auto* key = response->add_keys();
        key->set_name("projects/default/keys/default");
        for (const char* number : {"7", "8", "9"}) {
          auto* version = key->add_versions();
          version->set_name(
              absl::StrCat("projects/default/keys/default/versions/", number));
          version->set_damaged(*number != '8');
        }
        return absl::OkStatus();
      });
  ASSERT_EQ(world_.Run({"key", "list"}), 0) << world_.err();
  EXPECT_THAT(world_.out(),
              AllOf(HasSubstr("DAMAGED VERSIONS"), HasSubstr("  7, 9\n")));
  ASSERT_EQ(world_.Run({"key", "list", "--output", "json"}), 0);
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["keys"][0]["versions"][2]["damaged"], true);
  EXPECT_EQ(json["keys"][0]["versions"][1]["damaged"], false);
}

// Promise P5: where memory cannot be locked, the status says so.
TEST_F(PolicyCommandsTest, P5_StatusSaysWhereMemoryIsNotLocked) {
  using operators::v1::GetStatusRequest;
  using operators::v1::GetStatusResponse;
  world_.gateway().On<GetStatusRequest, GetStatusResponse>(
      [](const GetStatusRequest&, GetStatusResponse* response) {
        auto* store = response->add_services();
        store->set_service("store");
        store->set_serving(true);
        store->set_memory_locked(false);
        store->mutable_start_time()->set_seconds(1);
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"operator", "status"}), 0);
  EXPECT_THAT(world_.out(), HasSubstr("may be swapped"));
}

TEST_F(PolicyCommandsTest, StatusClaimsNothingOfMemoryThatItWasNotTold) {
  using operators::v1::GetStatusRequest;
  using operators::v1::GetStatusResponse;
  world_.gateway().On<GetStatusRequest, GetStatusResponse>(
      [](const GetStatusRequest&, GetStatusResponse* response) {
        auto* store = response->add_services();
        store->set_service("store");
        store->set_serving(true);
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"operator", "status"}), 0);
  EXPECT_THAT(world_.out(), HasSubstr("store"));
  EXPECT_THAT(world_.out(), Not(HasSubstr("swapped")));
  EXPECT_THAT(world_.out(), Not(HasSubstr("locked")));
}

// No RPC can give back what no one is allowed to give.
TEST_F(PolicyCommandsTest, RecoverAdminBecomesTheOneShotServer) {
  EXPECT_EQ(world_.Run({"operator", "recover-admin", "oidc:corp:alice",
                        "--home", "/srv/keyward"}),
            0)
      << world_.err();
  EXPECT_THAT(world_.started(),
              ::testing::ElementsAre("/opt/keyward/bin/keyward-standalone",
                                     "--home", "/srv/keyward", "--listen",
                                     "127.0.0.1:0", "--metrics", "127.0.0.1:0",
                                     "--recover-admin", "oidc:corp:alice"));
  EXPECT_EQ(world_.connections(), 0);
  EXPECT_EQ(world_.Run({"operator", "recover-admin", "--help-me"}), 2);
  EXPECT_EQ(world_.Run({"operator", "recover-admin", "alice"}), 2);
}

}  // namespace
}  // namespace keyward::cli
