// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/secret_changes.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/store_fixture.h"

namespace keyward::store {
namespace {

namespace secrets = keyward::secrets::v1;

class SecretChangesTest : public StoreFixture {
 protected:
  // Updates the labels of "db" to {a: VALUE}.
  secrets::UpdateSecretRequest LabelUpdate(const std::string& value) {
    secrets::UpdateSecretRequest request;
    request.mutable_secret()->set_name(Name("db"));
    (*request.mutable_secret()->mutable_labels())["a"] = value;
    request.mutable_update_mask()->add_paths("labels");
    return request;
  }

  secrets::DeleteSecretRequest DeleteOf(const std::string& id) {
    secrets::DeleteSecretRequest request;
    request.set_name(Name(id));
    return request;
  }

  secrets::UndeleteSecretRequest UndeleteOf(const std::string& id) {
    secrets::UndeleteSecretRequest request;
    request.set_name(Name(id));
    return request;
  }

  void ExpectInvalid(const google::protobuf::Message& request,
                     const std::string& field) {
    const rpc::CallResult result = Call(request);
    EXPECT_EQ(result.status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(ErrorReason(result.status), kInvalidField);
    EXPECT_EQ(result.status.message().substr(0, field.size() + 1), field + ":")
        << result.status;
    EXPECT_EQ(result.outcome, rpc::Outcome::kNotApplied);
  }

  void ExpectRefused(const google::protobuf::Message& request,
                     absl::StatusCode code, const char* reason) {
    const absl::Status status = Call(request).status;
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(ErrorReason(status), reason) << status;
  }
};

TEST_F(SecretChangesTest, ACreatedSecretIsAsItWasAskedFor) {
  secrets::CreateSecretRequest request = CreateRequest("db", "hunter2");
  secrets::Secret& asked = *request.mutable_secret();
  asked.set_type(secrets::SECRET_TYPE_API_KEY);
  (*asked.mutable_labels())["env"] = "prod";
  (*asked.mutable_annotations())["owner"] = "Jörg <j@example.com>";
  (*asked.mutable_version_aliases())["stable"] = 1;
  asked.mutable_ttl()->set_seconds(3600);
  asked.set_deletion_protection(true);
  auto response = Ask<secrets::CreateSecretResponse>(request);
  ASSERT_TRUE(response.ok()) << response.status();
  const secrets::Secret& secret = response->secret();
  EXPECT_EQ(secret.name(), Name("db"));
  EXPECT_EQ(secret.uid().size(), 32u);
  EXPECT_EQ(secret.type(), secrets::SECRET_TYPE_API_KEY);
  EXPECT_EQ(secret.labels().at("env"), "prod");
  EXPECT_EQ(secret.annotations().at("owner"), "Jörg <j@example.com>");
  EXPECT_EQ(secret.version_aliases().at("stable"), 1);
  EXPECT_EQ(secret.key(), absl::StrCat(kTestProject, "/keys/default"));
  EXPECT_EQ(secret.expire_time().seconds(),
            absl::ToUnixSeconds(clock_.Now()) + 3600);
  EXPECT_TRUE(secret.deletion_protection());
  EXPECT_EQ(secret.current_version(), 1);
  EXPECT_EQ(secret.latest_version(), 1);
  EXPECT_EQ(secret.version_count(), 1);
  EXPECT_EQ(response->version().name(), Name("db") + "/versions/1");
  EXPECT_EQ(Get("db").SerializeAsString(), secret.SerializeAsString());
}

TEST_F(SecretChangesTest, ASecretWithoutAValueHasNoVersion) {
  auto response = Ask<secrets::CreateSecretResponse>(CreateRequest("db", ""));
  ASSERT_TRUE(response.ok());
  EXPECT_FALSE(response->has_version());
  EXPECT_EQ(response->secret().type(), secrets::SECRET_TYPE_OPAQUE);
  EXPECT_EQ(response->secret().version_count(), 0);
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(SecretChangesTest, ATakenNameIsRefused) {
  Create("db", "x");
  ExpectRefused(CreateRequest("db", "y"), absl::StatusCode::kAlreadyExists,
                kAlreadyExists);
  EXPECT_EQ(Read("db"), "x");
}

TEST_F(SecretChangesTest, ANameTakenByADeletedSecretNamesUndelete) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  const absl::Status status = Call(CreateRequest("db", "y")).status;
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_NE(status.message().find("undelete"), absl::string_view::npos);
}

TEST_F(SecretChangesTest, BadNamesOfNewSecretsAreRefused) {
  for (const char* id : {"", ".", "..", "a/b", "a b", "ä"}) {
    secrets::CreateSecretRequest request = CreateRequest(id, "x");
    rpc::CallContext context = ContextFor(request);
    EXPECT_EQ(Call(context, request).status.code(),
              absl::StatusCode::kInvalidArgument)
        << id;
  }
  secrets::CreateSecretRequest request = CreateRequest("db", "x");
  request.set_parent(Name("db"));
  ExpectInvalid(request, "parent");
}

TEST_F(SecretChangesTest, OutputOnlyFieldsAreRefusedAtCreation) {
  secrets::CreateSecretRequest request = CreateRequest("db", "x");
  request.mutable_secret()->set_uid("mine");
  ExpectInvalid(request, "secret");
  request.mutable_secret()->clear_uid();
  request.mutable_secret()->set_current_version(3);
  ExpectInvalid(request, "secret");
}

TEST_F(SecretChangesTest, KeysOfOtherProjectsAndMissingKeysAreRefused) {
  secrets::CreateSecretRequest request = CreateRequest("db", "x");
  request.mutable_secret()->set_key("projects/other/keys/default");
  ExpectInvalid(request, "secret.key");
  request.mutable_secret()->set_key(Name("db"));
  ExpectInvalid(request, "secret.key");
  request.mutable_secret()->set_key("projects/pay/keys/mine");
  ExpectRefused(request, absl::StatusCode::kNotFound, kNotFound);
  request.mutable_secret()->set_key("projects/pay/keys/default");
  EXPECT_TRUE(Call(request).status.ok());
}

TEST_F(SecretChangesTest, DelayedDestructionIsNotBuilt) {
  secrets::CreateSecretRequest request = CreateRequest("db", "x");
  request.mutable_secret()->mutable_version_destroy_ttl()->set_seconds(60);
  ExpectRefused(request, absl::StatusCode::kUnimplemented, kNotImplemented);
}

TEST_F(SecretChangesTest, RequestIdsAreBounded) {
  secrets::CreateSecretRequest request = CreateRequest("db", "x");
  request.set_request_id(std::string(65, 'a'));
  ExpectInvalid(request, "request_id");
  request.set_request_id("a\nb");
  ExpectInvalid(request, "request_id");
  request.set_request_id(std::string(64, 'a'));
  EXPECT_TRUE(Call(request).status.ok());
}

TEST_F(SecretChangesTest, AnUpdateChangesMaskedFieldsAndMovesTheEtag) {
  const secrets::Secret before = Create("db", "x");
  clock_.Advance(absl::Seconds(5));
  secrets::UpdateSecretRequest request = LabelUpdate("b");
  request.mutable_secret()->set_deletion_protection(true);  // Not masked.
  auto response = Ask<secrets::UpdateSecretResponse>(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->secret().labels().at("a"), "b");
  EXPECT_FALSE(response->secret().deletion_protection());
  EXPECT_NE(response->secret().etag(), before.etag());
  EXPECT_GT(response->secret().update_time().seconds(),
            before.update_time().seconds());
  EXPECT_EQ(response->secret().create_time().seconds(),
            before.create_time().seconds());
}

TEST_F(SecretChangesTest, AnUpdateWithAnotherEtagIsAborted) {
  const std::string etag = Create("db", "x").etag();
  secrets::UpdateSecretRequest request = LabelUpdate("b");
  request.mutable_secret()->set_etag(etag);
  EXPECT_TRUE(Call(request).status.ok());
  ExpectRefused(request, absl::StatusCode::kAborted, kEtagMismatch);
  for (const char* bad : {"nonsense", "AAAAAAAAAA", "AAAAAAAAAAA=", "\"a\""}) {
    request.mutable_secret()->set_etag(bad);
    ExpectInvalid(request, "secret.etag");
  }
}

TEST_F(SecretChangesTest, MasksOfOtherFieldsAreRefused) {
  Create("db", "x");
  secrets::UpdateSecretRequest request = LabelUpdate("b");
  for (const char* path : {"*", "type", "key", "etag", "labels.a", "nothing",
                           "version_destroy_ttl"}) {
    request.mutable_update_mask()->clear_paths();
    request.mutable_update_mask()->add_paths(path);
    ExpectInvalid(request, "update_mask");
  }
  request.mutable_update_mask()->clear_paths();
  ExpectInvalid(request, "update_mask");
}

TEST_F(SecretChangesTest, ADeletedSecretIsUnreadableAndComesBackAsItWas) {
  Create("db", "first");
  Add("db", "second");
  ASSERT_TRUE(Delete("db").ok());
  EXPECT_EQ(ErrorReason(Access("db").status()), kSecretDeleted);
  EXPECT_EQ(ErrorReason(Access("db", "1").status()), kSecretDeleted);
  const secrets::Secret deleted = Get("db");
  EXPECT_EQ(deleted.purge_time().seconds() - deleted.delete_time().seconds(),
            30 * 24 * 3600);
  ASSERT_TRUE(Call(UndeleteOf("db")).status.ok());
  EXPECT_EQ(Read("db"), "second");
  EXPECT_EQ(Read("db", "previous"), "first");
  EXPECT_FALSE(Get("db").has_delete_time());
}

TEST_F(SecretChangesTest, ADeletedSecretTakesNoChanges) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  for (const google::protobuf::Message* request :
       {static_cast<const google::protobuf::Message*>(
            new secrets::UpdateSecretRequest(LabelUpdate("b"))),
        static_cast<const google::protobuf::Message*>(
            new secrets::AddSecretVersionRequest(AddRequest("db", "y"))),
        static_cast<const google::protobuf::Message*>(
            new secrets::DeleteSecretRequest(DeleteOf("db")))}) {
    ExpectRefused(*request, absl::StatusCode::kFailedPrecondition,
                  kSecretDeleted);
    delete request;
  }
}

TEST_F(SecretChangesTest, OnlyADeletedSecretCanBeUndeleted) {
  Create("db", "x");
  ExpectRefused(UndeleteOf("db"), absl::StatusCode::kFailedPrecondition,
                kSecretNotDeleted);
  EXPECT_EQ(Call(UndeleteOf("missing")).status.code(),
            absl::StatusCode::kNotFound);
}

TEST_F(SecretChangesTest, AfterTheWindowNothingComesBack) {
  Create("db", "x");
  secrets::DeleteSecretRequest request = DeleteOf("db");
  request.set_recovery_days(7);
  ASSERT_TRUE(Call(request).status.ok());
  clock_.Advance(absl::Hours(7 * 24));
  ExpectRefused(UndeleteOf("db"), absl::StatusCode::kFailedPrecondition,
                kSecretDeleted);
}

TEST_F(SecretChangesTest, TheRecoveryWindowIsBounded) {
  Create("db", "x");
  secrets::DeleteSecretRequest request = DeleteOf("db");
  for (const int days : {-1, 1, 6, 91}) {
    request.set_recovery_days(days);
    ExpectInvalid(request, "recovery_days");
  }
  request.set_recovery_days(30);
  request.set_destroy_now(true);
  ExpectInvalid(request, "recovery_days");
}

TEST_F(SecretChangesTest, AProtectedSecretIsNotDeleted) {
  secrets::CreateSecretRequest create = CreateRequest("db", "x");
  create.mutable_secret()->set_deletion_protection(true);
  ASSERT_TRUE(Call(create).status.ok());
  secrets::DeleteSecretRequest request = DeleteOf("db");
  ExpectRefused(request, absl::StatusCode::kFailedPrecondition,
                kDeletionProtected);
  request.set_destroy_now(true);
  ExpectRefused(request, absl::StatusCode::kFailedPrecondition,
                kDeletionProtected);
  EXPECT_EQ(Read("db"), "x");
}

TEST_F(SecretChangesTest, DestroyNowRemovesTheSecretAndFreesItsName) {
  const std::string uid = Create("db", "x").uid();
  ASSERT_TRUE(Delete("db", /*now=*/true).ok());
  EXPECT_EQ(Access("db").status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(Create("db", "y").uid(), uid);
  EXPECT_EQ(Read("db"), "y");
  EXPECT_EQ(Read("db", "1"), "y");
}

TEST_F(SecretChangesTest, ADeletedSecretCanBeDestroyedAtOnce) {
  Create("db", "x");
  ASSERT_TRUE(Delete("db").ok());
  ASSERT_TRUE(Delete("db", /*now=*/true).ok());
  Create("db", "y");
  // Its window's end does nothing to its successor.
  clock_.Advance(absl::Hours(31 * 24));
  ASSERT_TRUE(Maintain().ok());
  EXPECT_EQ(Read("db"), "y");
}

TEST_F(SecretChangesTest, DeletingWithAnotherEtagIsAborted) {
  secrets::DeleteSecretRequest request = DeleteOf("db");
  request.set_etag(Create("db", "x").etag());
  Add("db", "y");
  ExpectRefused(request, absl::StatusCode::kAborted, kEtagMismatch);
}

}  // namespace
}  // namespace keyward::store
