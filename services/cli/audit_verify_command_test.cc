// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// `audit verify` and `audit export`, on real folders and files.

#include "services/cli/audit_verify_command.h"

#include <filesystem>
#include <fstream>
#include <map>
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
#include "libs/audit/fake_log_store.h"
#include "libs/audit/log_key.h"
#include "libs/audit/log_schema.h"
#include "libs/audit/note.h"
#include "libs/base/clock.h"
#include "libs/client/pinned_checkpoint.h"
#include "libs/crypto/fake_seal.h"
#include "libs/crypto/random.h"
#include "libs/kv/kv.h"
#include "libs/kv/rocksdb_kv.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"
#include "proto/keyward/internal/store/v1/store_record.pb.h"
#include "services/cli/json_output.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using audit::v1::AuditEntry;
using audit::v1::ExportEntriesRequest;
using audit::v1::ExportEntriesResponse;
using audit::v1::GetCheckpointRequest;
using audit::v1::GetCheckpointResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;

using Records = std::map<std::string, std::string>;

std::string Leaf(audit::v1::EntryKind kind, uint64_t revision) {
  AuditEntry entry;
  entry.set_kind(kind);
  entry.set_policy_revision(revision);
  return audit::SerializeEntry(entry).value();
}

class AuditVerifyTest : public ::testing::Test {
 protected:
  AuditVerifyTest() : data_(world_.environment().home + "/data") {
    NewKey();
    for (const auto kind :
         {audit::v1::ENTRY_KIND_IN_FORCE, audit::v1::ENTRY_KIND_ACCESS,
          audit::v1::ENTRY_KIND_ACCESS, audit::v1::ENTRY_KIND_INTENT}) {
      leaves_.push_back(Leaf(kind, 1));
    }
  }

  void NewKey() {
    key_file_ = *audit::NewLogKeyFile(audit::LogOrigin(seal_.installation_id()),
                                      &seal_, random_);
    signer_ = std::move(audit::OpenLogKeyFile(key_file_, &seal_)->signer);
  }

  // The log of the first `size` leaves.
  audit::FakeLogStore LogOf(size_t size) {
    audit::FakeLogStore log;
    for (size_t i = 0; i < size; ++i) log.Append({leaves_[i]});
    return log;
  }

  std::string NoteOf(size_t size) {
    audit::FakeLogStore log = LogOf(size);
    const audit::Head head =
        *audit::DecodeHead(log.records().at(audit::kHeadKey));
    return *audit::SignCheckpoint(
        *signer_, {signer_->verifier().name(), head.size, head.root});
  }

  client::Pin PinOf(size_t size) {
    return *client::MakePin(signer_->verifier().ToString(), NoteOf(size));
  }

  // Makes a data folder with these records.
  void WriteFolder(const std::string& service, const Records& records) {
    kv::RocksDbOptions options;
    options.path = absl::StrCat(data_, "/", service);
    options.clock = &clock_;
    auto store = kv::OpenRocksDb(options);
    ASSERT_TRUE(store.ok()) << store.status();
    kv::Transaction txn;
    txn.id = kv::TransactionId::Intent(1);
    txn.preconditions.push_back(
        kv::Precondition::Absent(records.begin()->first));
    for (const auto& [key, value] : records) txn.puts.push_back({key, value});
    kv::CommitOptions commit;
    commit.deadline = clock_.SteadyNow() + absl::Seconds(30);
    const kv::CommitResult result =
        (*store)->CommitAndWait(std::move(txn), commit);
    ASSERT_EQ(result.outcome, kv::CommitResult::Outcome::kApplied)
        << result.status;
  }

  void WriteLog(size_t size) {
    WriteFolder("audit", LogOf(size).records());
    std::ofstream(absl::StrCat(data_, "/audit/", audit::kLogKeyFile))
        << key_file_;
  }

  void WriteHeld(size_t store_size, size_t policy_size) {
    internal::store::v1::CheckpointRecord store;
    store.set_format(1);
    store.set_note(NoteOf(store_size));
    WriteFolder("store", {{"meta/checkpoint", store.SerializeAsString()}});
    internal::policy::v1::CheckpointRecord policy;
    policy.set_format(1);
    policy.set_note(NoteOf(policy_size));
    WriteFolder("policy", {{"checkpoint", policy.SerializeAsString()}});
  }

  // Pins what the gateway shows, as any command about the log does.
  void PinByCommand(size_t size) {
    world_.gateway().On<GetCheckpointRequest, GetCheckpointResponse>(
        [this, size](const GetCheckpointRequest&,
                     GetCheckpointResponse* response) {
          response->set_verifier_key(signer_->verifier().ToString());
          response->set_checkpoint(NoteOf(size));
          return absl::OkStatus();
        });
    ASSERT_EQ(world_.Run({"audit", "checkpoint"}), 0) << world_.err();
  }

  void ServeExport(size_t size, uint64_t second_index = 2) {
    world_.gateway().OnStream<ExportEntriesRequest, ExportEntriesResponse>(
        [this, size, second_index](
            const ExportEntriesRequest&,
            std::function<absl::Status(const ExportEntriesResponse&)> send)
            -> absl::Status {
          ExportEntriesResponse first;
          first.add_leaves(leaves_[0]);
          first.add_leaves(leaves_[1]);
          absl::Status sent = send(first);
          if (!sent.ok()) return sent;
          ExportEntriesResponse last;
          last.set_first_index(second_index);
          for (size_t i = 2; i < size; ++i) last.add_leaves(leaves_[i]);
          last.set_checkpoint(NoteOf(size));
          return send(last);
        });
  }

  TestWorld world_;
  const std::string data_;
  SystemClock clock_;
  crypto::SystemRandom random_;
  crypto::FakeSeal seal_;
  std::string key_file_;
  std::unique_ptr<audit::NoteSigner> signer_;
  std::vector<std::string> leaves_;
};

TEST_F(AuditVerifyTest, AFolderAloneVerifiesAndSaysHowLittleThatProves) {
  WriteLog(4);
  ASSERT_EQ(world_.Run({"audit", "verify"}), 0) << world_.err();
  EXPECT_THAT(world_.out(), AllOf(HasSubstr("verified\n"), HasSubstr("4\n"),
                                  HasSubstr("no checkpoint to compare with"),
                                  HasSubstr("the one beside the log")));
  EXPECT_EQ(world_.connections(), 0);
}

TEST_F(AuditVerifyTest, SaysWhichCheckpointsItUsed) {
  WriteLog(4);
  WriteHeld(1, 3);
  PinByCommand(2);
  const std::string file = world_.WriteFile("cp", client::FormatPin(PinOf(4)));
  ASSERT_EQ(
      world_.Run({"audit", "verify", "--checkpoint", file, "--output", "json"}),
      0)
      << world_.err();
  const Json json = Json::parse(world_.out());
  EXPECT_EQ(json["checkpoints"].size(), 4u);
  EXPECT_EQ(json["newestCheckpoint"], file);
  EXPECT_EQ(json["newestCheckpointSize"], "4");
  EXPECT_EQ(json["keysAreTheLogsOwn"], false);
  EXPECT_EQ(json["openIntents"], "1");
}

TEST_F(AuditVerifyTest, P3_ALogBelowAHeldCheckpointFails) {
  WriteLog(2);
  WriteHeld(1, 3);
  EXPECT_EQ(world_.Run({"audit", "verify"}), 1);
  EXPECT_THAT(world_.err(), AllOf(HasSubstr("DATA_LOSS"), HasSubstr("policy")));
  EXPECT_EQ(world_.out(), "");
}

TEST_F(AuditVerifyTest, P3_AllFoldersPutBackAreNoticedByThePin) {
  PinByCommand(4);
  WriteLog(2);
  WriteHeld(1, 2);
  EXPECT_EQ(world_.Run({"audit", "verify"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("the pin"));
  EXPECT_EQ(world_.Run({"audit", "verify", "--ignore-pin"}), 0) << world_.err();
}

TEST_F(AuditVerifyTest, P3_AnotherLogWithAnotherKeyIsNoticedByThePin) {
  PinByCommand(2);
  // The same leaves under a key that somebody else has made.
  NewKey();
  WriteLog(4);
  WriteHeld(3, 3);
  EXPECT_EQ(world_.Run({"audit", "verify"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("the store"));
}

TEST_F(AuditVerifyTest, SettledFailsWhileAChangeHasNoOutcome) {
  WriteLog(4);
  EXPECT_EQ(world_.Run({"audit", "verify", "--settled"}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("FAILED_PRECONDITION"));
}

TEST_F(AuditVerifyTest, AFolderWithoutALogIsNotFound) {
  EXPECT_EQ(
      world_.Run({"audit", "verify", "--data", world_.folder() + "/nowhere"}),
      1);
  EXPECT_THAT(world_.err(), HasSubstr("NOT_FOUND"));
}

TEST_F(AuditVerifyTest, ExportsAndVerifiesTheFile) {
  PinByCommand(4);
  ServeExport(4);
  const std::string file = world_.folder() + "/export";
  ASSERT_EQ(world_.Run({"audit", "export", "--out", file}), 0) << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("wrote 4 entries"));
  EXPECT_FALSE(std::filesystem::exists(file + ".part"));
  ASSERT_EQ(world_.Run({"audit", "verify", "--export", file}), 0)
      << world_.err();
  EXPECT_THAT(world_.out(), HasSubstr("the pin (size 4)"));
}

// Looking at the log after exporting it would pin more than the file holds.
TEST_F(AuditVerifyTest, AnExportIsNotOlderThanThePinThatItLeaves) {
  size_t size = 2;
  world_.gateway().On<GetCheckpointRequest, GetCheckpointResponse>(
      [&](const GetCheckpointRequest&, GetCheckpointResponse* response) {
        response->set_verifier_key(signer_->verifier().ToString());
        response->set_checkpoint(NoteOf(size++));
        return absl::OkStatus();
      });
  ServeExport(3);
  const std::string file = world_.folder() + "/export";
  ASSERT_EQ(world_.Run({"audit", "export", "--out", file}), 0) << world_.err();
  EXPECT_EQ(world_.Run({"audit", "verify", "--export", file}), 0)
      << world_.err();
}

TEST_F(AuditVerifyTest, P3_AnExportThatDoesNotExtendThePinIsNotKept) {
  PinByCommand(4);
  const std::string pinned = NoteOf(4);
  leaves_[1] = Leaf(audit::v1::ENTRY_KIND_DENIAL, 1);
  world_.gateway().On<GetCheckpointRequest, GetCheckpointResponse>(
      [&](const GetCheckpointRequest&, GetCheckpointResponse* response) {
        response->set_verifier_key(signer_->verifier().ToString());
        response->set_checkpoint(pinned);
        return absl::OkStatus();
      });
  ServeExport(4);
  const std::string file = world_.folder() + "/export";
  EXPECT_EQ(world_.Run({"audit", "export", "--out", file}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("DATA_LOSS"));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST_F(AuditVerifyTest, P3_AnyFlippedByteOfAnExportFails) {
  PinByCommand(4);
  ServeExport(4);
  const std::string file = world_.folder() + "/export";
  ASSERT_EQ(world_.Run({"audit", "export", "--out", file}), 0) << world_.err();
  const std::string whole = TestWorld::ReadFile(file);
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string flipped = whole;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    std::ofstream(file, std::ios::binary) << flipped;
    EXPECT_EQ(world_.Run({"audit", "verify", "--export", file}), 1) << i;
  }
}

TEST_F(AuditVerifyTest, P3_AnExportProvesNothingWithoutAKeyFromElsewhere) {
  PinByCommand(4);
  ServeExport(4);
  const std::string file = world_.folder() + "/export";
  ASSERT_EQ(world_.Run({"audit", "export", "--out", file}), 0) << world_.err();
  EXPECT_EQ(world_.Run({"audit", "verify", "--export", file, "--ignore-pin"}),
            1);
  EXPECT_THAT(world_.err(), HasSubstr("--verifier-key"));
  EXPECT_EQ(world_.Run({"audit", "verify", "--export", file, "--ignore-pin",
                        "--verifier-key", signer_->verifier().ToString()}),
            0)
      << world_.err();
  EXPECT_EQ(world_.Run({"audit", "verify", "--export", file, "--verifier-key",
                        "nothing"}),
            2);
}

TEST_F(AuditVerifyTest, AnExportWithAGapLeavesNoFile) {
  PinByCommand(4);
  ServeExport(4, /*second_index=*/3);
  const std::string file = world_.WriteFile("export", "older");
  EXPECT_EQ(world_.Run({"audit", "export", "--out", file}), 1);
  EXPECT_THAT(world_.err(), HasSubstr("left out entries from 2"));
  EXPECT_EQ(TestWorld::ReadFile(file), "older");
  EXPECT_FALSE(std::filesystem::exists(file + ".part"));
}

TEST_F(AuditVerifyTest, AnExportThatBreaksOffLeavesNoFile) {
  PinByCommand(4);
  world_.gateway().OnStream<ExportEntriesRequest, ExportEntriesResponse>(
      [](const ExportEntriesRequest&,
         std::function<absl::Status(const ExportEntriesResponse&)>) {
        return absl::UnavailableError("away");
      });
  const std::string file = world_.folder() + "/export";
  EXPECT_EQ(world_.Run({"audit", "export", "--out", file}), 1);
  EXPECT_FALSE(std::filesystem::exists(file));
  EXPECT_FALSE(std::filesystem::exists(file + ".part"));
}

TEST_F(AuditVerifyTest, RefusesTwoSourcesAndBadCheckpoints) {
  EXPECT_EQ(world_.Run({"audit", "verify", "--export", "a", "--data", "b"}), 2);
  const std::string file = world_.WriteFile("cp", "nothing");
  EXPECT_EQ(world_.Run({"audit", "verify", "--checkpoint", file}), 1);
  EXPECT_THAT(world_.err(), HasSubstr(file));
}

}  // namespace
}  // namespace keyward::cli
