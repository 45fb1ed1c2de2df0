// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/gateway/pipeline_test_kit.h"
#include "services/gateway/unary_call.h"

namespace keyward::gateway {
namespace {

using absl::StatusCode;
using secrets::v1::BatchAccessSecretVersionsRequest;
using secrets::v1::BatchAccessSecretVersionsResponse;
using testing::ElementsAre;

class BatchCallTest : public PipelineTest {
 protected:
  std::shared_ptr<Reply> Batch(const std::vector<std::string>& names) {
    BatchAccessSecretVersionsRequest request;
    for (const std::string& name : names) request.add_names(name);
    return Call(kReader, "BatchAccessSecretVersions", request);
  }

  // "name=payload" or "name!code" for each result.
  static std::vector<std::string> Results(const Reply& reply) {
    std::vector<std::string> lines;
    if (reply.response == nullptr) return lines;
    const auto& response =
        static_cast<const BatchAccessSecretVersionsResponse&>(*reply.response);
    for (const auto& result : response.results()) {
      lines.push_back(
          result.has_response()
              ? absl::StrCat(result.name(), "=",
                             result.response().payload().data())
              : absl::StrCat(result.name(), "!", result.error().code()));
    }
    return lines;
  }

  // Answers each access with the name that it was asked for.
  void AnswerWithNames() {
    store_.answer = [](const rpc::CallContext& context, auto&) {
      return Payload(absl::StrCat("of ", context.resource));
    };
  }
};

constexpr char kDa[] = "projects/default/secrets/da";
constexpr char kDb[] = "projects/default/secrets/db";
constexpr char kOther[] = "projects/default/secrets/other";

TEST_F(BatchCallTest, AnswersStandInTheOrderOfTheRequest) {
  auto reply = Batch({kDb, kDa});
  ASSERT_EQ(store_.waiting.size(), 2u);
  store_.waiting[1](Payload("a"));  // the second answer comes first
  store_.waiting[0](Payload("b"));
  EXPECT_THAT(Results(*reply),
              ElementsAre(absl::StrCat(kDb, "=b"), absl::StrCat(kDa, "=a")));
}

TEST_F(BatchCallTest, P1_ADeniedElementIsNotFetchedAndTheOthersAre) {
  AnswerWithNames();
  auto reply = Batch({kDb, kOther});
  EXPECT_EQ(store_.contexts.size(), 1u);
  EXPECT_THAT(Results(*reply), ElementsAre(absl::StrCat(kDb, "=of ", kDb),
                                           absl::StrCat(kOther, "!7")));
}

// Found by a review: a batch of names was a hundred denials on record for the
// price of one.
TEST_F(BatchCallTest, DeniedNamesOfABatchCountAsDenialsEach) {
  const std::vector<std::string> names(50, kOther);
  EXPECT_TRUE(Batch(names)->status.ok());
  EXPECT_TRUE(Batch(names)->status.ok());
  const size_t before = log_.entries.size();
  EXPECT_EQ(Batch(names)->status.code(), absl::StatusCode::kResourceExhausted);
  // The begin of the refusals, and no more.
  EXPECT_EQ(log_.entries.size(), before + 1);
  EXPECT_EQ(Batch(names)->status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(log_.entries.size(), before + 1);
}

TEST_F(BatchCallTest, TheOwnerIsGivenLessTimeThanTheCall) {
  Batch({kDa});
  ASSERT_EQ(store_.contexts.size(), 1u);
  EXPECT_LT(store_.contexts[0].deadline,
            clock_.SteadyNow() + absl::Seconds(10) - PipelineCall::kRecordTime);
}

TEST_F(BatchCallTest, P1_AllRecordsAreOneAppendAndPrecedeTheAnswer) {
  AnswerWithNames();
  log_.held = true;
  auto reply = Batch({kDb, kOther, kDa});
  EXPECT_EQ(reply->count, 0);
  log_.Release();
  EXPECT_EQ(reply->count, 1);
  ASSERT_EQ(log_.items.size(), 1u);
  EXPECT_EQ(log_.items[0].entries.size(), 3u);
  EXPECT_EQ(log_.entries[1].kind(), audit::v1::ENTRY_KIND_DENIAL);
  EXPECT_EQ(log_.entries[2].kind(), audit::v1::ENTRY_KIND_ACCESS);
}

TEST_F(BatchCallTest, P2_ARefusedBatchStartsAgainAsAWhole) {
  AnswerWithNames();
  Stage(2, {});
  log_.held = true;
  auto reply = Batch({kDb, kDa});
  PutInForce(2);
  log_.Release();
  EXPECT_THAT(Results(*reply),
              ElementsAre(absl::StrCat(kDb, "!7"), absl::StrCat(kDa, "!7")));
}

TEST_F(BatchCallTest, ANameThatDoesNotParseFailsAlone) {
  AnswerWithNames();
  auto reply = Batch({"hunter2", kDb});
  EXPECT_THAT(Results(*reply),
              ElementsAre("hunter2!3", absl::StrCat(kDb, "=of ", kDb)));
  EXPECT_EQ(log_.entries[0].resource(), "");
}

TEST_F(BatchCallTest, PayloadsBeyondTheBoundAreToBeFetchedSingly) {
  const std::string large(BatchCall::kMaxBytes / 2, 'x');
  store_.answer = [&](auto&, auto&) { return Payload(large); };
  auto reply = Batch({kDa, kDb});
  ASSERT_EQ(Results(*reply).size(), 2u);
  EXPECT_EQ(Results(*reply)[1], absl::StrCat(kDb, "!8"));
}

TEST_F(BatchCallTest, MoreNamesThanTheBoundAreRefused) {
  EXPECT_EQ(Batch(std::vector<std::string>(101, kDb))->status.code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(Batch({})->status.code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(store_.contexts.empty());
}

TEST_F(BatchCallTest, P8_ABatchThatHangsIsAnsweredInTime) {
  auto reply = Batch({kDa, kDb});
  store_.waiting[0](Payload("a"));
  PassTime(absl::Seconds(11));
  EXPECT_EQ(reply->status.code(), StatusCode::kUnavailable);
  store_.waiting[1](Payload("b"));
  EXPECT_EQ(reply->count, 1);
  EXPECT_TRUE(log_.entries.empty());
}

TEST_F(BatchCallTest, AnElementThatIsMissingFailsAloneWithItsCode) {
  store_.answer = [](const rpc::CallContext& context, auto&) {
    if (context.resource == kDb) return Payload("b");
    rpc::CallResult missing;
    missing.status = absl::NotFoundError("no such secret");
    return missing;
  };
  EXPECT_THAT(Results(*Batch({kDa, kDb})),
              ElementsAre(absl::StrCat(kDa, "!5"), absl::StrCat(kDb, "=b")));
}

}  // namespace
}  // namespace keyward::gateway
