// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/call_codec.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/rpc_status.h"
#include "proto/keyward/internal/call/v1/call.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::rpc {
namespace {

namespace call = keyward::internal::call::v1;
using keyward::secrets::v1::AccessSecretVersionRequest;
using keyward::secrets::v1::AccessSecretVersionResponse;
using keyward::secrets::v1::AddSecretVersionRequest;
using keyward::secrets::v1::AddSecretVersionResponse;

constexpr char kAccess[] =
    "keyward.secrets.v1.SecretService.AccessSecretVersion";
constexpr char kAdd[] = "keyward.secrets.v1.SecretService.AddSecretVersion";
const SteadyTime kNow = SteadyTime() + absl::Hours(100);

class CallCodecTest : public testing::Test {
 protected:
  CallCodecTest() {
    // Linked in.
    AccessSecretVersionRequest::descriptor();
    auto methods = CallMethods::Create({"keyward.secrets.v1.SecretService"});
    EXPECT_TRUE(methods.ok()) << methods.status();
    methods_ = *std::move(methods);

    read_.request_id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    read_.element = 7;
    read_.method = kAccess;
    read_.principal = "spiffe://d/workload/a";
    read_.credential_id = "sha256";
    read_.resource = "projects/p/secrets/s";
    read_.project_uid = "uid";
    read_.policy_revision = 12;
    change_ = read_;
    change_.method = kAdd;
    change_.intent_id = 99;
    change_.attributes_etag = "etag";
    change_.checkpoint = "note";
  }

  call::Call Encoded(const CallContext& context) {
    AddSecretVersionRequest request;
    request.set_parent("projects/p/secrets/s");
    request.mutable_payload()->set_data("plaintext");
    call::Call call = EncodeCall(context, request);
    *call.mutable_remaining() = EncodeRemaining(absl::Seconds(5));
    return call;
  }

  absl::Status Decode(call::Call call) {
    return DecodeCall(*methods_, kNow, &call).status();
  }

  void ExpectMismatch(const char* method, call::CallResult answer,
                      Outcome outcome) {
    const CallResult result =
        DecodeCallResult(*methods_->Find(method), &answer);
    EXPECT_EQ(result.status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ErrorReason(result.status), kResponseMismatch);
    EXPECT_EQ(result.outcome, outcome);
    EXPECT_EQ(result.response, nullptr);
  }

  std::unique_ptr<CallMethods> methods_;
  CallContext read_;
  CallContext change_;
};

TEST_F(CallCodecTest, ACallArrivesAsItWasSent) {
  call::Call call = Encoded(change_);
  const auto decoded = DecodeCall(*methods_, kNow, &call);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  const CallContext& context = decoded->context;
  EXPECT_EQ(context.request_id, change_.request_id);
  EXPECT_EQ(context.element, 7u);
  EXPECT_EQ(context.method, kAdd);
  EXPECT_EQ(context.principal, change_.principal);
  EXPECT_EQ(context.credential_id, "sha256");
  EXPECT_EQ(context.resource, change_.resource);
  EXPECT_EQ(context.project_uid, "uid");
  EXPECT_EQ(context.policy_revision, 12u);
  EXPECT_EQ(context.deadline, kNow + absl::Seconds(5));
  EXPECT_EQ(context.intent_id, 99u);
  EXPECT_EQ(context.attributes_etag, "etag");
  EXPECT_EQ(context.checkpoint, "note");
  EXPECT_EQ(static_cast<const AddSecretVersionRequest&>(*decoded->request)
                .payload()
                .data(),
            "plaintext");
}

TEST_F(CallCodecTest, P5_TheEnvelopesCopyOfARequestIsWiped) {
  call::Call call = Encoded(change_);
  ASSERT_TRUE(DecodeCall(*methods_, kNow, &call).ok());
  EXPECT_EQ(call.request(), "");
  call::Call refused = Encoded(change_);
  refused.clear_principal();
  ASSERT_FALSE(DecodeCall(*methods_, kNow, &refused).ok());
  EXPECT_EQ(refused.request(), "");
}

TEST_F(CallCodecTest, P1_AChangeWithoutItsIntentIsRefused) {
  call::Call call = Encoded(change_);
  call.clear_intent_id();
  const absl::Status status = Decode(std::move(call));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StartsWith(status.message(), "calls.intent_id:"));
}

TEST_F(CallCodecTest, AReadWithAnIntentIsRefused) {
  call::Call call = Encoded(read_);
  call.set_intent_id(1);
  EXPECT_EQ(Decode(std::move(call)).code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(CallCodecTest, CallsThatLackWhatTheyNeedAreRefused) {
  call::Call no_id = Encoded(change_);
  no_id.clear_request_id();
  call::Call no_resource = Encoded(change_);
  no_resource.clear_resource();
  call::Call no_principal = Encoded(change_);
  no_principal.clear_principal();
  call::Call foreign = Encoded(change_);
  foreign.set_method("keyward.audit.v1.AuditService.QueryEntries");
  call::Call garbage = Encoded(change_);
  garbage.set_request("\xFF\xFF");
  for (const call::Call& call :
       {no_id, no_resource, no_principal, foreign, garbage}) {
    EXPECT_EQ(Decode(call).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(CallCodecTest, RemainingTimeIsBetweenNothingAndTheLongestCall) {
  EXPECT_EQ(DecodeRemaining(EncodeRemaining(absl::Milliseconds(1500))),
            absl::Milliseconds(1500));
  EXPECT_EQ(DecodeRemaining(EncodeRemaining(absl::Seconds(-1))),
            absl::ZeroDuration());
  EXPECT_EQ(DecodeRemaining(EncodeRemaining(absl::Hours(1))),
            absl::Seconds(60));
  google::protobuf::Duration huge;
  huge.set_seconds(int64_t{1} << 62);
  EXPECT_EQ(DecodeRemaining(huge), absl::Seconds(60));
}

TEST_F(CallCodecTest, AnAnswerArrivesAsItWasGiven) {
  CallResult result;
  auto response = std::make_unique<AccessSecretVersionResponse>();
  response->mutable_payload()->set_data("plaintext");
  result.response = std::move(response);
  result.resource = "projects/p/secrets/s/versions/3";
  call::CallResult answer = EncodeCallResult(read_, std::move(result));
  EXPECT_EQ(answer.request_id(), read_.request_id);
  EXPECT_EQ(answer.element(), 7u);
  const CallResult decoded =
      DecodeCallResult(*methods_->Find(kAccess), &answer);
  EXPECT_EQ(decoded.status, absl::OkStatus());
  EXPECT_EQ(decoded.resource, "projects/p/secrets/s/versions/3");
  EXPECT_EQ(decoded.outcome, Outcome::kNone);
  EXPECT_EQ(static_cast<const AccessSecretVersionResponse&>(*decoded.response)
                .payload()
                .data(),
            "plaintext");
  EXPECT_EQ(answer.response(), "") << "wiped";
}

TEST_F(CallCodecTest, AnErrorArrivesWithItsDetailsAndWithoutAResponse) {
  CallResult result;
  result.status = MakeError(absl::StatusCode::kAborted, kEtagMismatch, "etag");
  result.outcome = Outcome::kNotApplied;
  result.refusal = Refusal::kAttributes;
  result.response = std::make_unique<AddSecretVersionResponse>();
  call::CallResult answer = EncodeCallResult(change_, std::move(result));
  EXPECT_EQ(answer.resource(), change_.resource);
  const CallResult decoded = DecodeCallResult(*methods_->Find(kAdd), &answer);
  EXPECT_EQ(ErrorReason(decoded.status), kEtagMismatch);
  EXPECT_EQ(decoded.outcome, Outcome::kNotApplied);
  EXPECT_EQ(decoded.refusal, Refusal::kAttributes);
  EXPECT_EQ(decoded.response, nullptr);
}

TEST_F(CallCodecTest, EveryOutcomeAndRefusalSurvives) {
  for (Outcome outcome :
       {Outcome::kApplied, Outcome::kNotApplied, Outcome::kUnknown}) {
    for (Refusal refusal : {Refusal::kNone, Refusal::kFence,
                            Refusal::kAttributes, Refusal::kBarred}) {
      CallResult result;
      result.status = absl::UnavailableError("again");
      result.outcome = outcome;
      result.refusal = refusal;
      call::CallResult answer = EncodeCallResult(change_, std::move(result));
      const CallResult decoded =
          DecodeCallResult(*methods_->Find(kAdd), &answer);
      EXPECT_EQ(decoded.outcome, outcome);
      EXPECT_EQ(decoded.refusal, refusal);
    }
  }
}

TEST_F(CallCodecTest, P8_AnAnswerThatSaysNothingIsNoSuccess) {
  ExpectMismatch(kAccess, call::CallResult(), Outcome::kNone);
  ExpectMismatch(kAdd, call::CallResult(), Outcome::kUnknown);
}

TEST_F(CallCodecTest, P8_AChangeWithoutAnOutcomeIsUnknown) {
  call::CallResult answer;
  answer.mutable_status();
  ExpectMismatch(kAdd, answer, Outcome::kUnknown);
  answer.set_outcome(call::OUTCOME_UNKNOWN);
  ExpectMismatch(kAdd, answer, Outcome::kUnknown);
}

TEST_F(CallCodecTest, P8_AReadWithAnOutcomeIsRefused) {
  call::CallResult answer;
  answer.mutable_status();
  answer.set_outcome(call::OUTCOME_APPLIED);
  ExpectMismatch(kAccess, answer, Outcome::kNone);
}

TEST_F(CallCodecTest, P8_AResponseOfAnotherTypeIsRefused) {
  call::CallResult answer;
  answer.mutable_status();
  answer.set_response("\x0A\xFF");
  ExpectMismatch(kAccess, answer, Outcome::kNone);
}

TEST(IsResolvedNameTest, OnlyTheSameSecretsVersionsAnswerForIt) {
  const std::string secret = "projects/pay/secrets/s";
  EXPECT_TRUE(IsResolvedName(secret, secret));
  EXPECT_TRUE(IsResolvedName(secret, secret + "/versions/3"));
  EXPECT_TRUE(
      IsResolvedName(secret + "/versions/current", secret + "/versions/12"));
  EXPECT_TRUE(IsResolvedName(secret + "/versions/3", secret + "/versions/3"));
  EXPECT_TRUE(IsResolvedName("system", "system"));

  EXPECT_FALSE(IsResolvedName(secret + "/versions/3", secret + "/versions/4"));
  EXPECT_FALSE(IsResolvedName(secret, "projects/pay/secrets/t"));
  EXPECT_FALSE(IsResolvedName(secret, secret + "2/versions/1"));
  EXPECT_FALSE(IsResolvedName(secret, secret + "/versions/"));
  EXPECT_FALSE(IsResolvedName(secret, secret + "/versions/latest"));
  EXPECT_FALSE(IsResolvedName(secret, secret + "/versions/03"));
  EXPECT_FALSE(IsResolvedName(secret, ""));
  EXPECT_FALSE(IsResolvedName("projects/pay", "projects/quay"));
}

TEST(IsResolvedNameTest, AnIdMayBeAReservedWord) {
  const std::string secret = "projects/versions/secrets/versions";
  EXPECT_TRUE(IsResolvedName(secret, secret + "/versions/3"));
  EXPECT_TRUE(
      IsResolvedName(secret + "/versions/current", secret + "/versions/12"));
  EXPECT_FALSE(IsResolvedName(secret + "/versions/current",
                              "projects/versions/secrets/other/versions/12"));
  EXPECT_FALSE(IsResolvedName(secret + "/versions/3", secret + "/versions/4"));
}

TEST(CallMethodsTest, ListsTheUnaryMethodsOfItsServices) {
  const auto methods =
      CallMethods::Create({"keyward.secrets.v1.SecretService"});
  ASSERT_TRUE(methods.ok());
  ASSERT_NE((*methods)->Find(kAccess), nullptr);
  EXPECT_FALSE((*methods)->Find(kAccess)->changes);
  ASSERT_NE((*methods)->Find(kAdd), nullptr);
  EXPECT_TRUE((*methods)->Find(kAdd)->changes);
  EXPECT_EQ((*methods)->Find("keyward.secrets.v1.SecretService.WatchSecrets"),
            nullptr);
}

TEST(CallMethodsTest, AServiceWithoutAccessOptionsIsRefused) {
  call::Call::descriptor();
  EXPECT_EQ(CallMethods::Create({"no.such.Service"}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace keyward::rpc
