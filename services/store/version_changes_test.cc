// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/version_changes.h"

#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/crypto/crc32c.h"
#include "libs/crypto/test_certificates.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;

class VersionChangesTest : public StoreFixture {
 protected:
  template <typename Request>
  Request For(int64_t number) {
    Request request;
    request.set_name(absl::StrCat(Name("db"), "/versions/", number));
    return request;
  }
  secrets::EnableSecretVersionRequest Enable(int64_t number) {
    return For<secrets::EnableSecretVersionRequest>(number);
  }
  secrets::DisableSecretVersionRequest Disable(int64_t number) {
    return For<secrets::DisableSecretVersionRequest>(number);
  }
  secrets::DestroySecretVersionRequest Destroy(int64_t number) {
    return For<secrets::DestroySecretVersionRequest>(number);
  }

  secrets::SecretVersion GetVersion(const std::string& version) {
    secrets::GetSecretVersionRequest request;
    request.set_name(absl::StrCat(Name("db"), "/versions/", version));
    auto response = Ask<secrets::GetSecretVersionResponse>(request);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? response->version() : secrets::SecretVersion();
  }

  void ExpectInvalid(const google::protobuf::Message& request,
                     const std::string& message) {
    const absl::Status status = Call(request).status;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    EXPECT_EQ(status.message(), message);
  }

  void ExpectReason(const google::protobuf::Message& request,
                    absl::StatusCode code, const char* reason) {
    const absl::Status status = Call(request).status;
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ErrorReason(status), reason) << status;
  }
};

TEST_F(VersionChangesTest, AnAddedVersionIsAsItWasAskedFor) {
  const secrets::Secret before = Create("db", "first");
  auto request = AddRequest("db", "second");
  request.mutable_payload()->set_data_crc32c(crypto::Crc32c("second"));
  const rpc::CallResult result = Call(request);
  ASSERT_TRUE(result.status.ok()) << result.status;
  EXPECT_EQ(result.resource, Name("db") + "/versions/2");
  const auto& response =
      static_cast<const secrets::AddSecretVersionResponse&>(*result.response);
  const secrets::SecretVersion& version = response.version();
  EXPECT_EQ(version.name(), Name("db") + "/versions/2");
  EXPECT_EQ(version.state(), secrets::VERSION_STATE_ENABLED);
  EXPECT_TRUE(version.client_specified_payload_checksum());
  EXPECT_EQ(version.key_version(),
            absl::StrCat(kTestProject, "/keys/default/versions/1"));
  ASSERT_EQ(version.stages_size(), 1);
  EXPECT_EQ(version.stages(0), secrets::STAGE_CURRENT);
  EXPECT_NE(response.secret_etag(), before.etag());
  EXPECT_EQ(response.secret_etag(), Get("db").etag());
}

TEST_F(VersionChangesTest, TheLargestPayloadIsTakenAndALargerOneIsNot) {
  Create("db");
  const std::string largest(64 * 1024, 'x');
  Add("db", largest);
  EXPECT_EQ(Read("db"), largest);
  ExpectInvalid(AddRequest("db", largest + "x"),
                "payload.data: must have 1 to 65536 bytes");
  ExpectInvalid(AddRequest("db", ""),
                "payload.data: must have 1 to 65536 bytes");
}

TEST_F(VersionChangesTest, AnyBytesArePayload) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  Create("db", bytes);
  EXPECT_EQ(Read("db"), bytes);
}

TEST_F(VersionChangesTest, AWrongChecksumIsRefusedAndStoresNothing) {
  Create("db", "first");
  auto request = AddRequest("db", "second");
  request.mutable_payload()->set_data_crc32c(crypto::Crc32c("second") ^ 1);
  ExpectInvalid(request,
                "payload.data_crc32c: is not the CRC-32C of the data that "
                "arrived");
  EXPECT_EQ(Get("db").version_count(), 1);
}

TEST_F(VersionChangesTest, AValueMustBeGiven) {
  Create("db", "first");
  auto request = AddRequest("db", "second");
  request.clear_payload();
  ExpectInvalid(request, "payload: must be given, or generate");
}

TEST_F(VersionChangesTest, AGeneratedValueIsOfItsAlphabetAndLength) {
  Create("db");
  auto request = AddRequest("db", "");
  request.mutable_generate()->set_length(100);
  request.mutable_generate()->set_alphabet("0123456789");
  ASSERT_TRUE(Call(request).status.ok());
  const std::string first = Read("db");
  EXPECT_EQ(first.size(), 100u);
  EXPECT_EQ(first.find_first_not_of("0123456789"), std::string::npos);
  ASSERT_TRUE(Call(request).status.ok());
  EXPECT_NE(Read("db"), first);
}

TEST_F(VersionChangesTest, GenerationDefaultsTo32LettersAndDigits) {
  secrets::CreateSecretRequest request = CreateRequest("db", "");
  request.mutable_generate();
  ASSERT_TRUE(Call(request).status.ok());
  const std::string value = Read("db");
  EXPECT_EQ(value.size(), 32u);
  for (const char c : value) EXPECT_TRUE(isalnum(c)) << c;
}

TEST_F(VersionChangesTest, GenerationIsBounded) {
  Create("db");
  auto request = AddRequest("db", "");
  for (const int length : {-1, 1, 15, 4097}) {
    request.mutable_generate()->set_length(length);
    ExpectInvalid(request, "generate.length: must be 0 or from 16 to 4096");
  }
  request.mutable_generate()->set_length(0);
  for (const char* alphabet : {"123456789", "aaaaaaaaaaaa", "12345678\n0"}) {
    request.mutable_generate()->set_alphabet(alphabet);
    ExpectInvalid(request,
                  "generate.alphabet: must have at least 10 different "
                  "printable ASCII characters");
  }
}

TEST_F(VersionChangesTest, OnlyPlainTypesAreGenerated) {
  for (const auto type :
       {secrets::SECRET_TYPE_DATABASE_CREDENTIALS,
        secrets::SECRET_TYPE_TLS_CERTIFICATE, secrets::SECRET_TYPE_OAUTH_TOKEN,
        secrets::SECRET_TYPE_SSH_KEY}) {
    secrets::CreateSecretRequest request = CreateRequest("db", "");
    request.mutable_generate();
    request.mutable_secret()->set_type(type);
    ExpectInvalid(request,
                  "generate: is only for secrets of the types OPAQUE and "
                  "API_KEY");
  }
}

TEST_F(VersionChangesTest, ACertificateGivesTheVersionItsNotAfter) {
  secrets::CreateSecretRequest request = CreateRequest(
      "db", absl::StrCat(crypto::kTestCertificate, crypto::kTestPkcs8Key));
  request.mutable_secret()->set_type(secrets::SECRET_TYPE_TLS_CERTIFICATE);
  auto response = Ask<secrets::CreateSecretResponse>(request);
  ASSERT_TRUE(response.ok()) << response.status();
  // 2036-11-21 17:00:42 UTC.
  EXPECT_EQ(response->version().certificate_not_after().seconds(), 2110899642);
}

TEST_F(VersionChangesTest, ACertificateWithoutItsKeyIsRefused) {
  secrets::CreateSecretRequest request =
      CreateRequest("db", crypto::kTestCertificate);
  request.mutable_secret()->set_type(secrets::SECRET_TYPE_TLS_CERTIFICATE);
  const absl::Status status = Call(request).status;
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(status.message().substr(0, 13), "payload.data:");
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(VersionChangesTest, DatabaseCredentialsAreChecked) {
  secrets::CreateSecretRequest request = CreateRequest(
      "db", R"({"engine":"e","host":"h","port":1,"username":"u"})");
  request.mutable_secret()->set_type(secrets::SECRET_TYPE_DATABASE_CREDENTIALS);
  ExpectInvalid(request, "payload.data: lacks the member password");
}

TEST_F(VersionChangesTest, AnEtagIsAPreconditionOfAdding) {
  const std::string etag = Create("db", "first").etag();
  auto request = AddRequest("db", "second");
  request.set_etag(etag);
  EXPECT_TRUE(Call(request).status.ok());
  ExpectReason(request, absl::StatusCode::kAborted, kEtagMismatch);
}

TEST_F(VersionChangesTest, NumbersAreNeverUsedAgain) {
  Create("db", "first");
  Add("db", "second");
  auto destroy = Destroy(2);
  destroy.set_allow_current(true);
  ASSERT_TRUE(Call(destroy).status.ok());
  EXPECT_EQ(Add("db", "third").name(), Name("db") + "/versions/3");
}

TEST_F(VersionChangesTest, ADisabledVersionIsUnreadableUntilItIsEnabled) {
  Create("db", "first");
  const std::string secret_etag = Get("db").etag();
  const std::string etag = GetVersion("1").etag();
  ASSERT_TRUE(Call(Disable(1)).status.ok());
  EXPECT_EQ(ErrorReason(Access("db").status()), kVersionDisabled);
  EXPECT_NE(GetVersion("1").etag(), etag);
  EXPECT_EQ(Get("db").etag(), secret_etag);
  ASSERT_TRUE(Call(Enable(1)).status.ok());
  EXPECT_EQ(Read("db"), "first");
}

TEST_F(VersionChangesTest, NoOpsSucceedAndChangeNothing) {
  Create("db", "first");
  const std::string etag = GetVersion("1").etag();
  const rpc::CallResult result = Call(Enable(1));
  EXPECT_EQ(result.outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(GetVersion("1").etag(), etag);
}

TEST_F(VersionChangesTest, AStateMovesOnlyWithItsEtag) {
  Create("db", "first");
  auto request = Disable(1);
  request.set_etag(GetVersion("1").etag());
  EXPECT_TRUE(Call(request).status.ok());
  ExpectReason(request, absl::StatusCode::kAborted, kEtagMismatch);
}

TEST_F(VersionChangesTest, ADestroyedVersionIsGoneForGood) {
  Create("db", "first");
  Add("db", "second");
  ASSERT_TRUE(Call(Destroy(1)).status.ok());
  const secrets::SecretVersion version = GetVersion("1");
  EXPECT_EQ(version.state(), secrets::VERSION_STATE_DESTROYED);
  EXPECT_TRUE(version.has_destroy_time());
  EXPECT_EQ(ErrorReason(Access("db", "1").status()), kVersionDestroyed);
  ExpectReason(Enable(1), absl::StatusCode::kFailedPrecondition,
               kVersionDestroyed);
  ExpectReason(Disable(1), absl::StatusCode::kFailedPrecondition,
               kVersionDestroyed);
  EXPECT_EQ(Call(Destroy(1)).outcome, rpc::Outcome::kApplied);
  EXPECT_EQ(GetVersion("1").etag(), version.etag());
}

TEST_F(VersionChangesTest, TheCurrentVersionIsDestroyedOnlyOnPurpose) {
  Create("db", "first");
  ExpectReason(Destroy(1), absl::StatusCode::kFailedPrecondition,
               kVersionCurrent);
  EXPECT_EQ(Read("db"), "first");
  auto request = Destroy(1);
  request.set_allow_current(true);
  ASSERT_TRUE(Call(request).status.ok());
  EXPECT_EQ(ErrorReason(Access("db").status()), kVersionDestroyed);
}

TEST_F(VersionChangesTest, ADestroyedPendingVersionMakesRoomForTheNext) {
  Create("db", "first");
  AddPending("db", "second");
  auto request = AddRequest("db", "third");
  request.set_stage(secrets::STAGE_PENDING);
  ExpectReason(request, absl::StatusCode::kFailedPrecondition, kVersionPending);
  ASSERT_TRUE(Call(Destroy(2)).status.ok());
  EXPECT_TRUE(Call(request).status.ok());
  EXPECT_EQ(Get("db").pending_version(), 3);
}

TEST_F(VersionChangesTest, VersionsAreNamedByNumberToChangeTheirState) {
  Create("db", "first");
  auto request = Disable(1);
  request.set_name(Name("db") + "/versions/current");
  ExpectInvalid(request, "name: must name the version by its number");
  request.set_name(Name("db"));
  EXPECT_EQ(Call(request).status.code(), absl::StatusCode::kInvalidArgument);
  ExpectReason(Disable(2), absl::StatusCode::kNotFound, kNotFound);
}

TEST_F(VersionChangesTest, PreviousIsNoStageToAddAVersionWith) {
  Create("db", "first");
  auto request = AddRequest("db", "second");
  request.set_stage(secrets::STAGE_PREVIOUS);
  ExpectInvalid(request, "stage: must be CURRENT or PENDING");
}

}  // namespace
}  // namespace keyward::store
