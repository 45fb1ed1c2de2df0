// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/internal_service.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/sensitive.h"

namespace keyward::rpc {

using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;

absl::StatusOr<std::unique_ptr<InternalService>> InternalService::Create(
    const ServiceDescriptor* service, InternalMethods methods,
    const InternalCallers& callers, CallerIdentity identity) {
  auto internal = absl::WrapUnique(new InternalService(std::move(identity)));
  for (int i = 0; i < service->method_count(); ++i) {
    const MethodDescriptor* descriptor = service->method(i);
    Method& method = internal->methods_[descriptor];
    auto unary = methods.unary.extract(descriptor->name());
    auto stream = methods.streams.extract(descriptor->name());
    if (!unary.empty()) method.unary = std::move(unary.mapped());
    if (!stream.empty()) method.stream = std::move(stream.mapped());
    const bool streams = descriptor->server_streaming();
    if (streams != static_cast<bool>(method.stream) ||
        streams == static_cast<bool>(method.unary)) {
      return absl::FailedPreconditionError(
          absl::StrCat(descriptor->full_name(), ": nothing runs it"));
    }
  }
  if (!methods.unary.empty() || !methods.streams.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        service->full_name(), ": has fewer methods than were given"));
  }
  for (const auto& entry : callers) {
    const MethodDescriptor* descriptor = service->FindMethodByName(entry.first);
    if (descriptor == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat("allowed_callers: ", service->full_name(),
                       " has no method ", entry.first));
    }
    internal->methods_[descriptor].callers = entry.second;
  }
  return internal;
}

absl::StatusOr<const InternalService::Method*> InternalService::Admit(
    const IncomingCall& call) const {
  const auto found = methods_.find(call.method);
  if (found == methods_.end()) return absl::UnimplementedError("no method");
  const absl::StatusOr<std::string> caller = identity_(call.peer);
  if (!caller.ok()) return caller.status();
  if (found->second.callers.count(*caller) == 0) {
    return MakeError(
        absl::StatusCode::kPermissionDenied, kPermissionDenied,
        absl::StrCat(*caller, " is not named for ", call.method->full_name(),
                     " in allowed_callers"));
  }
  if (call.request == nullptr) {
    return FieldError("request", "must be a message of its method");
  }
  return &found->second;
}

void InternalService::HandleUnary(IncomingCall call, UnaryDone done) {
  const absl::StatusOr<const Method*> method = Admit(call);
  if (method.ok()) {
    (*method)->unary(std::move(call.request), call.deadline, std::move(done));
    return;
  }
  if (call.request != nullptr) WipeSensitive(call.request.get());
  done(method.status(), nullptr);
}

void InternalService::HandleStream(IncomingCall call,
                                   std::shared_ptr<StreamWriter> writer) {
  const absl::StatusOr<const Method*> method = Admit(call);
  if (method.ok()) {
    (*method)->stream(std::move(call.request), std::move(writer));
  } else {
    writer->Finish(method.status());
  }
}

}  // namespace keyward::rpc
