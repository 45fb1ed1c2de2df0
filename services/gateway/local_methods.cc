// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/local_methods.h"

#include <memory>
#include <utility>

#include "libs/auth/principal.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/proto_time.h"
#include "libs/base/resource_name.h"
#include "libs/policy/explanation.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"

namespace keyward::gateway {
namespace {

using google::protobuf::Message;

// More in one question is a client that should ask for the policy.
constexpr int kMaxTestedActions = 100;

rpc::CallResult Failed(absl::Status status) {
  rpc::CallResult result;
  result.status = std::move(status);
  return result;
}

rpc::CallResult Answered(std::unique_ptr<Message> response) {
  rpc::CallResult result;
  result.response = std::move(response);
  return result;
}

policy::Caller CallerOf(const auth::Credential& credential) {
  return policy::Caller{credential.principal().ToString(), credential.id()};
}

}  // namespace

LocalMethods::LocalMethods(const Clock* clock, StatusSource status)
    : clock_(clock), status_(std::move(status)) {}

void LocalMethods::Execute(const MethodRule& rule, const rpc::CallContext&,
                           const auth::Credential& credential,
                           const policy::PolicySnapshot& snapshot,
                           const Message& request, rpc::CallDone done) {
  const std::string& name = rule.method->name();
  if (name == "ExplainAccess") return done(Explain(snapshot, request));
  if (name == "TestPermissions") {
    return done(TestPermissions(credential, snapshot, request));
  }
  if (name == "GetCallerIdentity") return done(Identity(credential, snapshot));
  if (name == "GetStatus") return done(Status(snapshot));
  done(Failed(MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                        "no such method")));
}

rpc::CallResult LocalMethods::Explain(const policy::PolicySnapshot& snapshot,
                                      const Message& message) const {
  const auto& request =
      static_cast<const policy::v1::ExplainAccessRequest&>(message);
  if (!auth::Principal::Parse(request.principal()).ok()) {
    return Failed(
        FieldError("principal",
                   "must be a principal such as "
                   "spiffe://example.org/app or oidc:ISSUER:SUBJECT"));
  }
  absl::StatusOr<ResourceName> resource =
      ResourceName::Parse(request.resource(), "resource");
  if (!resource.ok()) return Failed(resource.status());
  policy::Explanation explanation = policy::Explain(
      snapshot, policy::Caller{request.principal(), request.credential_id()},
      request.action(), *resource, clock_->Now());
  auto response = std::make_unique<policy::v1::ExplainAccessResponse>();
  response->set_allowed(explanation.decision.allowed);
  response->set_rule(std::move(explanation.decision.rule));
  response->set_role(std::move(explanation.decision.role));
  response->set_revision(snapshot.revision());
  response->set_explanation(std::move(explanation.sentence));
  return Answered(std::move(response));
}

rpc::CallResult LocalMethods::TestPermissions(
    const auth::Credential& credential, const policy::PolicySnapshot& snapshot,
    const Message& message) const {
  const auto& request =
      static_cast<const policy::v1::TestPermissionsRequest&>(message);
  if (request.actions().empty() || request.actions_size() > kMaxTestedActions) {
    return Failed(FieldError("actions", "must hold 1 to 100 actions"));
  }
  absl::StatusOr<ResourceName> resource =
      ResourceName::Parse(request.resource(), "resource");
  if (!resource.ok()) return Failed(resource.status());
  auto response = std::make_unique<policy::v1::TestPermissionsResponse>();
  response->set_revision(snapshot.revision());
  const absl::Time now = clock_->Now();
  for (const std::string& action : request.actions()) {
    if (snapshot.Decide(CallerOf(credential), action, *resource, now).allowed) {
      response->add_actions(action);
    }
  }
  return Answered(std::move(response));
}

rpc::CallResult LocalMethods::Identity(
    const auth::Credential& credential,
    const policy::PolicySnapshot& snapshot) const {
  auto response = std::make_unique<policy::v1::GetCallerIdentityResponse>();
  response->set_principal(credential.principal().ToString());
  response->set_authentication(
      std::string(auth::AuthenticationMethodName(credential.method())));
  response->set_credential_id(credential.id());
  if (credential.expire_time() != absl::InfiniteFuture()) {
    *response->mutable_expire_time() = ToTimestamp(credential.expire_time());
  }
  response->set_revision(snapshot.revision());
  for (policy::v1::CallerBinding& binding : snapshot.CallerBindings(
           credential.principal().ToString(), clock_->Now())) {
    *response->add_bindings() = std::move(binding);
  }
  return Answered(std::move(response));
}

rpc::CallResult LocalMethods::Status(
    const policy::PolicySnapshot& snapshot) const {
  auto response = std::make_unique<operators::v1::GetStatusResponse>();
  status_(response.get());
  response->set_policy_revision(snapshot.revision());
  return Answered(std::move(response));
}

}  // namespace keyward::gateway
