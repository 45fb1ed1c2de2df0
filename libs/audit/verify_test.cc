// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/verify.h"

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/entry.h"
#include "libs/audit/export_file.h"
#include "libs/audit/export_source.h"
#include "libs/audit/fake_log_store.h"
#include "libs/audit/folder_source.h"
#include "libs/audit/merkle_test_util.h"
#include "libs/audit/note.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit {
namespace {

using v1::AuditEntry;
using Leaves = std::vector<std::string>;

std::string Leaf(v1::EntryKind kind, uint64_t revision,
                 const std::string& resource = "") {
  AuditEntry entry;
  entry.set_kind(kind);
  entry.set_policy_revision(revision);
  entry.set_resource(resource);
  return SerializeEntry(entry).value();
}

std::string Outcome(uint64_t intent) {
  AuditEntry entry;
  entry.set_kind(v1::ENTRY_KIND_OUTCOME);
  entry.set_intent_index(intent);
  entry.set_outcome(v1::CHANGE_OUTCOME_APPLIED);
  return SerializeEntry(entry).value();
}

// A small log with something of everything; its last intent is open.
Leaves SmallLog() {
  return {Leaf(v1::ENTRY_KIND_IN_FORCE, 1),
          Leaf(v1::ENTRY_KIND_ACCESS, 1, "projects/default/secrets/a"),
          Leaf(v1::ENTRY_KIND_INTENT, 1, "projects/default/secrets/b"),
          Leaf(v1::ENTRY_KIND_DENIAL, 1, "projects/default/secrets/c"),
          Outcome(2),
          Leaf(v1::ENTRY_KIND_IN_FORCE, 2),
          Leaf(v1::ENTRY_KIND_ACCESS, 2, "projects/default/secrets/a"),
          Leaf(v1::ENTRY_KIND_INTENT, 2, "projects/default/secrets/d")};
}

class VerifyTest : public ::testing::Test {
 protected:
  static std::unique_ptr<NoteSigner> Signer(char seed) {
    const crypto::SecretBuffer bytes =
        crypto::SecretBuffer::CopyOf(std::string(32, seed));
    return NoteSigner::Create("log",
                              crypto::Ed25519Signer::FromSeed(bytes).value())
        .value();
  }

  std::string Checkpoint(const Leaves& leaves, uint64_t size) {
    return SignCheckpoint(*signer_, {"log", size, NaiveRoot(leaves, 0, size)})
        .value();
  }
  VerifyOptions Options() {
    VerifyOptions options;
    options.verifiers = {signer_->verifier()};
    return options;
  }
  // As somebody who kept the checkpoint of the first `size` leaves.
  VerifyOptions Holding(const Leaves& leaves, uint64_t size) {
    VerifyOptions options = Options();
    options.held = {{"--checkpoint", Checkpoint(leaves, size)}};
    return options;
  }

  std::string Export(const Leaves& leaves, const std::string& checkpoint) {
    std::ostringstream out;
    ExportWriter writer(&out, 0);
    for (const std::string& leaf : leaves) EXPECT_TRUE(writer.Add(leaf).ok());
    EXPECT_TRUE(writer.Finish(checkpoint).ok());
    return out.str();
  }
  std::string Export(const Leaves& leaves) {
    return Export(leaves, Checkpoint(leaves, leaves.size()));
  }
  absl::StatusOr<VerifyReport> VerifyExport(const std::string& bytes,
                                            const VerifyOptions& options) {
    std::istringstream in(bytes);
    absl::StatusOr<std::unique_ptr<ExportSource>> source =
        ExportSource::Open(&in);
    if (!source.ok()) return source.status();
    return VerifyLog(source->get(), options);
  }

  // In batches of three.
  static FakeLogStore Folder(const Leaves& leaves) {
    FakeLogStore store;
    for (size_t i = 0; i < leaves.size(); i += 3) {
      store.Append(Leaves(leaves.begin() + i,
                          leaves.begin() + std::min(i + 3, leaves.size())));
    }
    return store;
  }
  static absl::StatusOr<VerifyReport> VerifyFolder(
      const FakeLogStore& store, const VerifyOptions& options) {
    FolderSource source(&store);
    return VerifyLog(&source, options);
  }

  const std::unique_ptr<NoteSigner> signer_ = Signer('s');
  const Leaves leaves_ = SmallLog();
};

TEST_F(VerifyTest, WholeExportVerifies) {
  const VerifyReport report =
      VerifyExport(Export(leaves_), Holding(leaves_, 5)).value();
  EXPECT_EQ(report.size, 8u);
  EXPECT_EQ(report.root, NaiveRoot(leaves_, 0, 8));
  EXPECT_EQ(report.fence, 2u);
  EXPECT_EQ(report.intents, 2u);
  EXPECT_EQ(report.open_intents, 1u);
  EXPECT_EQ(report.open_list, std::vector<uint64_t>{7});
  EXPECT_EQ(report.checkpoint_name, "the export");
  EXPECT_EQ(report.checkpoint_size, 8u);
}

TEST_F(VerifyTest, WholeFolderVerifiesAndSaysWhichCheckpointItUsed) {
  VerifyOptions options = Options();
  options.held = {{"the store", Checkpoint(leaves_, 3)},
                  {"the context", Checkpoint(leaves_, 7)},
                  {"policy", Checkpoint(leaves_, 5)}};
  const VerifyReport report = VerifyFolder(Folder(leaves_), options).value();
  EXPECT_EQ(report.size, 8u);
  EXPECT_EQ(report.checkpoint_name, "the context");
  EXPECT_EQ(report.checkpoint_size, 7u);
}

TEST_F(VerifyTest, FolderWithoutAnyCheckpointSaysThatThereIsNone) {
  EXPECT_EQ(VerifyFolder(Folder(leaves_), Options()).value().checkpoint_name,
            "");
}

TEST_F(VerifyTest, EmptyLogVerifies) {
  EXPECT_EQ(VerifyExport(Export({}), Holding({}, 0)).value().size, 0u);
  EXPECT_EQ(VerifyFolder(Folder({}), Holding({}, 0)).value().size, 0u);
}

TEST_F(VerifyTest, P3_EveryFlippedBitOfAnExportFails) {
  const std::string bytes = Export(leaves_);
  const VerifyOptions options = Options();
  for (size_t byte = 0; byte < bytes.size(); ++byte) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bad = bytes;
      bad[byte] = static_cast<char>(bad[byte] ^ (1 << bit));
      EXPECT_FALSE(VerifyExport(bad, options).ok()) << byte << "." << bit;
    }
  }
}

TEST_F(VerifyTest, P3_FlippedBitOfALeafIsLocated) {
  const std::string bytes = Export(leaves_);
  size_t from = 0;
  for (size_t i = 0; i < leaves_.size(); ++i) {
    const size_t at = bytes.find(leaves_[i], from);
    from = at + leaves_[i].size();
    std::string bad = bytes;
    bad[at + 1] = static_cast<char>(bad[at + 1] ^ 4);
    const absl::Status status = VerifyExport(bad, Options()).status();
    EXPECT_TRUE(
        absl::StartsWith(status.message(), absl::StrCat("leaf ", i, ":")))
        << status;
  }
}

TEST_F(VerifyTest, P3_EveryCutOfAnExportFails) {
  const std::string bytes = Export(leaves_);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(VerifyExport(bytes.substr(0, size), Options()).ok()) << size;
  }
}

TEST_F(VerifyTest, P3_LogCutBelowAHeldCheckpointIsLocated) {
  for (size_t size = 0; size < leaves_.size(); ++size) {
    const Leaves cut(leaves_.begin(), leaves_.begin() + size);
    // As the operator would: with a checkpoint that fits what is left.
    for (const absl::Status& status :
         {VerifyExport(Export(cut), Holding(leaves_, 8)).status(),
          VerifyFolder(Folder(cut), Holding(leaves_, 8)).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
      EXPECT_TRUE(
          absl::StartsWith(status.message(), absl::StrCat("leaf ", size, ":")))
          << status;
    }
  }
}

// Whoever holds the key can sign anything; what was signed before stands.
TEST_F(VerifyTest, P3_ReorderAtEveryPlaceFailsEvenIfSignedAnew) {
  for (size_t i = 0; i + 1 < leaves_.size(); ++i) {
    Leaves bad = leaves_;
    std::swap(bad[i], bad[i + 1]);
    EXPECT_FALSE(VerifyExport(Export(bad), Holding(leaves_, 8)).ok()) << i;
    EXPECT_FALSE(VerifyFolder(Folder(bad), Holding(leaves_, 8)).ok()) << i;
  }
}

TEST_F(VerifyTest, P3_InsertionAndRemovalAtEveryPlaceFailEvenIfSignedAnew) {
  for (size_t i = 0; i < leaves_.size(); ++i) {
    Leaves more = leaves_;
    more.insert(more.begin() + i, Leaf(v1::ENTRY_KIND_INVALID, 0));
    EXPECT_FALSE(VerifyExport(Export(more), Holding(leaves_, 8)).ok()) << i;
    EXPECT_FALSE(VerifyFolder(Folder(more), Holding(leaves_, 8)).ok()) << i;
    Leaves fewer = leaves_;
    fewer.erase(fewer.begin() + i);
    EXPECT_FALSE(VerifyExport(Export(fewer), Holding(leaves_, 8)).ok()) << i;
    EXPECT_FALSE(VerifyFolder(Folder(fewer), Holding(leaves_, 8)).ok()) << i;
  }
}

TEST_F(VerifyTest, P3_ChangeIsLocatedBetweenTheCheckpointsThatWereKept) {
  Leaves bad = leaves_;
  bad[6] = Leaf(v1::ENTRY_KIND_ACCESS, 2, "projects/default/secrets/other");
  VerifyOptions options = Options();
  options.held = {{"a", Checkpoint(leaves_, 2)},
                  {"b", Checkpoint(leaves_, 5)},
                  {"c", Checkpoint(leaves_, 8)}};
  const absl::Status status = VerifyExport(Export(bad), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(status.message(), "leaves 5 to 8:")) << status;
}

TEST_F(VerifyTest, P3_EveryFlippedBitOfAFolderFailsOrChangesNothing) {
  FakeLogStore store = Folder(leaves_);
  const VerifyOptions options = Holding(leaves_, 8);
  for (auto& [key, value] : store.records()) {
    for (size_t byte = 0; byte < value.size(); ++byte) {
      for (int bit = 0; bit < 8; ++bit) {
        value[byte] = static_cast<char>(value[byte] ^ (1 << bit));
        EXPECT_FALSE(VerifyFolder(store, options).ok())
            << key << " " << byte << "." << bit;
        value[byte] = static_cast<char>(value[byte] ^ (1 << bit));
      }
    }
  }
  EXPECT_TRUE(VerifyFolder(store, options).ok());
}

TEST_F(VerifyTest, P3_EveryMissingOrMovedRecordOfAFolderFails) {
  const FakeLogStore good = Folder(leaves_);
  FakeLogStore store = Folder(leaves_);
  const std::map<std::string, std::string> records = store.records();
  for (const auto& [key, value] : records) {
    store.records() = records;
    store.records().erase(key);
    EXPECT_FALSE(VerifyFolder(store, Options()).ok()) << key;
    std::string moved = key;
    moved.back() = static_cast<char>(moved.back() ^ 0x40);
    store.records()[moved] = value;
    EXPECT_FALSE(VerifyFolder(store, Options()).ok()) << key;
  }
  EXPECT_TRUE(VerifyFolder(good, Options()).ok());
}

TEST_F(VerifyTest, P3_RecordsTooManyInAFolderFail) {
  FakeLogStore store = Folder(leaves_);
  const std::map<std::string, std::string> records = store.records();
  for (const std::string& extra :
       {TileKey(0, 0), OpenKey(1), ClosedKey(1), BatchKey(100)}) {
    store.records() = records;
    store.records()[extra] = records.at(kFenceKey);
    EXPECT_EQ(VerifyFolder(store, Options()).status().code(),
              absl::StatusCode::kDataLoss)
        << extra;
  }
}

TEST_F(VerifyTest, P3_LeafThatDiffersFromItsTileIsLocated) {
  Leaves many = {Leaf(v1::ENTRY_KIND_IN_FORCE, 1)};
  for (int i = 0; i < 299; ++i) {
    many.push_back(Leaf(v1::ENTRY_KIND_ACCESS, 1,
                        absl::StrCat("projects/default/secrets/s", i)));
  }
  FakeLogStore store = Folder(many);
  ASSERT_TRUE(VerifyFolder(store, Holding(many, 300)).ok());
  // A changed batch with a digest of its own.
  Batch batch = DecodeBatch(store.records()[BatchKey(99)]).value();
  batch.leaves[1] =
      Leaf(v1::ENTRY_KIND_ACCESS, 1, "projects/default/secrets/x");
  store.records()[BatchKey(99)] = EncodeBatch(batch).value();
  const absl::Status status = VerifyFolder(store, Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(status.message(), "leaf 100:")) << status;
}

TEST_F(VerifyTest, P2_DecisionBelowTheFenceIsLocated) {
  Leaves bad = leaves_;
  bad[6] = Leaf(v1::ENTRY_KIND_ACCESS, 1);
  const absl::Status status = VerifyExport(Export(bad), Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(status.message(), "leaf 6 ")) << status;
}

TEST_F(VerifyTest, P1_OpenIntentFailsOnlyIfSettledIsAskedFor) {
  VerifyOptions options = Options();
  options.settled = true;
  const absl::Status status = VerifyExport(Export(leaves_), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_TRUE(absl::StartsWith(status.message(), "leaf 7:")) << status;
  Leaves settled = leaves_;
  settled.push_back(Outcome(7));
  EXPECT_TRUE(VerifyExport(Export(settled), options).ok());
}

TEST_F(VerifyTest, P3_CheckpointOfAnotherKeyProvesNothing) {
  const auto forger = Signer('f');
  VerifyOptions options = Options();
  options.held = {
      {"--checkpoint",
       SignCheckpoint(*forger, {"log", 8, NaiveRoot(leaves_, 0, 8)}).value()}};
  const absl::Status status = VerifyFolder(Folder(leaves_), options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated);
  EXPECT_NE(status.message().find("--checkpoint"), std::string::npos);
  options.held = {{"--checkpoint", "garbage"}};
  EXPECT_EQ(VerifyFolder(Folder(leaves_), options).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(VerifyTest, P3_LeavesBeyondTheExportsCheckpointFail) {
  const absl::Status status =
      VerifyExport(Export(leaves_, Checkpoint(leaves_, 6)), Options()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(status.message(), "leaf 6:")) << status;
}

TEST_F(VerifyTest, P3_ExportWithoutItsCheckpointFails) {
  EXPECT_EQ(
      VerifyExport(Export(leaves_, ""), Holding(leaves_, 8)).status().code(),
      absl::StatusCode::kDataLoss);
}

TEST_F(VerifyTest, PartOfALogCannotBeVerified) {
  std::ostringstream out;
  ExportWriter writer(&out, 3);
  ASSERT_TRUE(writer.Finish("").ok());
  EXPECT_EQ(VerifyExport(out.str(), Options()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace keyward::audit
