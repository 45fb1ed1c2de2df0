// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/method_table.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/store/key_changes.h"
#include "services/store/key_reads.h"
#include "services/store/secret_changes.h"
#include "services/store/stage_changes.h"
#include "services/store/version_changes.h"

namespace keyward::store {
namespace {

constexpr char kSecretService[] = "keyward.secrets.v1.SecretService.";
constexpr char kKeyService[] = "keyward.keys.v1.KeyService.";

rpc::CallResult Failed(const rpc::CallContext& context, absl::Status status) {
  rpc::CallResult result;
  result.status = std::move(status);
  result.resource = context.resource;
  return result;
}

absl::Status WrongType() {
  return absl::InternalError("the request is not of the method's type");
}

}  // namespace

template <typename Object, typename Request>
void MethodTable::Add(absl::string_view method, const Object& object,
                      ReadMethod<Object, Request> read) {
  handlers_[method] = [object, read](const rpc::CallContext& context,
                                     const google::protobuf::Message& message,
                                     rpc::CallDone done) {
    const auto* const request =
        google::protobuf::DynamicCastToGenerated<Request>(&message);
    if (request == nullptr) return done(Failed(context, WrongType()));
    absl::StatusOr<ReadAnswer> answer = (object.*read)(context, *request);
    if (!answer.ok()) return done(Failed(context, answer.status()));
    rpc::CallResult result;
    result.response = std::move(answer->response);
    result.resource = std::move(answer->resource);
    done(std::move(result));
  };
}

template <typename Object, typename Request>
void MethodTable::Add(absl::string_view method, const Object& object,
                      ChangeMethod<Object, Request> prepare) {
  handlers_[method] = [changes = changes_, object, prepare](
                          const rpc::CallContext& context,
                          const google::protobuf::Message& message,
                          rpc::CallDone done) {
    const auto* const request =
        google::protobuf::DynamicCastToGenerated<Request>(&message);
    if (request == nullptr) {
      return changes->Run(context, message, "", WrongType(), std::move(done));
    }
    changes->Run(context, message, request->request_id(),
                 (object.*prepare)(context, *request), std::move(done));
  };
}

MethodTable::MethodTable(const StoreParts* parts, ChangeRunner* changes)
    : changes_(changes) {
  AddSecretMethods(parts);
  AddVersionMethods(parts);
  AddKeyMethods(parts);
}

void MethodTable::AddSecretMethods(const StoreParts* parts) {
  const auto name = [](absl::string_view method) {
    return absl::StrCat(kSecretService, method);
  };
  const SecretReads reads(parts);
  Add(name("GetSecret"), reads, &SecretReads::Get);
  Add(name("ListSecrets"), reads, &SecretReads::List);
  const SecretChanges changes(parts);
  Add(name("CreateSecret"), changes, &SecretChanges::Create);
  Add(name("UpdateSecret"), changes, &SecretChanges::Update);
  Add(name("DeleteSecret"), changes, &SecretChanges::Delete);
  Add(name("UndeleteSecret"), changes, &SecretChanges::Undelete);
}

void MethodTable::AddVersionMethods(const StoreParts* parts) {
  const auto name = [](absl::string_view method) {
    return absl::StrCat(kSecretService, method);
  };
  const SecretReads reads(parts);
  Add(name("GetSecretVersion"), reads, &SecretReads::GetVersion);
  Add(name("ListSecretVersions"), reads, &SecretReads::ListVersions);
  Add(name("AccessSecretVersion"), reads, &SecretReads::Access);
  const VersionChanges changes(parts);
  Add(name("AddSecretVersion"), changes, &VersionChanges::Add);
  Add(name("EnableSecretVersion"), changes, &VersionChanges::Enable);
  Add(name("DisableSecretVersion"), changes, &VersionChanges::Disable);
  Add(name("DestroySecretVersion"), changes, &VersionChanges::Destroy);
  const StageChanges stages(parts);
  Add(name("PromoteSecretVersion"), stages, &StageChanges::Promote);
  Add(name("RollbackSecret"), stages, &StageChanges::Rollback);
}

void MethodTable::AddKeyMethods(const StoreParts* parts) {
  const auto name = [](absl::string_view method) {
    return absl::StrCat(kKeyService, method);
  };
  const KeyReads reads(parts);
  Add(name("GetKey"), reads, &KeyReads::Get);
  Add(name("ListKeys"), reads, &KeyReads::List);
  Add(name("RotateKey"), KeyChanges(parts), &KeyChanges::Rotate);
}

void MethodTable::Run(const rpc::CallContext& context,
                      const google::protobuf::Message& request,
                      rpc::CallDone done) const {
  const auto handler = handlers_.find(context.method);
  if (handler == handlers_.end()) {
    return done(Failed(
        context, MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                           "the store does not run this method")));
  }
  handler->second(context, request, std::move(done));
}

std::vector<std::string> MethodTable::Methods() const {
  std::vector<std::string> methods;
  for (const auto& handler : handlers_) methods.push_back(handler.first);
  std::sort(methods.begin(), methods.end());
  return methods;
}

}  // namespace keyward::store
