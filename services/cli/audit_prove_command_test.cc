// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// `audit prove`, and `audit verify --proof` of what it writes.

#include "services/cli/audit_prove_command.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/entry.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/audit/note.h"
#include "libs/audit/proof.h"
#include "libs/audit/proof_file.h"
#include "libs/client/pinned_checkpoint.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/cli/json_output.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using audit::v1::AuditEntry;
using audit::v1::GetCheckpointRequest;
using audit::v1::GetCheckpointResponse;
using audit::v1::ProveEntryRequest;
using audit::v1::ProveEntryResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::string Leaf(const std::string& principal) {
  AuditEntry entry;
  entry.set_kind(audit::v1::ENTRY_KIND_ACCESS);
  entry.set_action("secrets.access");
  entry.set_principal(principal);
  entry.set_resource("projects/default/secrets/db");
  entry.set_decision(audit::v1::DECISION_ALLOW);
  return audit::SerializeEntry(std::move(entry)).value();
}

std::unique_ptr<audit::NoteSigner> NewSigner(char seed) {
  return audit::NoteSigner::Create(
             "keyward/test",
             crypto::Ed25519Signer::FromSeed(
                 crypto::SecretBuffer::CopyOf(std::string(32, seed)))
                 .value())
      .value();
}

// A gateway over a log of numbered entries.
class AuditProveTest : public ::testing::Test {
 protected:
  AuditProveTest() : signer_(NewSigner('s')) {
    for (int i = 0; i < 7; ++i) {
      leaves_.push_back(Leaf(absl::StrCat("oidc:corp:", i)));
    }
    world_.gateway().On<GetCheckpointRequest, GetCheckpointResponse>(
        [this](const GetCheckpointRequest& request,
               GetCheckpointResponse* response) {
          response->set_verifier_key(signer_->verifier().ToString());
          response->set_checkpoint(Note());
          audit::LeavesNodeReader reader(leaves_);
          absl::StatusOr<std::vector<audit::Hash>> proof =
              audit::ConsistencyProof(&reader, request.old_size(),
                                      leaves_.size());
          if (!proof.ok()) return proof.status();
          for (std::string& hash : audit::HashesToBytes(*proof)) {
            response->add_consistency_proof(std::move(hash));
          }
          return absl::OkStatus();
        });
    world_.gateway().On<ProveEntryRequest, ProveEntryResponse>(
        [this](const ProveEntryRequest& request, ProveEntryResponse* response) {
          ++asked_;
          audit::LeavesNodeReader reader(leaves_);
          absl::StatusOr<std::vector<audit::Hash>> proof =
              audit::InclusionProof(&reader, request.index(),
                                    request.tree_size());
          if (!proof.ok()) return proof.status();
          response->set_leaf(leaves_[request.index()]);
          for (std::string& hash : audit::HashesToBytes(*proof)) {
            response->add_inclusion_proof(std::move(hash));
          }
          response->set_tree_size(request.tree_size());
          return change_ ? change_(response) : absl::OkStatus();
        });
  }

  std::string Note() {
    return *audit::SignCheckpoint(
        *signer_, {signer_->verifier().name(), leaves_.size(),
                   audit::NaiveRoot(leaves_, 0, leaves_.size())});
  }

  TestWorld world_;
  std::unique_ptr<audit::NoteSigner> signer_;
  std::vector<std::string> leaves_;
  // What becomes of the gateway's true answer.
  std::function<absl::Status(ProveEntryResponse*)> change_;
  int asked_ = 0;
};

TEST_F(AuditProveTest, ShowsWhatWasProvenAndPinsIt) {
  ASSERT_EQ(world_.Run({"audit", "prove", "4"}), 0) << world_.err();
  EXPECT_THAT(world_.out(),
              AllOf(HasSubstr("proven\n"), HasSubstr("oidc:corp:4"),
                    HasSubstr("secrets.access"), HasSubstr("keyward/test"),
                    HasSubstr("size:       7"), Not(HasSubstr("wrote"))));
  ASSERT_EQ(world_.Run({"audit", "checkpoint"}), 0);
  EXPECT_THAT(world_.out(), HasSubstr("proven to extend the one of size 7"));
}

TEST_F(AuditProveTest, ShowsProgramsAllThatIsNeededToCheckItAgain) {
  ASSERT_EQ(world_.Run({"audit", "prove", "4", "--output", "json"}), 0);
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["proven"], true);
  EXPECT_EQ(json["index"], "4");
  EXPECT_EQ(json["entry"]["principal"], "oidc:corp:4");
  EXPECT_EQ(json["checkpoint"]["size"], "7");
  EXPECT_EQ(json["checkpoint"]["note"], Note());
  EXPECT_EQ(*audit::DecodeBase64(json["leaf"].get<std::string>()), leaves_[4]);
  EXPECT_EQ(json["inclusionProof"].size(), 3u);
}

TEST_F(AuditProveTest, AnEntryThatIsNotThereIsSaidToBeSo) {
  EXPECT_EQ(world_.Run({"audit", "prove", "7"}), 1);
  EXPECT_THAT(world_.err(), AllOf(HasSubstr("OUT_OF_RANGE"),
                                  HasSubstr("the log has 7 entries")));
  EXPECT_EQ(asked_, 0);
  EXPECT_EQ(world_.Run({"audit", "prove", "first"}), 2);
  EXPECT_EQ(world_.Run({"audit", "prove"}), 2);
}

TEST_F(AuditProveTest, P3_NothingOfAnAnswerThatProvesNothingIsShown) {
  const std::string file = world_.folder() + "/proof";
  const std::vector<std::function<absl::Status(ProveEntryResponse*)>> kLies = {
      // Another entry than the one at that place.
      [&](ProveEntryResponse* response) {
        response->set_leaf(Leaf("oidc:corp:mallory"));
        return absl::OkStatus();
      },
      [&](ProveEntryResponse* response) {
        response->set_leaf(leaves_[5]);
        return absl::OkStatus();
      },
      [](ProveEntryResponse* response) {
        response->mutable_inclusion_proof(1)->front() ^= 1;
        return absl::OkStatus();
      },
      [](ProveEntryResponse* response) {
        response->mutable_inclusion_proof()->RemoveLast();
        return absl::OkStatus();
      },
      [](ProveEntryResponse* response) {
        response->add_inclusion_proof("short");
        return absl::OkStatus();
      },
      // A log that has fewer entries than the checkpoint that it has signed.
      [](ProveEntryResponse*) { return absl::OutOfRangeError("tree_size"); },
  };
  for (size_t i = 0; i < kLies.size(); ++i) {
    change_ = kLies[i];
    EXPECT_EQ(world_.Run({"audit", "prove", "4", "--out", file}), 1) << i;
    EXPECT_THAT(world_.err(), HasSubstr("DATA_LOSS")) << i;
    EXPECT_EQ(world_.out(), "") << i;
    EXPECT_FALSE(std::filesystem::exists(file)) << i;
  }
  change_ = nullptr;
  EXPECT_EQ(world_.Run({"audit", "prove", "4", "--out", file}), 0)
      << world_.err();
}

// The proof of a log that was rolled back is as good as any: only who has seen
// more can tell.
TEST_F(AuditProveTest, P3_ALogThatDoesNotExtendThePinIsNotAsked) {
  ASSERT_EQ(world_.Run({"audit", "checkpoint"}), 0);
  leaves_[6] = Leaf("oidc:corp:other");
  EXPECT_EQ(world_.Run({"audit", "prove", "4"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("DATA_LOSS"));
  EXPECT_EQ(world_.out(), "");
  EXPECT_EQ(asked_, 0);
}

TEST_F(AuditProveTest, AnEntryThatIsNoEntryIsNotShown) {
  leaves_[4] = "no entry at all";
  EXPECT_EQ(world_.Run({"audit", "prove", "4"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("DATA_LOSS"));
}

TEST_F(AuditProveTest, P3_TheFileProvesTheEntryToWhoeverHasTheKey) {
  const std::string file = world_.folder() + "/proof";
  ASSERT_EQ(world_.Run({"audit", "prove", "4", "--out", file}), 0)
      << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("audit verify --proof"));
  struct stat mode = {};
  ASSERT_EQ(stat(file.c_str(), &mode), 0);
  EXPECT_EQ(mode.st_mode & 0777, 0600u);
  // By the pin, offline.
  const int connections = world_.connections();
  ASSERT_EQ(world_.Run({"audit", "verify", "--proof", file}), 0)
      << world_.err();
  EXPECT_THAT(world_.out(),
              AllOf(HasSubstr("proven\n"), HasSubstr("oidc:corp:4")));
  EXPECT_EQ(world_.connections(), connections);
  // By the key alone, and by no other key, and not without one.
  ASSERT_EQ(world_.Run({"audit", "verify", "--proof", file, "--ignore-pin",
                        "--verifier-key", signer_->verifier().ToString(),
                        "--output", "json"}),
            0)
      << world_.err();
  EXPECT_EQ(Json::parse(world_.out())["entry"]["principal"], "oidc:corp:4");
  EXPECT_EQ(
      world_.Run({"audit", "verify", "--proof", file, "--ignore-pin",
                  "--verifier-key", NewSigner('t')->verifier().ToString()}),
      1);
  EXPECT_THAT(world_.err(), HasSubstr("UNAUTHENTICATED"));
  EXPECT_EQ(world_.Run({"audit", "verify", "--proof", file, "--ignore-pin"}),
            1);
  EXPECT_THAT(world_.err(), HasSubstr("a key from elsewhere"));
}

TEST_F(AuditProveTest, P3_NoByteOfTheFileCanBeChanged) {
  const std::string file = world_.folder() + "/proof";
  ASSERT_EQ(world_.Run({"audit", "prove", "4", "--out", file}), 0);
  const std::string good = TestWorld::ReadFile(file);
  for (size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    world_.WriteFile("proof", changed);
    EXPECT_EQ(world_.Run({"audit", "verify", "--proof", file}), 1) << i;
    EXPECT_EQ(world_.out(), "") << i;
  }
  world_.WriteFile("proof", good);
  EXPECT_EQ(world_.Run({"audit", "verify", "--proof", file}), 0);
}

// The log's own key signed two trees of one size: whoever kept one sees it in
// a proof of the other.
TEST_F(AuditProveTest, P3_AProofOfAnotherTreeThanThePinnedIsRefused) {
  const std::string file = world_.folder() + "/proof";
  leaves_[6] = Leaf("oidc:corp:other");
  ASSERT_EQ(world_.Run({"audit", "prove", "4", "--out", file}), 0);
  leaves_[6] = Leaf("oidc:corp:6");
  ASSERT_EQ(world_.Run({"audit", "checkpoint", "--accept-rollback"}), 0);
  EXPECT_EQ(world_.Run({"audit", "verify", "--proof", file}), 1);
  EXPECT_THAT(world_.err(),
              AllOf(HasSubstr("DATA_LOSS"), HasSubstr("the pin")));
  EXPECT_EQ(world_.out(), "");
}

TEST_F(AuditProveTest, AProofStandsAlone) {
  const std::string file = world_.WriteFile("proof", "something else\n");
  EXPECT_EQ(world_.Run({"audit", "verify", "--proof", file, "--verifier-key",
                        signer_->verifier().ToString()}),
            1);
  EXPECT_THAT(world_.err(),
              AllOf(HasSubstr("INVALID_ARGUMENT"), HasSubstr("tlog-proof")));
  EXPECT_EQ(world_.Run({"audit", "verify", "--proof", file, "--export", file}),
            2);
  EXPECT_EQ(world_.Run({"audit", "verify", "--proof", file, "--settled"}), 2);
}

}  // namespace
}  // namespace keyward::cli
