// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/pinned_checkpoint.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/note.h"
#include "libs/audit/proof.h"
#include "libs/audit/tree_hash.h"
#include "libs/client/fake_transport.h"
#include "libs/client/gateway_client.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/random.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"

namespace keyward::client {
namespace {

using audit::v1::GetCheckpointRequest;
using audit::v1::GetCheckpointResponse;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr char kName[] = "context-test";

class Leaves final : public audit::NodeReader {
 public:
  explicit Leaves(std::vector<std::string> leaves)
      : leaves_(std::move(leaves)) {}

  absl::StatusOr<audit::Hash> ReadNode(int level, uint64_t index) override {
    if (level == 0) return audit::LeafHash(leaves_.at(index));
    return audit::NodeHash(*ReadNode(level - 1, 2 * index),
                           *ReadNode(level - 1, 2 * index + 1));
  }

 private:
  const std::vector<std::string> leaves_;
};

// A log that can be set to any history.
class FakeLog {
 public:
  explicit FakeLog(const std::string& origin = "keyward/test",
                   char seed_byte = 's') {
    crypto::SecretBuffer seed =
        crypto::SecretBuffer::CopyOf(std::string(32, seed_byte));
    signer_ = audit::NoteSigner::Create(
                  origin, crypto::Ed25519Signer::FromSeed(seed).value())
                  .value();
    origin_ = origin;
  }

  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      leaves_.push_back(absl::StrCat("leaf-", leaves_.size()));
    }
  }
  void Cut(size_t size) { leaves_.resize(size); }
  void Change(size_t index) { leaves_.at(index) += "!"; }

  std::string vkey() const { return signer_->verifier().ToString(); }
  std::string Note() {
    Leaves reader(leaves_);
    audit::Checkpoint checkpoint{origin_, leaves_.size(),
                                 *audit::RootAt(&reader, leaves_.size())};
    return *audit::SignCheckpoint(*signer_, checkpoint);
  }

  absl::Status Answer(const GetCheckpointRequest& request,
                      GetCheckpointResponse* response) {
    if (request.old_size() > leaves_.size()) {
      return absl::InvalidArgumentError("old_size: beyond the log");
    }
    Leaves reader(leaves_);
    auto proof =
        audit::ConsistencyProof(&reader, request.old_size(), leaves_.size());
    for (const std::string& hash : audit::HashesToBytes(*proof)) {
      response->add_consistency_proof(hash);
    }
    response->set_checkpoint(Note());
    response->set_verifier_key(vkey());
    return absl::OkStatus();
  }

 private:
  std::unique_ptr<audit::NoteSigner> signer_;
  std::string origin_;
  std::vector<std::string> leaves_;
};

class PinnedCheckpointTest : public ::testing::Test {
 protected:
  PinnedCheckpointTest() : folder_(NewFolder()), store_(folder_) {
    GatewayClient::Dependencies dependencies;
    dependencies.transport = &transport_;
    dependencies.random = &random_;
    dependencies.sleep = [](absl::Duration) {};
    dependencies.steady_now = [] { return absl::ZeroDuration(); };
    client_ = *GatewayClient::Create(dependencies, absl::Seconds(10));
    Serve(&log_);
  }

  static std::string NewFolder() {
    std::string path = absl::StrCat(::testing::TempDir(), "/pinXXXXXX");
    EXPECT_NE(mkdtemp(path.data()), nullptr);
    return path + "/checkpoints";
  }

  void Serve(FakeLog* log) {
    transport_.On<GetCheckpointRequest, GetCheckpointResponse>(
        [log](const GetCheckpointRequest& request,
              GetCheckpointResponse* response) {
          return log->Answer(request, response);
        });
  }

  absl::StatusOr<PinCheck> Check(bool accept_rollback = false) {
    return CheckAndPin(*client_, store_, kName, accept_rollback);
  }

  uint64_t PinnedSize() {
    auto pin = store_.Load(kName);
    EXPECT_TRUE(pin.ok()) << pin.status();
    return pin.ok() && pin->has_value() ? (*pin)->checkpoint.size : 0;
  }

  std::string folder_;
  PinStore store_;
  FakeTransport transport_;
  crypto::SystemRandom random_;
  std::unique_ptr<GatewayClient> client_;
  FakeLog log_;
};

TEST_F(PinnedCheckpointTest, PinsTheFirstCheckpointSeen) {
  log_.Append(5);
  auto check = Check();
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_FALSE(check->pinned.has_value());
  EXPECT_EQ(check->seen.checkpoint.size, 5u);
  EXPECT_EQ(PinnedSize(), 5u);
}

TEST_F(PinnedCheckpointTest, FollowsALogThatGrows) {
  for (int i = 1; i < 40; ++i) {
    log_.Append(1 + i % 3);
    auto check = Check();
    ASSERT_TRUE(check.ok()) << check.status();
    EXPECT_EQ(PinnedSize(), check->seen.checkpoint.size);
  }
}

TEST_F(PinnedCheckpointTest, AnUnchangedLogIsNoNews) {
  log_.Append(3);
  ASSERT_TRUE(Check().ok());
  ASSERT_TRUE(Check().ok());
  EXPECT_EQ(PinnedSize(), 3u);
}

TEST_F(PinnedCheckpointTest, P3_ARolledBackLogFailsAndShowsBoth) {
  log_.Append(7);
  ASSERT_TRUE(Check().ok());
  log_.Cut(4);
  auto check = Check();
  EXPECT_EQ(check.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(check.status().message()),
              AllOf(HasSubstr("size 7"), HasSubstr("size 4")));
  EXPECT_EQ(PinnedSize(), 7u);
}

TEST_F(PinnedCheckpointTest, P3_ALogRegrownAfterARollbackFails) {
  log_.Append(7);
  ASSERT_TRUE(Check().ok());
  log_.Change(6);
  log_.Append(5);
  EXPECT_EQ(Check().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(PinnedSize(), 7u);
}

TEST_F(PinnedCheckpointTest, P3_AnyChangedLeafBelowThePinFails) {
  log_.Append(9);
  ASSERT_TRUE(Check().ok());
  for (size_t index = 0; index < 9; ++index) {
    FakeLog changed;
    changed.Append(12);
    changed.Change(index);
    Serve(&changed);
    EXPECT_EQ(Check().status().code(), absl::StatusCode::kDataLoss) << index;
  }
}

TEST_F(PinnedCheckpointTest, P3_AnotherKeyFailsEvenOverTheSameLeaves) {
  log_.Append(4);
  ASSERT_TRUE(Check().ok());
  FakeLog other("keyward/test", 'x');
  other.Append(4);
  Serve(&other);
  EXPECT_EQ(Check().status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PinnedCheckpointTest, P3_AForgedSignatureIsNeverPinned) {
  log_.Append(4);
  transport_.On<GetCheckpointRequest, GetCheckpointResponse>(
      [this](const GetCheckpointRequest& request,
             GetCheckpointResponse* response) {
        absl::Status status = log_.Answer(request, response);
        std::string note = response->checkpoint();
        note.replace(note.find("\n4\n"), 3, "\n5\n");
        response->set_checkpoint(note);
        return status;
      });
  EXPECT_EQ(Check().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Check(/*accept_rollback=*/true).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(PinnedSize(), 0u);
}

TEST_F(PinnedCheckpointTest, AcceptingARollbackPinsTheNewAndReturnsBoth) {
  log_.Append(7);
  ASSERT_TRUE(Check().ok());
  log_.Cut(4);
  auto check = Check(/*accept_rollback=*/true);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_EQ(check->pinned->checkpoint.size, 7u);
  EXPECT_EQ(check->seen.checkpoint.size, 4u);
  EXPECT_TRUE(check->rollback_accepted);
  EXPECT_EQ(PinnedSize(), 4u);
  check = Check(/*accept_rollback=*/true);
  ASSERT_TRUE(check.ok()) << check.status();
  EXPECT_FALSE(check->rollback_accepted);
}

TEST_F(PinnedCheckpointTest, P3_ADamagedPinIsNotTakenForNone) {
  log_.Append(4);
  ASSERT_TRUE(Check().ok());
  { std::ofstream(store_.PathOf(kName)) << "nothing"; }
  EXPECT_EQ(Check().status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(Check(true).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(PinnedCheckpointTest, AGatewayThatIsAwayIsItsError) {
  transport_.On<GetCheckpointRequest, GetCheckpointResponse>(
      [](const GetCheckpointRequest&, GetCheckpointResponse*) {
        return absl::UnavailableError("away");
      });
  EXPECT_EQ(Check().status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(PinnedCheckpointTest, P3_OfTwoThatRaceTheSecondLooksAgain) {
  log_.Append(4);
  const Pin small = *MakePin(log_.vkey(), log_.Note());
  log_.Append(4);
  const Pin large = *MakePin(log_.vkey(), log_.Note());
  ASSERT_TRUE(store_.Keep(kName, large, absl::nullopt).ok());
  // Checked against no pin, as the first was.
  EXPECT_TRUE(absl::IsAborted(store_.Keep(kName, small, absl::nullopt)));
  EXPECT_EQ(PinnedSize(), 8u);
  ASSERT_TRUE(store_.Replace(kName, small).ok());
  EXPECT_EQ(PinnedSize(), 4u);
}

TEST_F(PinnedCheckpointTest, PinFilesAreTheOwnersAlone) {
  log_.Append(1);
  ASSERT_TRUE(Check().ok());
  struct stat info;
  ASSERT_EQ(stat(store_.PathOf(kName).c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600);
  ASSERT_EQ(stat(folder_.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700);
}

TEST_F(PinnedCheckpointTest, ReadsTheFormThatItWrites) {
  log_.Append(3);
  const Pin pin = *MakePin(log_.vkey(), log_.Note());
  EXPECT_EQ(FormatPin(pin), log_.vkey() + "\n\n" + log_.Note());
  auto read = ParsePin(FormatPin(pin));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->note, pin.note);
  EXPECT_EQ(read->checkpoint.size, 3u);
}

TEST_F(PinnedCheckpointTest, P3_NoFlippedBitOfAPinGoesUnnoticed) {
  log_.Append(3);
  const Pin pin = *MakePin(log_.vkey(), log_.Note());
  const std::string text = FormatPin(pin);
  for (size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    auto read = ParsePin(flipped);
    if (!read.ok()) continue;
    // What is not signed (a signature's name) cannot change what is pinned.
    EXPECT_EQ(read->checkpoint.size, pin.checkpoint.size) << bit;
    EXPECT_EQ(read->checkpoint.root, pin.checkpoint.root) << bit;
  }
}

}  // namespace
}  // namespace keyward::client
