// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/call_methods.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "proto/keyward/access/v1/access.pb.h"

namespace keyward::rpc {

using google::protobuf::DescriptorPool;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;
using google::protobuf::ServiceDescriptor;
using keyward::access::v1::AccessRule;

absl::StatusOr<std::unique_ptr<CallMethods>> CallMethods::Create(
    const std::vector<std::string>& services) {
  auto methods = absl::WrapUnique(new CallMethods);
  MessageFactory* const factory = MessageFactory::generated_factory();
  for (const std::string& name : services) {
    const ServiceDescriptor* service =
        DescriptorPool::generated_pool()->FindServiceByName(name);
    if (service == nullptr) {
      return absl::FailedPreconditionError(
          absl::StrCat(name, ": this contract is not linked in"));
    }
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      if (method->server_streaming() || method->client_streaming()) continue;
      const AccessRule& rule =
          method->options().GetExtension(keyward::access::v1::access);
      if (rule.effect() == keyward::access::v1::EFFECT_UNSPECIFIED) {
        return absl::FailedPreconditionError(absl::StrCat(
            method->full_name(), ": has no access option with an effect"));
      }
      methods->methods_[method->full_name()] =
          Method{method, factory->GetPrototype(method->input_type()),
                 factory->GetPrototype(method->output_type()),
                 rule.effect() == keyward::access::v1::EFFECT_CHANGE};
    }
  }
  return methods;
}

const CallMethods::Method* CallMethods::Find(
    const std::string& full_name) const {
  const auto found = methods_.find(full_name);
  return found == methods_.end() ? nullptr : &found->second;
}

}  // namespace keyward::rpc
