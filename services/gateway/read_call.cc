// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/fault_point.h"
#include "libs/rpc/sensitive.h"
#include "services/gateway/local_methods.h"
#include "services/gateway/unary_call.h"

namespace keyward::gateway {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

void ReadCall::Authorized(SnapshotPtr snapshot) {
  if (absl::Status status = CheckBeforeOwner(*snapshot); !status.ok()) {
    rpc::CallResult result;
    result.status = std::move(status);
    return OnFetched(*snapshot, std::move(result));
  }
  rpc::CallContext context = NewContext(*snapshot, decision());
  context.deadline = FetchDeadline();
  rpc::CallDone done = [self = shared_from_this(), this,
                        snapshot](rpc::CallResult result) {
    OnFetched(*snapshot, std::move(result));
  };
  if (rule().owner == MethodOwner::kGateway) {
    return parts().local->Execute(rule(), context, credential(), *snapshot,
                                  request(), std::move(done));
  }
  KEYWARD_FAULT_POINT("gateway.read.before_fetch");
  parts().OwnerOf(rule().owner)->Execute(context, request(), std::move(done));
}

void ReadCall::OnFetched(const policy::PolicySnapshot& snapshot,
                         rpc::CallResult result) {
  if (answered()) {
    if (result.response != nullptr) rpc::WipeSensitive(result.response.get());
    return;
  }
  CheckAnswer(rule(), &result);
  int items = 0;
  if (result.status.ok() && !rule().items.empty()) {
    items = FilterItems(snapshot, result.response.get());
  }
  audit::v1::AuditEntry entry = NewDecisionEntry(
      audit::v1::ENTRY_KIND_ACCESS, decision(), snapshot.revision());
  if (!result.resource.empty()) entry.set_resource(result.resource);
  entry.set_code(static_cast<int>(result.status.code()));
  if (!rule().items.empty()) {
    entry.set_count(items);
    const FieldDescriptor* filter =
        request().GetDescriptor()->FindFieldByName("filter");
    if (filter != nullptr) {
      entry.set_detail(absl::StrCat(
          "filter of ",
          request().GetReflection()->GetString(request(), filter).size(),
          " bytes"));
    }
  }
  // What was fetched waits here, and leaves only if audit accepts this very
  // decision at this very revision.
  result_ = std::move(result);
  KEYWARD_FAULT_POINT("gateway.read.fetched");
  Record({std::move(entry)}, snapshot.revision(), [this](rpc::AppendResult) {
    KEYWARD_FAULT_POINT("gateway.read.recorded");
    Answer(std::move(result_.status), std::move(result_.response));
  });
}

void ReadCall::Forget() {
  if (result_.response != nullptr) {
    rpc::WipeSensitive(result_.response.get());
  }
  result_ = rpc::CallResult();
}

int ReadCall::FilterItems(const policy::PolicySnapshot& snapshot,
                          Message* response) const {
  const FieldDescriptor* field = rule().items.field();
  const Reflection* reflection = response->GetReflection();
  const FieldDescriptor* name = field->message_type()->FindFieldByName("name");
  const Target& collection = targets()[0];
  int kept = 0;
  std::string scratch;
  const int size = reflection->FieldSize(*response, field);
  for (int i = 0; i < size; ++i) {
    const Message& item = reflection->GetRepeatedMessage(*response, field, i);
    const absl::StatusOr<ResourceName> resource = ResourceName::Parse(
        item.GetReflection()->GetStringReference(item, name, &scratch));
    if (!resource.ok()) continue;  // a peer that answers garbage shows nothing
    if (!Allows(snapshot, collection.action, *resource)) continue;
    reflection->SwapElements(response, field, kept++, i);
  }
  for (int i = size; i > kept; --i) reflection->RemoveLast(response, field);
  return kept;
}

}  // namespace keyward::gateway
