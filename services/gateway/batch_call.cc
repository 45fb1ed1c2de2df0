// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "libs/rpc/rpc_status.h"
#include "libs/rpc/sensitive.h"
#include "services/gateway/unary_call.h"

namespace keyward::gateway {

using audit::v1::AuditEntry;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::Reflection;

double BatchCall::Cost() const {
  // A request that did not parse has no names, and costs one.
  const size_t names =
      has_request() ? rule().names.GetStrings(request()).size() : 0;
  return std::max<double>(1, names);
}

absl::Status BatchCall::Resolve() {
  const std::vector<std::string> names = rule().names.GetStrings(request());
  if (names.empty() || names.size() > kMaxNames) {
    return FieldError(rule().names.text(),
                      absl::StrCat("must hold 1 to ", kMaxNames, " names"));
  }
  const MethodRule& one = *rule().element;
  const Message* prototype = MessageFactory::generated_factory()->GetPrototype(
      one.method->input_type());
  elements_.reserve(names.size());
  for (const std::string& name : names) {
    Element element;
    element.name = name;
    element.request.reset(prototype->New());
    element.request->GetReflection()->SetString(
        element.request.get(), one.checks[0].resource.field(), name);
    absl::StatusOr<std::vector<Target>> targets = one.Resolve(*element.request);
    if (targets.ok()) {
      element.target = (*targets)[0];
    } else {
      element.invalid = targets.status();
    }
    elements_.push_back(std::move(element));
  }
  return absl::OkStatus();
}

RequestDecision BatchCall::DecideUnder(const policy::PolicySnapshot& snapshot) {
  for (Element& element : elements_) {
    element.result = rpc::CallResult();
    if (!element.invalid.ok()) {
      element.result.status = element.invalid;
      continue;
    }
    element.decision = DecideTarget(snapshot, element.target);
    element.result.status =
        element.decision.allowed
            ? snapshot.CheckProject(element.target.resource, false)
            : DeniedError(element.decision);
  }
  // Each element stands for itself; the call as a whole is never denied.
  RequestDecision whole;
  whole.allowed = true;
  return whole;
}

void BatchCall::Authorized(SnapshotPtr snapshot) {
  const auto denied = std::count_if(
      elements_.begin(), elements_.end(), [](const Element& element) {
        return element.invalid.ok() && !element.decision.allowed;
      });
  if (!WithinDenials(denied, snapshot->revision())) return;
  // Counted before the first fetch: one that answers at once must not make the
  // batch look complete. The extra one is released below.
  outstanding_.store(1 + static_cast<int>(elements_.size()));
  rpc::Owner* owner = parts().OwnerOf(rule().element->owner);
  for (uint32_t i = 0; i < elements_.size(); ++i) {
    Element& element = elements_[i];
    auto done = [self = shared_from_this(), this, snapshot,
                 i](rpc::CallResult result) {
      elements_[i].result = std::move(result);
      if (outstanding_.fetch_sub(1) == 1) OnFetched(snapshot);
    };
    if (!element.result.status.ok()) {
      outstanding_.fetch_sub(1);
      continue;
    }
    rpc::CallContext context = NewContext(*snapshot, element.decision);
    context.method = rule().element->name;
    context.element = i;
    context.deadline = FetchDeadline();
    owner->Execute(context, *element.request, std::move(done));
  }
  if (outstanding_.fetch_sub(1) == 1) OnFetched(std::move(snapshot));
}

void BatchCall::OnFetched(SnapshotPtr snapshot) {
  if (answered()) return Forget();
  size_t bytes = 0;
  std::vector<AuditEntry> entries;
  entries.reserve(elements_.size());
  for (Element& element : elements_) {
    rpc::CallResult& result = element.result;
    CheckAnswer(*rule().element, &result);
    if (result.status.ok()) {
      bytes += result.response->ByteSizeLong();
      if (bytes > kMaxBytes) {
        rpc::WipeSensitive(result.response.get());
        result.response.reset();
        result.status =
            MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                      "the batch is full: fetch this one singly");
      }
    }
    entries.push_back(ElementEntry(element, snapshot->revision()));
  }
  KEYWARD_FAULT_POINT("gateway.batch.fetched");
  Record(std::move(entries), snapshot->revision(), [this](rpc::AppendResult) {
    KEYWARD_FAULT_POINT("gateway.batch.recorded");
    Answer(absl::OkStatus(), Assemble());
  });
}

AuditEntry BatchCall::ElementEntry(const Element& element,
                                   uint64_t revision) const {
  AuditEntry entry;
  if (!element.invalid.ok()) {
    entry = NewEntry(audit::v1::ENTRY_KIND_INVALID);
  } else {
    entry = NewDecisionEntry(element.decision.allowed
                                 ? audit::v1::ENTRY_KIND_ACCESS
                                 : audit::v1::ENTRY_KIND_DENIAL,
                             element.decision, revision);
    if (!element.result.resource.empty()) {
      entry.set_resource(element.result.resource);
    }
  }
  entry.set_code(static_cast<int>(element.result.status.code()));
  return entry;
}

std::unique_ptr<Message> BatchCall::Assemble() {
  // By the contract's shape: results { name, response | error }, in the order
  // of the request.
  std::unique_ptr<Message> response(
      MessageFactory::generated_factory()
          ->GetPrototype(rule().method->output_type())
          ->New());
  const FieldDescriptor* results =
      response->GetDescriptor()->FindFieldByName("results");
  const Descriptor* type = results->message_type();
  for (Element& element : elements_) {
    Message* result =
        response->GetReflection()->AddMessage(response.get(), results);
    const Reflection* reflection = result->GetReflection();
    reflection->SetString(result, type->FindFieldByName("name"), element.name);
    if (element.result.status.ok()) {
      reflection->SetAllocatedMessage(result, element.result.response.release(),
                                      type->FindFieldByName("response"));
    } else {
      auto* error =
          reflection->MutableMessage(result, type->FindFieldByName("error"));
      *static_cast<google::rpc::Status*>(error) =
          rpc::ToRpcStatus(ForCaller(element.result.status));
    }
  }
  return response;
}

void BatchCall::Forget() {
  for (Element& element : elements_) {
    if (element.result.response != nullptr) {
      rpc::WipeSensitive(element.result.response.get());
    }
    element.result = rpc::CallResult();
  }
}

}  // namespace keyward::gateway
