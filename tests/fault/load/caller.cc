// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/caller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "google/protobuf/descriptor.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/file_util.h"
#include "libs/client/channel.h"
#include "libs/client/settings.h"
#include "libs/rpc/rpc_status.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "tests/fault/load/outcome_of.h"
#include "tests/fault/load/payload.h"

namespace keyward::fault {
namespace {

using audit::v1::ExportEntriesRequest;
using audit::v1::ExportEntriesResponse;
using google::protobuf::MethodDescriptor;
using secrets::v1::AccessSecretVersionResponse;
using secrets::v1::SecretVersion;

constexpr size_t kMaxFile = 1 << 20;
constexpr absl::Duration kLogTime = absl::Seconds(120);
constexpr char kProject[] = "projects/default";

std::string SecretName(absl::string_view secret) {
  return absl::StrCat(kProject, "/secrets/", secret);
}

std::string VersionName(absl::string_view secret, int64_t number) {
  return absl::StrCat(SecretName(secret), "/versions/", number);
}

std::string BindingName(absl::string_view secret) {
  return absl::StrCat(kProject, "/bindings/", secret);
}

// The number at the end of a version's name; 0 if it is no version of
// `secret`.
int64_t NumberIn(absl::string_view secret, const std::string& name) {
  const std::string prefix = absl::StrCat(SecretName(secret), "/versions/");
  int64_t number = 0;
  if (name.compare(0, prefix.size(), prefix) != 0 ||
      !absl::SimpleAtoi(absl::string_view(name).substr(prefix.size()),
                        &number)) {
    return 0;
  }
  return number;
}

// The method that takes `request`: each has a request type of its own.
const MethodDescriptor* MethodOf(const google::protobuf::Message& request) {
  const auto* file = request.GetDescriptor()->file();
  for (int s = 0; s < file->service_count(); ++s) {
    for (int m = 0; m < file->service(s)->method_count(); ++m) {
      const MethodDescriptor* method = file->service(s)->method(m);
      if (method->input_type() == request.GetDescriptor()) return method;
    }
  }
  return nullptr;
}

char StateOf(const SecretVersion& version) {
  switch (version.state()) {
    case secrets::v1::VERSION_STATE_ENABLED:
      return kEnabledState;
    case secrets::v1::VERSION_STATE_DISABLED:
      return kDisabledState;
    case secrets::v1::VERSION_STATE_DESTROYED:
      return kDestroyedState;
    default:
      return '?';
  }
}

// The state that one answer to a sweep tells of; '?' if it is another secret's,
// another version's or another value than the expected one.
char StateIn(const ExpectedVersion& expected,
             const secrets::v1::BatchAccessSecretVersionsResult& result) {
  if (result.has_response()) {
    const AccessSecretVersionResponse& response = result.response();
    const uint64_t value = ValueOf(expected.secret, response.payload().data());
    // The value of what was disabled at its last look is not known.
    const bool right =
        expected.state == kEnabledState ? value == expected.value : value != 0;
    return right &&
                   NumberIn(expected.secret, response.name()) == expected.number
               ? kEnabledState
               : '?';
  }
  const std::string reason = ErrorReason(rpc::FromRpcStatus(result.error()));
  if (reason == kVersionDisabled) return kDisabledState;
  return reason == kVersionDestroyed ? kDestroyedState : '?';
}

bool IsAsExpected(const ExpectedVersion& expected, char state) {
  if (state == expected.state) return true;
  // What is destroyed stays so, whatever else may still come.
  return !expected.settled && state != '?' && expected.state != kDestroyedState;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Caller>> Caller::Create(const Place& place,
                                                       int number,
                                                       std::string name) {
  const std::string files = absl::StrCat(place.identities, "/", name);
  absl::StatusOr<std::string> authorities =
      ReadFileBounded(place.ca_file, kMaxFile);
  if (!authorities.ok()) return authorities.status();
  absl::StatusOr<std::string> chain = ReadFileBounded(files + ".pem", kMaxFile);
  if (!chain.ok()) return chain.status();
  crypto::SecretBuffer key(16 << 10);
  absl::StatusOr<size_t> size =
      ReadPrivateFile(files + ".key", key.MutableSecret());
  if (!size.ok()) return size.status();
  key.Truncate(*size);

  client::ChannelMaterial material;
  material.address = place.address;
  material.server_id = client::kDefaultServerId;
  material.authorities = *std::move(authorities);
  material.certificate_chain = *std::move(chain);
  material.private_key = std::move(key);
  material.user_agent = "keyward-load";
  auto channel = client::NewGatewayChannel(std::move(material), absl::Now());
  if (!channel.ok()) return channel.status();
  return std::unique_ptr<Caller>(
      new Caller(*std::move(channel), number, std::move(name)));
}

Caller::Caller(std::shared_ptr<grpc::Channel> channel, int number,
               std::string name)
    : channel_(std::move(channel)),
      transport_(channel_, /*token_file=*/""),
      number_(number),
      principal_(absl::StrCat("spiffe://keyward.internal/workload/", name)) {}

bool Caller::AwaitConnected(absl::Duration time) {
  return channel_->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY ||
         channel_->WaitForConnected(absl::ToChronoTime(absl::Now() + time));
}

absl::Status Caller::Call(const google::protobuf::Message& request,
                          google::protobuf::Message* response) {
  return transport_.Unary(*MethodOf(request), request, kCallTime, response);
}

absl::Status Caller::CreateSecret(const std::string& secret,
                                  const std::string& request_id) {
  secrets::v1::CreateSecretRequest request;
  request.set_parent(kProject);
  request.set_secret_id(secret);
  request.set_request_id(request_id);
  secrets::v1::CreateSecretResponse response;
  return Call(request, &response);
}

void Caller::Attempt(const std::string& secret,
                     const std::vector<std::string>& guests,
                     const std::string& request_id, Operation* operation,
                     std::string* odd) {
  absl::Status status;
  bool changes = true;
  switch (operation->kind) {
    case Kind::kAdd:
      status = Add(secret, request_id, operation);
      break;
    case Kind::kRead:
      changes = false;
      status = Read(secret, operation);
      break;
    case Kind::kList:
      changes = false;
      status = List(secret, operation, odd);
      break;
    case Kind::kEnable:
    case Kind::kDisable:
    case Kind::kDestroy:
      status = ChangeVersion(secret, request_id, *operation);
      break;
    case Kind::kGrant:
    case Kind::kRevoke:
      status = ChangePolicy(secret, guests, request_id, *operation);
      break;
  }
  operation->outcome = OutcomeOf(status, changes, odd);
}

absl::Status Caller::Add(const std::string& secret,
                         const std::string& request_id, Operation* operation) {
  secrets::v1::AddSecretVersionRequest request;
  request.set_parent(SecretName(secret));
  request.mutable_payload()->set_data(PayloadOf(secret, operation->value));
  request.set_request_id(request_id);
  secrets::v1::AddSecretVersionResponse response;
  absl::Status status = Call(request, &response);
  if (status.ok()) {
    operation->number = NumberIn(secret, response.version().name());
  }
  return status;
}

absl::Status Caller::Read(const std::string& secret, Operation* operation) {
  secrets::v1::AccessSecretVersionRequest request;
  if (operation->asked != 0) {
    request.set_name(VersionName(secret, operation->asked));
  } else {
    // `latest` is the same version here: nothing is ever pending.
    static constexpr const char* kNames[] = {"", "/versions/current",
                                             "/versions/latest"};
    request.set_name(absl::StrCat(SecretName(secret), kNames[turn_++ % 3]));
  }
  AccessSecretVersionResponse response;
  absl::Status status = Call(request, &response);
  if (status.ok()) {
    operation->number = NumberIn(secret, response.name());
    operation->value = ValueOf(secret, response.payload().data());
  }
  return status;
}

absl::Status Caller::List(const std::string& secret, Operation* operation,
                          std::string* odd) {
  secrets::v1::ListSecretVersionsRequest request;
  request.set_parent(SecretName(secret));
  request.set_page_size(1000);
  secrets::v1::ListSecretVersionsResponse response;
  absl::Status status = Call(request, &response);
  if (!status.ok()) return status;
  operation->states.clear();
  // Newest first, without a gap.
  int64_t number = response.versions_size();
  for (const SecretVersion& version : response.versions()) {
    if (NumberIn(secret, version.name()) != number--) {
      *odd = absl::StrCat("a list has ", version.name(), " at place ",
                          operation->states.size());
    }
    operation->states.push_back(StateOf(version));
  }
  std::reverse(operation->states.begin(), operation->states.end());
  return status;
}

absl::Status Caller::ChangeVersion(const std::string& secret,
                                   const std::string& request_id,
                                   const Operation& operation) {
  const std::string name = VersionName(secret, operation.asked);
  if (operation.kind == Kind::kEnable) {
    secrets::v1::EnableSecretVersionRequest request;
    request.set_name(name);
    request.set_request_id(request_id);
    secrets::v1::EnableSecretVersionResponse response;
    return Call(request, &response);
  }
  if (operation.kind == Kind::kDisable) {
    secrets::v1::DisableSecretVersionRequest request;
    request.set_name(name);
    request.set_request_id(request_id);
    secrets::v1::DisableSecretVersionResponse response;
    return Call(request, &response);
  }
  secrets::v1::DestroySecretVersionRequest request;
  request.set_name(name);
  request.set_allow_current(operation.allow_current);
  request.set_request_id(request_id);
  secrets::v1::DestroySecretVersionResponse response;
  return Call(request, &response);
}

absl::Status Caller::ChangePolicy(const std::string& secret,
                                  const std::vector<std::string>& guests,
                                  const std::string& request_id,
                                  const Operation& operation) {
  policy::v1::ApplyPolicyRequest request;
  request.set_parent(kProject);
  request.set_request_id(request_id);
  if (operation.kind == Kind::kRevoke) {
    request.add_removed(BindingName(secret));
  } else {
    policy::v1::Binding* binding = request.add_bindings();
    binding->set_name(BindingName(secret));
    binding->set_role("roles/secrets.admin");
    binding->set_resource(SecretName(secret));
    for (const std::string& guest : guests) binding->add_principals(guest);
  }
  policy::v1::ApplyPolicyResponse response;
  return Call(request, &response);
}

absl::Status Caller::CheckStages(const std::string& secret, int64_t count,
                                 std::string* wrong) {
  secrets::v1::GetSecretRequest request;
  request.set_name(SecretName(secret));
  secrets::v1::GetSecretResponse response;
  absl::Status status = Call(request, &response);
  if (!status.ok()) return status;
  const secrets::v1::Secret& found = response.secret();
  if (found.current_version() != count || found.latest_version() != count ||
      found.previous_version() != std::max<int64_t>(count - 1, 0) ||
      found.pending_version() != 0 || found.version_count() != count) {
    *wrong = absl::StrCat("of ", count, " versions ", found.current_version(),
                          " is current, ", found.latest_version(), " latest, ",
                          found.previous_version(), " previous, ",
                          found.pending_version(), " pending, and ",
                          found.version_count(), " are counted");
  }
  return status;
}

absl::Status Caller::Sweep(const std::vector<ExpectedVersion>& expected,
                           std::vector<std::string>* wrong) {
  secrets::v1::BatchAccessSecretVersionsRequest request;
  for (const ExpectedVersion& version : expected) {
    request.add_names(VersionName(version.secret, version.number));
  }
  secrets::v1::BatchAccessSecretVersionsResponse response;
  absl::Status status = Call(request, &response);
  if (!status.ok()) return status;
  if (static_cast<size_t>(response.results_size()) != expected.size()) {
    return absl::DataLossError("a batch's answer has another size");
  }
  for (size_t i = 0; i < expected.size(); ++i) {
    const auto& result = response.results(static_cast<int>(i));
    // One element may be refused for a reason that tells nothing.
    if (result.has_error() &&
        result.error().code() ==
            static_cast<int>(absl::StatusCode::kUnavailable)) {
      return rpc::FromRpcStatus(result.error());
    }
    if (!IsAsExpected(expected[i], StateIn(expected[i], result))) {
      wrong->push_back(VersionName(expected[i].secret, expected[i].number));
    }
  }
  return absl::OkStatus();
}

absl::Status Caller::ReadLog(
    uint64_t* next,
    const std::function<void(uint64_t, const audit::v1::AuditEntry&)>& each) {
  ExportEntriesRequest request;
  request.set_start_index(*next);
  ExportEntriesResponse message;
  return transport_.Stream(
      *MethodOf(request), request, kLogTime, &message,
      [&](google::protobuf::Message*) -> absl::Status {
        if (message.leaves_size() > 0 && message.first_index() != *next) {
          return absl::DataLossError(absl::StrCat("the export goes on at ",
                                                  message.first_index(),
                                                  " and not at ", *next));
        }
        for (const std::string& leaf : message.leaves()) {
          const absl::StatusOr<audit::v1::AuditEntry> entry =
              audit::ParseEntry(leaf);
          if (!entry.ok()) return entry.status();
          each((*next)++, *entry);
        }
        return absl::OkStatus();
      });
}

}  // namespace keyward::fault
