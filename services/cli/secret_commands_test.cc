// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// The commands about secrets and versions, against a gateway that answers as
// told.

#include <sys/stat.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/crc32c.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/cli/follow.h"
#include "services/cli/json_output.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using secrets::v1::AccessSecretVersionRequest;
using secrets::v1::AccessSecretVersionResponse;
using secrets::v1::AddSecretVersionRequest;
using secrets::v1::AddSecretVersionResponse;
using secrets::v1::CreateSecretRequest;
using secrets::v1::CreateSecretResponse;
using secrets::v1::DeleteSecretRequest;
using secrets::v1::DeleteSecretResponse;
using secrets::v1::DestroySecretVersionRequest;
using secrets::v1::DestroySecretVersionResponse;
using secrets::v1::GetSecretRequest;
using secrets::v1::GetSecretResponse;
using secrets::v1::GetSecretVersionRequest;
using secrets::v1::GetSecretVersionResponse;
using secrets::v1::ListSecretsRequest;
using secrets::v1::ListSecretsResponse;
using secrets::v1::PromoteSecretVersionRequest;
using secrets::v1::PromoteSecretVersionResponse;
using secrets::v1::WatchSecretsRequest;
using secrets::v1::WatchSecretsResponse;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kName[] = "projects/default/secrets/db";
constexpr char kValue[] = "correct-horse-battery";

class SecretCommandsTest : public ::testing::Test {
 protected:
  void OnCreate(absl::Status status = absl::OkStatus()) {
    world_.gateway().On<CreateSecretRequest, CreateSecretResponse>(
        [this, status](const CreateSecretRequest& request,
                       CreateSecretResponse* response) {
          created_ = request;
          response->mutable_secret()->set_name(
              absl::StrCat(request.parent(), "/secrets/", request.secret_id()));
          if (request.has_payload()) {
            response->mutable_version()->set_name(
                absl::StrCat(response->secret().name(), "/versions/1"));
          }
          return status;
        });
  }

  void OnAdd(std::vector<absl::Status> statuses) {
    world_.gateway().On<AddSecretVersionRequest, AddSecretVersionResponse>(
        [this, statuses](const AddSecretVersionRequest& request,
                         AddSecretVersionResponse* response) {
          added_ = request;
          response->mutable_version()->set_name(
              absl::StrCat(request.parent(), "/versions/2"));
          return statuses.at(adds_++);
        });
  }

  void OnListAnswer(absl::Status status) {
    world_.gateway().On<ListSecretsRequest, ListSecretsResponse>(
        [status](const ListSecretsRequest&, ListSecretsResponse* response) {
          response->set_watch_position("p0");
          return status;
        });
  }

  void OnAccess(const std::string& value, uint32_t crc) {
    world_.gateway()
        .On<AccessSecretVersionRequest, AccessSecretVersionResponse>(
            [this, value, crc](const AccessSecretVersionRequest& request,
                               AccessSecretVersionResponse* response) {
              accessed_ = request.name();
              response->set_name(absl::StrCat(kName, "/versions/3"));
              response->mutable_payload()->set_data(value);
              response->mutable_payload()->set_data_crc32c(crc);
              return absl::OkStatus();
            });
  }
  void OnAccess(const std::string& value) {
    OnAccess(value, crypto::Crc32c(value));
  }

  TestWorld world_;
  CreateSecretRequest created_;
  AddSecretVersionRequest added_;
  int adds_ = 0;
  std::string accessed_;
};

TEST_F(SecretCommandsTest, CreateStoresAFileByteForByteWithItsChecksum) {
  OnCreate();
  const std::string value("a\0\n\xff", 4);
  const std::string file = world_.WriteFile("v", value);
  ASSERT_EQ(world_.Run({"secret", "create", "db", "--from-file", file, "--type",
                        "api-key", "--label", "team=pay", "--ttl", "30d"}),
            0)
      << world_.err();
  EXPECT_EQ(created_.parent(), "projects/default");
  EXPECT_EQ(created_.secret_id(), "db");
  EXPECT_EQ(created_.payload().data(), value);
  EXPECT_EQ(created_.payload().data_crc32c(), crypto::Crc32c(value));
  EXPECT_EQ(created_.secret().type(), secrets::v1::SECRET_TYPE_API_KEY);
  EXPECT_EQ(created_.secret().labels().at("team"), "pay");
  EXPECT_EQ(created_.secret().ttl().seconds(), 30 * 86400);
  EXPECT_THAT(created_.request_id(), SizeIs(36));
  EXPECT_EQ(world_.out(), absl::StrCat("created ", kName, " with version 1\n"));
}

TEST_F(SecretCommandsTest, CreateWithoutAValueMakesNoVersion) {
  OnCreate();
  ASSERT_EQ(world_.Run({"secret", "create", "db"}), 0) << world_.err();
  EXPECT_EQ(created_.value_case(), CreateSecretRequest::VALUE_NOT_SET);
}

TEST_F(SecretCommandsTest, ValuesComeFromStandardInput) {
  OnCreate();
  world_.SetInput(kValue);
  ASSERT_EQ(world_.Run({"secret", "create", "db", "-"}), 0) << world_.err();
  EXPECT_EQ(created_.payload().data(), kValue);
}

TEST_F(SecretCommandsTest, TheServerGeneratesWithTheLengthAskedFor) {
  OnCreate();
  ASSERT_EQ(world_.Run({"secret", "create", "db", "--generate"}), 0);
  EXPECT_EQ(created_.generate().length(), 32);
  ASSERT_EQ(world_.Run({"secret", "create", "db", "--generate=48"}), 0);
  EXPECT_EQ(created_.generate().length(), 48);
  // A name behind the flag is a name, not a length.
  ASSERT_EQ(world_.Run({"secret", "create", "--generate", "db2"}), 0);
  EXPECT_EQ(created_.secret_id(), "db2");
}

TEST_F(SecretCommandsTest, RefusesTwoValuesAndBadLengths) {
  const std::string file = world_.WriteFile("v", kValue);
  EXPECT_EQ(world_.Run({"secret", "create", "db", "-", "--generate"}), 2);
  EXPECT_EQ(world_.Run({"secret", "create", "db", "--from-file", file, "-"}),
            2);
  for (const char* length : {"15", "4097", "x", "-1"}) {
    EXPECT_EQ(world_.Run({"secret", "create", "db",
                          absl::StrCat("--generate=", length)}),
              2)
        << length;
  }
  EXPECT_THAT(world_.gateway().calls(), IsEmpty());
}

TEST_F(SecretCommandsTest, ValuesAreBounded) {
  OnCreate();
  world_.SetInput(std::string(64 << 10, 'x'));
  EXPECT_EQ(world_.Run({"secret", "create", "db", "-"}), 0);
  world_.SetInput(std::string((64 << 10) + 1, 'x'));
  EXPECT_EQ(world_.Run({"secret", "create", "db", "-"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("longer than 65536 bytes"));
  world_.SetInput("");
  EXPECT_EQ(world_.Run({"secret", "create", "db", "-"}), 1);
  EXPECT_EQ(world_.Run({"secret", "create", "db", "--from-file", "/nowhere"}),
            1);
  EXPECT_THAT(world_.err(), HasSubstr("/nowhere"));
  EXPECT_THAT(world_.gateway().calls(), SizeIs(1));
}

TEST_F(SecretCommandsTest, PutOnAMissingSecretFailsAndSuggestsCreate) {
  OnAdd({absl::NotFoundError("no such secret")});
  EXPECT_EQ(world_.Run({"secret", "put", "db", "--generate"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("keyward: NOT_FOUND"));
  EXPECT_THAT(world_.err(), HasSubstr("keyward secret create db"));
  EXPECT_THAT(world_.gateway().calls(), SizeIs(1));
}

TEST_F(SecretCommandsTest, PutCreateMakesAMissingSecretWithTheValue) {
  OnAdd({absl::NotFoundError("no such secret")});
  OnCreate();
  world_.SetInput(kValue);
  EXPECT_EQ(world_.Run({"secret", "put", "db", "-", "--create"}), 0)
      << world_.err();
  EXPECT_EQ(created_.payload().data(), kValue);
}

// Two programs that put at the same time both succeed.
TEST_F(SecretCommandsTest, PutCreateAddsAVersionIfAnotherWasQuicker) {
  OnAdd({absl::NotFoundError("no such secret"), absl::OkStatus()});
  OnCreate(absl::AlreadyExistsError("taken"));
  world_.SetInput(kValue);
  EXPECT_EQ(world_.Run({"secret", "put", "db", "-", "--create"}), 0)
      << world_.err();
  EXPECT_EQ(added_.payload().data(), kValue);
}

TEST_F(SecretCommandsTest, PutDoesNotCreateWhatItMayNotSee) {
  OnAdd({absl::PermissionDeniedError("missing secrets.addVersion")});
  EXPECT_EQ(world_.Run({"secret", "put", "db", "--generate", "--create"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("missing secrets.addVersion"));
  EXPECT_THAT(world_.gateway().calls(), SizeIs(1));
}

TEST_F(SecretCommandsTest, PutNeedsAValue) {
  EXPECT_EQ(world_.Run({"secret", "put", "db"}), 2);
  EXPECT_THAT(world_.gateway().calls(), IsEmpty());
}

TEST_F(SecretCommandsTest, PutPendingLeavesCurrentAlone) {
  OnAdd({absl::OkStatus()});
  EXPECT_EQ(world_.Run({"secret", "put", "db", "--generate", "--pending",
                        "--etag", "e"}),
            0);
  EXPECT_EQ(added_.stage(), secrets::v1::STAGE_PENDING);
  EXPECT_EQ(added_.etag(), "e");
  EXPECT_EQ(world_.out(), absl::StrCat("added version 2 of ", kName, "\n"));
}

TEST_F(SecretCommandsTest, AccessPrintsTheBytesAndNothingElse) {
  const std::string value("raw\0\n\xff", 6);
  OnAccess(value);
  EXPECT_EQ(world_.Run({"secret", "access", "db"}), 0) << world_.err();
  EXPECT_EQ(accessed_, kName);
  EXPECT_EQ(world_.secret_out(), value);
  EXPECT_EQ(world_.out(), "");
  EXPECT_EQ(world_.err(), "");
}

TEST_F(SecretCommandsTest, AccessTakesAVersion) {
  OnAccess(kValue);
  EXPECT_EQ(world_.Run({"secret", "access", "db", "--version", "previous"}), 0);
  EXPECT_EQ(accessed_, absl::StrCat(kName, "/versions/previous"));
  EXPECT_EQ(world_.Run({"secret", "access", "db:2"}), 0);
  EXPECT_EQ(accessed_, absl::StrCat(kName, "/versions/2"));
}

TEST_F(SecretCommandsTest, AccessWritesAFileForTheOwnerAlone) {
  OnAccess(kValue);
  const std::string file = world_.folder() + "/value";
  EXPECT_EQ(world_.Run({"secret", "access", "db", "--out", file}), 0);
  EXPECT_EQ(TestWorld::ReadFile(file), kValue);
  struct stat info;
  ASSERT_EQ(stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
  EXPECT_EQ(world_.secret_out(), "");
  EXPECT_THAT(world_.out(), Not(HasSubstr(kValue)));
}

TEST_F(SecretCommandsTest, P5_AccessNeverPrintsAValueAsJson) {
  OnAccess(kValue);
  EXPECT_EQ(world_.Run({"secret", "access", "db", "--output", "json"}), 2);
  EXPECT_THAT(world_.gateway().calls(), IsEmpty());
  const std::string file = world_.folder() + "/value";
  EXPECT_EQ(
      world_.Run({"secret", "access", "db", "--out", file, "--output", "json"}),
      0);
  EXPECT_THAT(world_.out(), Not(HasSubstr(kValue)));
  EXPECT_EQ(Json::parse(world_.out())["bytes"], sizeof(kValue) - 1);
}

TEST_F(SecretCommandsTest, ADamagedValueIsNotPrinted) {
  OnAccess(kValue, crypto::Crc32c(kValue) ^ 1);
  EXPECT_EQ(world_.Run({"secret", "access", "db"}), 1);
  EXPECT_EQ(world_.secret_out(), "");
  EXPECT_THAT(world_.err(), HasSubstr("DATA_LOSS"));
}

TEST_F(SecretCommandsTest, ARefusalNamesCodeReasonAndMissingAction) {
  world_.gateway().On<AccessSecretVersionRequest, AccessSecretVersionResponse>(
      [](const AccessSecretVersionRequest&, AccessSecretVersionResponse*) {
        return MakeError(absl::StatusCode::kPermissionDenied, kPermissionDenied,
                         "missing secrets.access");
      });
  EXPECT_EQ(world_.Run({"secret", "access", "db"}), 1);
  EXPECT_THAT(world_.err(),
              HasSubstr("keyward: PERMISSION_DENIED (PERMISSION_DENIED): "
                        "missing secrets.access\n"));
}

class DescribeTest : public SecretCommandsTest {
 protected:
  void Serve(int64_t current, int64_t latest, absl::Status versions) {
    world_.gateway().On<GetSecretRequest, GetSecretResponse>(
        [=](const GetSecretRequest& request, GetSecretResponse* response) {
          response->mutable_secret()->set_name(request.name());
          response->mutable_secret()->set_current_version(current);
          response->mutable_secret()->set_latest_version(latest);
          return absl::OkStatus();
        });
    world_.gateway().On<GetSecretVersionRequest, GetSecretVersionResponse>(
        [=](const GetSecretVersionRequest& request,
            GetSecretVersionResponse* response) {
          response->mutable_version()->set_name(request.name());
          response->mutable_version()->set_state(
              secrets::v1::VERSION_STATE_ENABLED);
          return versions;
        });
  }
};

TEST_F(DescribeTest, ShowsCurrentAndLatestSideBySideWhenTheyDiffer) {
  Serve(2, 3, absl::OkStatus());
  ASSERT_EQ(world_.Run({"secret", "describe", "db"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("CURRENT  LATEST\n"));
  EXPECT_THAT(world_.out(), HasSubstr("version  2        3\n"));
  ASSERT_EQ(world_.Run({"secret", "describe", "db", "--output", "json"}), 0);
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["current"]["name"], absl::StrCat(kName, "/versions/2"));
  EXPECT_EQ(json["latest"]["name"], absl::StrCat(kName, "/versions/3"));
}

TEST_F(DescribeTest, ShowsOneVersionWhenTheyAreTheSame) {
  Serve(3, 3, absl::OkStatus());
  ASSERT_EQ(world_.Run({"secret", "describe", "db"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("CURRENT\n"));
  EXPECT_THAT(world_.out(), Not(HasSubstr("LATEST")));
}

TEST_F(DescribeTest, ASecretWithoutVersionsHasNone) {
  Serve(0, 0, absl::OkStatus());
  ASSERT_EQ(world_.Run({"secret", "describe", "db"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), Not(HasSubstr("CURRENT")));
}

TEST_F(DescribeTest, ShowsTheSecretToWhoMayNotSeeItsVersions) {
  Serve(2, 2, absl::PermissionDeniedError("missing versions.get"));
  EXPECT_EQ(world_.Run({"secret", "describe", "db"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr(kName));
}

// With a fall-through to the root's options, this would list instead.
TEST_F(DescribeTest, ASecretMayBeCalledLikeACommand) {
  Serve(0, 0, absl::OkStatus());
  EXPECT_EQ(world_.Run({"secret", "describe", "list"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("projects/default/secrets/list"));
}

TEST_F(SecretCommandsTest, ListFollowsEveryPage) {
  std::vector<std::string> tokens;
  world_.gateway().On<ListSecretsRequest, ListSecretsResponse>(
      [&tokens](const ListSecretsRequest& request,
                ListSecretsResponse* response) {
        tokens.push_back(request.page_token());
        // A page may be empty and yet not be the last.
        if (tokens.size() != 2) {
          response->add_secrets()->set_name(
              absl::StrCat("projects/default/secrets/s", tokens.size()));
        }
        if (tokens.size() == 1) response->set_watch_position("w");
        if (tokens.size() < 3) {
          response->set_next_page_token(absl::StrCat("t", tokens.size()));
        }
        return absl::OkStatus();
      });
  ASSERT_EQ(world_.Run({"secret", "list", "--output", "json"}), 0);
  EXPECT_THAT(tokens, ::testing::ElementsAre("", "t1", "t2"));
  const Json json = Json::parse(world_.out());
  ASSERT_EQ(json["secrets"].size(), 2u);
  EXPECT_EQ(json["secrets"][1]["name"], "projects/default/secrets/s3");
  EXPECT_EQ(json["watchPosition"], "w");
  EXPECT_EQ(json["nextPageToken"], "");
}

TEST_F(SecretCommandsTest, ListStopsAtTheLimit) {
  world_.gateway().On<ListSecretsRequest, ListSecretsResponse>(
      [](const ListSecretsRequest& request, ListSecretsResponse* response) {
        EXPECT_LE(request.page_size(), 5);
        response->add_secrets()->set_name("projects/default/secrets/s");
        response->add_secrets()->set_name("projects/default/secrets/t");
        response->set_next_page_token("more");
        return absl::OkStatus();
      });
  ASSERT_EQ(world_.Run({"secret", "list", "--limit", "5"}), 0);
  EXPECT_THAT(world_.gateway().calls(), SizeIs(3));
}

TEST_F(SecretCommandsTest, DeleteIsRecoverableUnlessAskedOtherwise) {
  DeleteSecretRequest seen;
  world_.gateway().On<DeleteSecretRequest, DeleteSecretResponse>(
      [&seen](const DeleteSecretRequest& request, DeleteSecretResponse*) {
        seen = request;
        return absl::OkStatus();
      });
  EXPECT_EQ(world_.Run({"secret", "delete", "db", "--recovery-days", "7"}), 0);
  EXPECT_FALSE(seen.destroy_now());
  EXPECT_EQ(seen.recovery_days(), 7);
  EXPECT_THAT(world_.out(), HasSubstr("keyward secret undelete db"));
  EXPECT_EQ(world_.Run({"secret", "delete", "db", "--now"}), 0);
  EXPECT_TRUE(seen.destroy_now());
  EXPECT_EQ(world_.Run({"secret", "delete", "db", "--recovery-days", "6"}), 2);
  EXPECT_EQ(
      world_.Run({"secret", "delete", "db", "--now", "--recovery-days", "7"}),
      2);
}

// A stage could move between what was seen and what is destroyed.
TEST_F(SecretCommandsTest, DestroyTakesOnlyANumber) {
  DestroySecretVersionRequest seen;
  world_.gateway()
      .On<DestroySecretVersionRequest, DestroySecretVersionResponse>(
          [&seen](const DestroySecretVersionRequest& request,
                  DestroySecretVersionResponse*) {
            seen = request;
            return absl::OkStatus();
          });
  EXPECT_EQ(world_.Run({"secret", "destroy", "db", "previous"}), 2);
  EXPECT_EQ(world_.Run({"secret", "destroy", "db"}), 2);
  EXPECT_THAT(world_.gateway().calls(), IsEmpty());
  EXPECT_EQ(world_.Run({"secret", "destroy", "db", "1"}), 0);
  EXPECT_EQ(seen.name(), absl::StrCat(kName, "/versions/1"));
  EXPECT_FALSE(seen.allow_current());
}

TEST_F(SecretCommandsTest, PromoteTakesThePendingVersionByDefault) {
  std::string seen;
  world_.gateway()
      .On<PromoteSecretVersionRequest, PromoteSecretVersionResponse>(
          [&seen](const PromoteSecretVersionRequest& request,
                  PromoteSecretVersionResponse* response) {
            seen = request.name();
            response->mutable_secret()->set_name(kName);
            response->mutable_secret()->set_current_version(3);
            response->mutable_secret()->set_previous_version(2);
            return absl::OkStatus();
          });
  EXPECT_EQ(world_.Run({"secret", "promote", "db"}), 0);
  EXPECT_EQ(seen, absl::StrCat(kName, "/versions/pending"));
  EXPECT_EQ(world_.out(), absl::StrCat("version 3 of ", kName,
                                       " is current, 2 is previous\n"));
}

TEST_F(SecretCommandsTest, WatchGoesOnBehindTheLastEventAfterAnInterruption) {
  std::vector<std::string> positions;
  OnListAnswer(absl::OkStatus());
  world_.gateway().OnStream<WatchSecretsRequest, WatchSecretsResponse>(
      [&positions](
          const WatchSecretsRequest& request,
          std::function<absl::Status(const WatchSecretsResponse&)> send)
          -> absl::Status {
        positions.push_back(request.position());
        if (positions.size() == 3) {
          return absl::PermissionDeniedError("revoked");
        }
        WatchSecretsResponse response;
        response.set_position(absl::StrCat("p", positions.size()));
        response.mutable_event()->set_name(kName);
        response.mutable_event()->set_kind(
            secrets::v1::SECRET_EVENT_KIND_VERSION_ADDED);
        response.mutable_event()->set_version(
            static_cast<int64_t>(positions.size()));
        absl::Status sent = send(response);
        return sent.ok() ? absl::UnavailableError("draining") : sent;
      });
  EXPECT_EQ(world_.Run({"secret", "watch", "db"}), 1);
  EXPECT_THAT(positions, ::testing::ElementsAre("p0", "p1", "p2"));
  EXPECT_THAT(world_.out(), HasSubstr("version-added"));
  EXPECT_THAT(world_.out(), HasSubstr("/versions/2"));
  EXPECT_THAT(world_.err(), HasSubstr("revoked"));
}

TEST_F(SecretCommandsTest, WatchGivesUpOnAGatewayThatStaysAway) {
  OnListAnswer(absl::PermissionDeniedError("missing secrets.list"));
  world_.gateway().OnStream<WatchSecretsRequest, WatchSecretsResponse>(
      [](const WatchSecretsRequest&,
         std::function<absl::Status(const WatchSecretsResponse&)>) {
        return absl::UnavailableError("away");
      });
  EXPECT_EQ(world_.Run({"secret", "watch"}), 1);
  absl::Duration waited;
  for (const absl::Duration wait : world_.waits()) waited += wait;
  EXPECT_GE(waited, kMaxOutage);
  EXPECT_LT(waited, kMaxOutage + absl::Seconds(1));
  EXPECT_THAT(world_.err(), HasSubstr("changes may be missing"));
}

TEST_F(SecretCommandsTest, BadNamesAreUsageErrorsAndAskNobody) {
  for (const char* command :
       {"describe", "versions", "access", "delete", "undelete", "rollback"}) {
    EXPECT_EQ(world_.Run({"secret", command, "not a name"}), 2) << command;
    EXPECT_THAT(world_.err(), Not(HasSubstr("not a name"))) << command;
  }
  EXPECT_THAT(world_.gateway().calls(), IsEmpty());
}

}  // namespace
}  // namespace keyward::cli
