// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/store_fixture.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "proto/keyward/access/v1/access.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"

namespace keyward::store {
namespace {

using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using keyward::secrets::v1::AccessSecretVersionRequest;
using keyward::secrets::v1::AccessSecretVersionResponse;
using keyward::secrets::v1::AddSecretVersionRequest;
using keyward::secrets::v1::AddSecretVersionResponse;
using keyward::secrets::v1::CreateSecretRequest;
using keyward::secrets::v1::CreateSecretResponse;
using keyward::secrets::v1::DeleteSecretRequest;
using keyward::secrets::v1::GetSecretRequest;
using keyward::secrets::v1::GetSecretResponse;

const MethodDescriptor* MethodOf(const Message& request) {
  const auto* const pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* const name :
       {"keyward.secrets.v1.SecretService", "keyward.keys.v1.KeyService"}) {
    const auto* const service = pool->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i) {
      if (service->method(i)->input_type() == request.GetDescriptor()) {
        return service->method(i);
      }
    }
  }
  return nullptr;
}

std::string Text(const Message& message, const std::string& field) {
  const auto* const found = message.GetDescriptor()->FindFieldByName(field);
  if (found == nullptr) return "";
  return message.GetReflection()->GetString(message, found);
}

// What the gateway would have authorized.
std::string ResourceOf(const Message& request) {
  if (const auto* const create =
          google::protobuf::DynamicCastToGenerated<CreateSecretRequest>(
              &request)) {
    return absl::StrCat(create->parent(), "/secrets/", create->secret_id());
  }
  if (const auto* const update = google::protobuf::DynamicCastToGenerated<
          keyward::secrets::v1::UpdateSecretRequest>(&request)) {
    return update->secret().name();
  }
  const std::string name = Text(request, "name");
  return name.empty() ? Text(request, "parent") : name;
}

bool IsChange(const MethodDescriptor& method) {
  return method.options().GetExtension(keyward::access::v1::access).effect() ==
         keyward::access::v1::EFFECT_CHANGE;
}

}  // namespace

StoreFixture::StoreFixture()
    : clock_(absl::FromUnixSeconds(absl::ToUnixSeconds(absl::Now()))),
      disk_(StoreFeeds(), &clock_) {
  const absl::Status opened = Reopen();
  EXPECT_TRUE(opened.ok()) << opened;
}

StoreFixture::~StoreFixture() {
  core_.reset();
  faults_.reset();
}

absl::Status StoreFixture::Reopen(bool restored) {
  core_.reset();
  faults_ = std::make_unique<kv::FaultyKv>(disk_.store());
  StoreDependencies deps;
  deps.kv = faults_.get();
  deps.seal = &seal_;
  deps.clock = &clock_;
  deps.random = &random_;
  deps.audit = &audit_;
  deps.logger = &logger_;
  StoreOptions options;
  options.restored = restored;
  absl::StatusOr<std::unique_ptr<StoreCore>> core =
      StoreCore::Create(deps, options);
  if (!core.ok()) return core.status();
  core_ = *std::move(core);
  return absl::OkStatus();
}

std::string StoreFixture::Name(const std::string& secret_id) {
  return absl::StrCat(kTestProject, "/secrets/", secret_id);
}

rpc::CallContext StoreFixture::ContextFor(const Message& request) {
  const MethodDescriptor* const method = MethodOf(request);
  rpc::CallContext context;
  context.request_id = "6d7f3f5e-0000-4000-8000-000000000000";
  context.method = method->full_name();
  context.principal = "spiffe://keyward.internal/user/admin";
  context.resource = ResourceOf(request);
  context.project_uid = kTestProjectUid;
  context.policy_revision = 1;
  context.deadline = Deadline();
  if (IsChange(*method)) context.intent_id = next_intent_++;
  return context;
}

std::future<rpc::CallResult> StoreFixture::Begin(
    const rpc::CallContext& context, const Message& request) {
  auto promise = std::make_shared<std::promise<rpc::CallResult>>();
  std::future<rpc::CallResult> future = promise->get_future();
  core_->Execute(context, request, [promise](rpc::CallResult result) {
    promise->set_value(std::move(result));
  });
  return future;
}

rpc::CallResult StoreFixture::Call(const rpc::CallContext& context,
                                   const Message& request) {
  return Begin(context, request).get();
}

rpc::CallResult StoreFixture::Call(const Message& request) {
  return Call(ContextFor(request), request);
}

keyward::secrets::v1::Secret StoreFixture::Create(const std::string& id,
                                                  const std::string& value) {
  auto response = Ask<CreateSecretResponse>(CreateRequest(id, value));
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->secret() : keyward::secrets::v1::Secret();
}

keyward::secrets::v1::SecretVersion StoreFixture::Add(
    const std::string& id, const std::string& value) {
  auto response = Ask<AddSecretVersionResponse>(AddRequest(id, value));
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->version()
                       : keyward::secrets::v1::SecretVersion();
}

keyward::secrets::v1::SecretVersion StoreFixture::AddPending(
    const std::string& id, const std::string& value) {
  AddSecretVersionRequest request = AddRequest(id, value);
  request.set_stage(keyward::secrets::v1::STAGE_PENDING);
  auto response = Ask<AddSecretVersionResponse>(request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->version()
                       : keyward::secrets::v1::SecretVersion();
}

keyward::secrets::v1::Secret StoreFixture::Get(const std::string& id) {
  GetSecretRequest request;
  request.set_name(Name(id));
  auto response = Ask<GetSecretResponse>(request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() ? response->secret() : keyward::secrets::v1::Secret();
}

absl::Status StoreFixture::Delete(const std::string& id, bool now) {
  DeleteSecretRequest request;
  request.set_name(Name(id));
  request.set_destroy_now(now);
  return Call(request).status;
}

absl::StatusOr<std::string> StoreFixture::Access(const std::string& id,
                                                 const std::string& version) {
  const std::string name = version.empty()
                               ? Name(id)
                               : absl::StrCat(Name(id), "/versions/", version);
  auto response = Ask<AccessSecretVersionResponse>(AccessRequest(name));
  if (!response.ok()) return response.status();
  return response->payload().data();
}

std::string StoreFixture::Read(const std::string& id,
                               const std::string& version) {
  const absl::StatusOr<std::string> value = Access(id, version);
  return value.ok() ? *value : value.status().ToString();
}

absl::Status StoreFixture::Maintain() {
  while (true) {
    const absl::StatusOr<bool> more = core_->RunMaintenanceOnce(Deadline());
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
  }
}

CreateSecretRequest CreateRequest(const std::string& id,
                                  const std::string& value) {
  CreateSecretRequest request;
  request.set_parent(kTestProject);
  request.set_secret_id(id);
  if (!value.empty()) request.mutable_payload()->set_data(value);
  return request;
}

AddSecretVersionRequest AddRequest(const std::string& id,
                                   const std::string& value) {
  AddSecretVersionRequest request;
  request.set_parent(absl::StrCat(kTestProject, "/secrets/", id));
  request.mutable_payload()->set_data(value);
  return request;
}

AccessSecretVersionRequest AccessRequest(const std::string& name) {
  AccessSecretVersionRequest request;
  request.set_name(name);
  return request;
}

}  // namespace keyward::store
