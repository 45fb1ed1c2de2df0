// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// `audit verify` over a data folder as it really lies on a disk: what damage to
// the files, an older copy of them, or a server that goes on writing them can
// do to its answer.

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/audit/block_summary.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/entry.h"
#include "libs/audit/fake_log_store.h"
#include "libs/audit/folder_source.h"
#include "libs/audit/log_schema.h"
#include "libs/audit/note.h"
#include "libs/audit/verify.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/kv/rocksdb_kv.h"
#include "libs/kv/writer_session.h"

namespace keyward::audit {
namespace {

namespace fs = std::filesystem;

// Bytes of one file that are flipped at most, spread over it. Each costs the
// opening of a store.
constexpr size_t kMaxFlipsAFile = 250;

std::string Leaf(v1::EntryKind kind, uint64_t revision) {
  v1::AuditEntry entry;
  entry.set_kind(kind);
  entry.set_policy_revision(revision);
  return SerializeEntry(entry).value();
}

class VerifyFolderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = absl::StrCat(
        testing::TempDir(), "/",
        testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(root_);
    path_ = absl::StrCat(root_, "/audit");
    Open();
    Append({Leaf(v1::ENTRY_KIND_IN_FORCE, 1), Leaf(v1::ENTRY_KIND_ACCESS, 1)});
    Append({Leaf(v1::ENTRY_KIND_INTENT, 1), Leaf(v1::ENTRY_KIND_ACCESS, 1)});
    Append({Leaf(v1::ENTRY_KIND_ACCESS, 1)});
  }
  void TearDown() override {
    Close();
    fs::remove_all(root_);
  }

  void Open() {
    kv::RocksDbOptions options;
    options.path = path_;
    options.clock = &clock_;
    store_ = kv::OpenRocksDb(options).value();
    session_ = kv::WriterSession::Begin(store_.get(), Soon()).value();
  }
  void Close() {
    session_.reset();
    store_.reset();
  }
  SteadyTime Soon() const { return clock_.SteadyNow() + absl::Seconds(30); }

  // One batch, in one transaction, as the service does.
  void Append(const std::vector<std::string>& leaves) {
    const std::map<std::string, std::string> before = written_;
    log_.Append(leaves);
    kv::Transaction txn;
    txn.preconditions = {kv::Precondition::RevisionIs(kHeadKey, revision_)};
    for (const auto& [key, value] : log_.records()) {
      const auto old = before.find(key);
      if (old == before.end() || old->second != value) {
        txn.puts.push_back({key, value});
      }
    }
    written_ = log_.records();
    const kv::CommitResult result =
        session_->CommitAndWait(std::move(txn), {Soon()});
    ASSERT_TRUE(result.applied()) << result.status;
    revision_ = result.revision;
  }

  // Writes what the log's own code would not.
  void Put(const std::string& key, const std::string& value) {
    kv::Transaction txn;
    txn.preconditions = {kv::Precondition::Exists(kHeadKey)};
    txn.puts = {{key, value}};
    ASSERT_TRUE(session_->CommitAndWait(std::move(txn), {Soon()}).applied());
  }

  // As somebody who was handed a checkpoint of the log as it is now.
  VerifyOptions HoldingAll() {
    const TileEdge& edge = log_.edge();
    VerifyOptions options;
    options.verifiers = {signer_->verifier()};
    options.held = {
        {"the store",
         SignCheckpoint(*signer_, {"log", edge.size(), edge.Root()}).value()}};
    return options;
  }
  static absl::StatusOr<VerifyReport> Verify(const std::string& path,
                                             const VerifyOptions& options) {
    absl::StatusOr<std::unique_ptr<kv::KeyValueReader>> state =
        kv::OpenRocksDbReadOnly(path);
    if (!state.ok()) return state.status();
    FolderSource source(state->get());
    return VerifyLog(&source, options);
  }

  // A copy, which while the store is open is what a crash would leave.
  std::string Copy(const std::string& name) {
    const std::string copy = absl::StrCat(root_, "/", name);
    fs::create_directory(copy);
    fs::permissions(copy, fs::perms::owner_all);
    for (const auto& file : fs::directory_iterator(path_)) {
      fs::copy(file.path(),
               absl::StrCat(copy, "/", file.path().filename().string()));
    }
    return copy;
  }

  // Flips bits all over the files of `folder`; how many flips were refused.
  size_t FlipEverywhere(const std::string& folder) {
    const VerifyOptions options = HoldingAll();
    const VerifyReport good = Verify(folder, options).value();
    size_t refused = 0;
    for (const auto& file : fs::directory_iterator(folder)) {
      const std::string path = file.path().string();
      const std::string content = Read(path);
      const size_t step = 1 + content.size() / kMaxFlipsAFile;
      for (size_t at = 0; at < content.size(); at += step) {
        std::string bad = content;
        bad[at] = static_cast<char>(bad[at] ^ (1 << at % 8));
        Write(path, bad);
        const absl::StatusOr<VerifyReport> report = Verify(folder, options);
        if (!report.ok()) {
          ++refused;
          continue;
        }
        EXPECT_EQ(report->size, good.size) << path << " byte " << at;
        EXPECT_EQ(report->root, good.root) << path << " byte " << at;
        EXPECT_EQ(report->fence, good.fence) << path << " byte " << at;
        EXPECT_EQ(report->open_list, good.open_list) << path << " byte " << at;
      }
      Write(path, content);
    }
    return refused;
  }
  static std::string Read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static void Write(const std::string& path, const std::string& content) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
  }
  // The file of `folder` that ends in `suffix`.
  static std::string Find(const std::string& folder,
                          const std::string& suffix) {
    for (const auto& file : fs::directory_iterator(folder)) {
      if (absl::EndsWith(file.path().string(), suffix)) {
        return file.path().string();
      }
    }
    ADD_FAILURE() << "no file " << suffix;
    return "";
  }

  SystemClock clock_;
  std::string root_;
  std::string path_;
  std::unique_ptr<kv::KeyValueStore> store_;
  std::unique_ptr<kv::WriterSession> session_;
  FakeLogStore log_;
  std::map<std::string, std::string> written_;
  uint64_t revision_ = 0;
  std::unique_ptr<NoteSigner> signer_ =
      NoteSigner::Create("log",
                         crypto::Ed25519Signer::FromSeed(
                             crypto::SecretBuffer::CopyOf(std::string(32, 's')))
                             .value())
          .value();
};

TEST_F(VerifyFolderTest, LogBesideARunningServerIsVerifiedAsItWasThen) {
  const VerifyReport report = Verify(path_, HoldingAll()).value();
  EXPECT_EQ(report.size, 5u);
  EXPECT_EQ(report.root, log_.edge().Root());
  EXPECT_EQ(report.open_list, std::vector<uint64_t>{2});
  EXPECT_EQ(report.checkpoint_name, "the store");
  absl::StatusOr<std::unique_ptr<kv::KeyValueReader>> state =
      kv::OpenRocksDbReadOnly(path_);
  ASSERT_TRUE(state.ok()) << state.status();
  const VerifyOptions options = HoldingAll();
  Append({Leaf(v1::ENTRY_KIND_ACCESS, 1)});
  FolderSource source(state->get());
  EXPECT_EQ(VerifyLog(&source, options).value().size, 5u);
  EXPECT_EQ(Verify(path_, HoldingAll()).value().size, 6u);
}

TEST_F(VerifyFolderTest, P3_YesterdaysFolderIsLocated) {
  const std::string yesterday = Copy("yesterday");
  Append({Leaf(v1::ENTRY_KIND_ACCESS, 1)});
  const absl::Status status = Verify(yesterday, HoldingAll()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(status.message(), "leaf 5:")) << status;
}

TEST_F(VerifyFolderTest, P3_IndexThatIsNotOfItsLeavesIsLocated) {
  v1::AuditEntry entry;
  entry.set_kind(v1::ENTRY_KIND_ACCESS);
  entry.set_policy_revision(1);
  entry.set_principal("mallory");
  const std::vector<std::string> more(kBlockLeaves,
                                      SerializeEntry(entry).value());
  BlockSummary summary;  // The fixture's leaves name nobody.
  summary.Add(v1::AuditEntry());
  summary.Add(entry);
  summary.Finish();
  const std::string good = summary.Encode() + std::string(32, 'm');
  Append(more);
  Put(IndexBlockKey(0), good);
  EXPECT_TRUE(Verify(path_, HoldingAll()).ok());
  // No key, so that no query finds what mallory did.
  BlockSummary empty;
  empty.Add(v1::AuditEntry());
  empty.Finish();
  Put(IndexBlockKey(0), empty.Encode() + std::string(32, 'm'));
  const absl::Status emptied = Verify(path_, HoldingAll()).status();
  EXPECT_EQ(emptied.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(
      absl::StartsWith(emptied.message(), "the index of leaves 0 to 255:"))
      << emptied;
  Put(IndexBlockKey(0), good);
  Put(IndexBlockKey(1), good);  // That block is not full.
  const absl::Status stray = Verify(path_, HoldingAll()).status();
  EXPECT_EQ(stray.code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(absl::StartsWith(stray.message(), "the index")) << stray;
}

TEST_F(VerifyFolderTest, P3_FlippedBitsOfACrashedFolderFailOrChangeNothing) {
  const std::string crashed = Copy("crashed");
  Close();
  EXPECT_GT(FlipEverywhere(crashed), 100u);
}

TEST_F(VerifyFolderTest, P3_FlippedBitsOfAClosedFolderFailOrChangeNothing) {
  Close();
  EXPECT_GT(FlipEverywhere(path_), 100u);
}

TEST_F(VerifyFolderTest, P3_EveryCutOfTheWriteAheadLogFailsOrChangesNothing) {
  const std::string crashed = Copy("crashed");
  Close();
  const VerifyOptions options = HoldingAll();
  const std::string path = Find(crashed, ".log");
  const std::string content = Read(path);
  ASSERT_GT(content.size(), 500u);
  size_t refused = 0;
  for (size_t size = 0; size < content.size(); ++size) {
    Write(path, content.substr(0, size));
    const absl::StatusOr<VerifyReport> report = Verify(crashed, options);
    if (!report.ok()) {
      ++refused;
      continue;
    }
    EXPECT_EQ(report->root, log_.edge().Root()) << "cut to " << size;
  }
  // The end of the last batch lies in the last quarter.
  EXPECT_GT(refused, content.size() * 3 / 4);
}

}  // namespace
}  // namespace keyward::audit
