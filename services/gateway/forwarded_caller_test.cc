// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Callers for whom a trusted proxy speaks, in the pipeline.

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/gateway/pipeline_test_kit.h"

namespace keyward::gateway {
namespace {

using absl::StatusCode;
using audit::v1::AuditEntry;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr char kMesh[] = "spiffe://keyward.internal/mesh";

class ForwardedCallerTest : public PipelineTest {
 protected:
  ForwardedCallerTest() {
    callers_.proxy = kMesh;
    rate_limits_ = {1, 2, 1024};
    store_.answer = [](const rpc::CallContext&,
                       const google::protobuf::Message&) {
      return Payload("value");
    };
  }

  void TearDown() override {
    if (writer_ != nullptr && !writer_->finished.has_value()) {
      writer_->cancelled(absl::CancelledError("gone"));
    }
    writer_ = nullptr;
    PipelineTest::TearDown();
  }

  // A call on a connection of `certificate`, with this header if any.
  template <typename Request>
  rpc::IncomingCall From(const std::string& certificate,
                         const std::string& header, const std::string& method,
                         const Request& request) {
    rpc::IncomingCall call = NewCall(certificate, method, request);
    if (!header.empty()) call.peer.forwarded_client_cert = {header};
    return call;
  }

  absl::Status Read(const std::string& certificate, const std::string& header) {
    secrets::v1::AccessSecretVersionRequest request;
    request.set_name(kSecretName);
    absl::Status answered = absl::InternalError("no answer");
    pipeline_->HandleUnary(
        From(certificate, header, "AccessSecretVersion", request),
        [&answered](absl::Status status,
                    std::unique_ptr<google::protobuf::Message>) {
          answered = std::move(status);
        });
    return answered;
  }

  void Watch(const std::string& certificate, const std::string& header) {
    writer_ = std::make_shared<ManualWriter>();
    secrets::v1::WatchSecretsRequest request;
    request.set_parent("projects/default");
    request.set_position("here");
    pipeline_->HandleStream(From(certificate, header, "WatchSecrets", request),
                            writer_);
    ASSERT_FALSE(writer_->finished.has_value());
  }

  std::shared_ptr<ManualWriter> writer_;
};

TEST_F(ForwardedCallerTest, ItsRecordNamesTheProxyToo) {
  ASSERT_TRUE(Read(kMesh, kReader).ok());
  ASSERT_TRUE(Read(kReader, "").ok());
  const std::vector<AuditEntry> reads =
      log_.OfKind(audit::v1::ENTRY_KIND_ACCESS);
  ASSERT_EQ(reads.size(), 2u);
  EXPECT_EQ(reads[0].principal(), kReader);
  EXPECT_EQ(reads[0].authentication(), "forwarded");
  EXPECT_EQ(reads[0].credential_id(), "certificate:01");
  EXPECT_EQ(reads[0].forwarded_by(), kMesh);
  EXPECT_EQ(reads[0].peer(), "ipv4:127.0.0.1:5123");
  EXPECT_EQ(reads[1].principal(), kReader);
  EXPECT_EQ(reads[1].authentication(), "mtls");
  EXPECT_EQ(reads[1].forwarded_by(), "");
}

TEST_F(ForwardedCallerTest, P1_IsGrantedWhatTheCallerMayAndNotItsProxy) {
  Stage(2, {kMesh});
  pipeline_->view().OnFence(2);
  PutInForce(2);
  EXPECT_EQ(Read(kMesh, kReader).code(), StatusCode::kPermissionDenied);
  const std::vector<AuditEntry> denials =
      log_.OfKind(audit::v1::ENTRY_KIND_DENIAL);
  ASSERT_EQ(denials.size(), 1u);
  EXPECT_EQ(denials[0].principal(), kReader);
  EXPECT_EQ(denials[0].forwarded_by(), kMesh);
}

TEST_F(ForwardedCallerTest, LimitsCountTheCallerAndNotItsProxy) {
  constexpr char kSecond[] = "spiffe://keyward.internal/workload/second";
  Stage(2, {kReader, kSecond});
  pipeline_->view().OnFence(2);
  PutInForce(2);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Read(kMesh, kReader).ok());
  EXPECT_EQ(Read(kMesh, kReader).code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(Read(kMesh, kSecond).ok());
  // However it comes, it is the same caller.
  EXPECT_EQ(Read(kReader, "").code(), StatusCode::kResourceExhausted);
}

TEST_F(ForwardedCallerTest, P1_AStreamIsAskedAboutWithWhatTheProxySaid) {
  Watch(kMesh, kReader);
  ++callers_.rules;
  PassTime(CallRegistry::kSweepInterval);
  EXPECT_EQ(callers_.asked_again, 1);
  EXPECT_THAT(callers_.forwarded_again, ElementsAre(kReader));
}

// Otherwise the peer would only have to become a proxy to be somebody else.
TEST_F(ForwardedCallerTest, P1_AHeaderThatDidNotCountDoesNotCountLater) {
  Watch(kReader, kStranger);
  ++callers_.rules;
  PassTime(CallRegistry::kSweepInterval);
  EXPECT_EQ(callers_.asked_again, 1);
  EXPECT_THAT(callers_.forwarded_again, IsEmpty());
}

}  // namespace
}  // namespace keyward::gateway
