// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/audit_commands.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/note.h"
#include "libs/audit/tree_hash.h"
#include "libs/client/pinned_checkpoint.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/cli/json_output.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using audit::v1::GetCheckpointRequest;
using audit::v1::GetCheckpointResponse;
using audit::v1::QueryEntriesRequest;
using audit::v1::QueryEntriesResponse;
using audit::v1::TailEntriesRequest;
using audit::v1::TailEntriesResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class AuditCommandsTest : public ::testing::Test {
 protected:
  AuditCommandsTest() {
    signer_ = audit::NoteSigner::Create(
                  "keyward/test",
                  crypto::Ed25519Signer::FromSeed(
                      crypto::SecretBuffer::CopyOf(std::string(32, 's')))
                      .value())
                  .value();
    Grow({"one"});
    world_.gateway().On<GetCheckpointRequest, GetCheckpointResponse>(
        [this](const GetCheckpointRequest& request,
               GetCheckpointResponse* response) {
          response->set_verifier_key(signer_->verifier().ToString());
          response->set_checkpoint(note_);
          // From one leaf to two, the proof is the second leaf's hash.
          if (request.old_size() == 1 && leaves_.size() == 2) {
            response->add_consistency_proof(
                std::string(audit::LeafHash(leaves_[1]).view()));
          }
          return request.old_size() > leaves_.size()
                     ? absl::InvalidArgumentError("old_size")
                     : absl::OkStatus();
        });
    world_.gateway().On<QueryEntriesRequest, QueryEntriesResponse>(
        [this](const QueryEntriesRequest& request,
               QueryEntriesResponse* response) {
          query_ = request;
          auto* entry = response->add_entries();
          entry->set_index(4);
          entry->mutable_entry()->set_principal("oidc:corp:a\x1b[2J");
          entry->mutable_entry()->set_action("secrets.access");
          entry->mutable_entry()->set_decision(audit::v1::DECISION_DENY);
          entry->mutable_entry()->set_code(7);
          return absl::OkStatus();
        });
  }

  // The log now has these leaves, one or two.
  void Grow(std::vector<std::string> leaves) {
    leaves_ = std::move(leaves);
    audit::Hash root = audit::LeafHash(leaves_[0]);
    if (leaves_.size() == 2) {
      root = audit::NodeHash(root, audit::LeafHash(leaves_[1]));
    }
    note_ = *audit::SignCheckpoint(*signer_,
                                   {"keyward/test", leaves_.size(), root});
  }

  TestWorld world_;
  std::unique_ptr<audit::NoteSigner> signer_;
  std::vector<std::string> leaves_;
  std::string note_;
  QueryEntriesRequest query_;
};

TEST_F(AuditCommandsTest, QueryShowsWhoDidWhatAndHowItWent) {
  ASSERT_EQ(world_.Run({"audit", "query", "--since", "2h", "--resource",
                        "secrets/db", "--principal", "oidc:corp:a"}),
            0)
      << world_.err();
  EXPECT_EQ(query_.parent(), "projects/default");
  EXPECT_EQ(query_.resource(), "projects/default/secrets/db");
  EXPECT_EQ(query_.principal(), "oidc:corp:a");
  EXPECT_TRUE(query_.descending());
  EXPECT_EQ(query_.start_time().seconds(),
            absl::ToUnixSeconds(world_.clock().Now() - absl::Hours(2)));
  EXPECT_THAT(world_.out(),
              AllOf(HasSubstr("deny PERMISSION_DENIED"),
                    HasSubstr("oidc:corp:a\\x1b[2J"), Not(HasSubstr("\x1b"))));
}

TEST_F(AuditCommandsTest, QueryForProgramsHasTheContractsNames) {
  ASSERT_EQ(world_.Run({"audit", "query", "system", "--output", "json",
                        "--oldest-first"}),
            0);
  EXPECT_EQ(query_.parent(), "system");
  EXPECT_FALSE(query_.descending());
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["entries"][0]["entry"]["decision"], "DECISION_DENY");
  EXPECT_EQ(json["entries"][0]["index"], "4");
}

TEST_F(AuditCommandsTest, P3_QueryFailsOnALogThatWasRolledBack) {
  Grow({"one", "two"});
  ASSERT_EQ(world_.Run({"audit", "query"}), 0) << world_.err();
  Grow({"one"});
  EXPECT_EQ(world_.Run({"audit", "query"}), 1);
  EXPECT_THAT(world_.err(), AllOf(HasSubstr("DATA_LOSS"), HasSubstr("size 2"),
                                  HasSubstr("size 1")));
  // Nothing of such a log is shown as if it were true.
  EXPECT_EQ(world_.out(), "");
}

TEST_F(AuditCommandsTest, CheckpointPinsAndFollows) {
  ASSERT_EQ(world_.Run({"audit", "checkpoint"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("for the first time"));
  Grow({"one", "two"});
  ASSERT_EQ(world_.Run({"audit", "checkpoint"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("proven to extend the one of size 1"));
}

TEST_F(AuditCommandsTest, P3_CheckpointAcceptsARollbackOnlyWhenTold) {
  Grow({"one", "two"});
  ASSERT_EQ(world_.Run({"audit", "checkpoint"}), 0);
  Grow({"other"});
  EXPECT_EQ(world_.Run({"audit", "checkpoint"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("--accept-rollback"));
  ASSERT_EQ(world_.Run({"audit", "checkpoint", "--accept-rollback"}), 0)
      << world_.err();
  EXPECT_THAT(world_.out(),
              AllOf(HasSubstr("ACCEPTING A ROLLBACK"), HasSubstr("size 2")));
  EXPECT_EQ(world_.Run({"audit", "checkpoint"}), 0);
}

TEST_F(AuditCommandsTest, CheckpointWritesAFileThatCanBeReadBack) {
  const std::string file = world_.folder() + "/cp";
  ASSERT_EQ(
      world_.Run({"audit", "checkpoint", "--out", file, "--output", "json"}),
      0);
  auto pin = client::ParsePin(TestWorld::ReadFile(file));
  ASSERT_TRUE(pin.ok()) << pin.status();
  EXPECT_EQ(pin->checkpoint.size, 1u);
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["checkpoint"]["size"], "1");
  EXPECT_EQ(json["checkpoint"]["note"], note_);
}

TEST_F(AuditCommandsTest, TailGoesOnBehindTheLastRecord) {
  std::vector<uint64_t> from;
  world_.gateway().OnStream<TailEntriesRequest, TailEntriesResponse>(
      [&from](const TailEntriesRequest& request,
              std::function<absl::Status(const TailEntriesResponse&)> send)
          -> absl::Status {
        from.push_back(request.start_index());
        if (from.size() == 2) return absl::UnauthenticatedError("expired");
        TailEntriesResponse response;
        response.mutable_entry()->set_index(7);
        response.mutable_entry()->mutable_entry()->set_action("keys.rotate");
        response.set_next_index(8);
        absl::Status sent = send(response);
        return sent.ok() ? absl::UnavailableError("draining") : sent;
      });
  EXPECT_EQ(world_.Run({"audit", "tail", "--from", "5"}), 1);
  EXPECT_THAT(from, ::testing::ElementsAre(5, 8));
  EXPECT_THAT(world_.out(), AllOf(HasSubstr("7  "), HasSubstr("keys.rotate")));
  EXPECT_THAT(world_.err(), HasSubstr("UNAUTHENTICATED"));
}

TEST_F(AuditCommandsTest, P3_TailShowsNothingOfALogThatWasRolledBack) {
  Grow({"one", "two"});
  ASSERT_EQ(world_.Run({"audit", "checkpoint"}), 0);
  Grow({"one"});
  EXPECT_EQ(world_.Run({"audit", "tail"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("DATA_LOSS"));
  EXPECT_EQ(world_.out(), "");
}

}  // namespace
}  // namespace keyward::cli
