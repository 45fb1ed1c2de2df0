// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The access options of the public contracts, compiled once at start. The
// pipeline knows a method only through its rule here.

#ifndef KEYWARD_SERVICES_GATEWAY_METHOD_TABLE_H_
#define KEYWARD_SERVICES_GATEWAY_METHOD_TABLE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/resource_name.h"
#include "proto/keyward/access/v1/access.pb.h"
#include "services/gateway/field_path.h"

namespace keyward::gateway {

// Which service runs a method once the pipeline has authorized it.
enum class MethodOwner {
  kStore,
  kPolicy,
  kAudit,
  // The gateway itself: what the policy in force says, and how it stands.
  kGateway,
};

// One check of a method's rule, with its paths resolved.
struct CompiledCheck {
  std::string action;
  access::v1::Kind kind = access::v1::KIND_UNSPECIFIED;
  FieldPath resource;
  FieldPath when_set;
  FieldPath child_id;
  std::string child_collection;
};

// What must be authorized for one request: an action on a resource.
struct Target {
  std::string action;
  ResourceName resource = ResourceName::System();
  access::v1::Kind kind = access::v1::KIND_UNSPECIFIED;
};

// Everything the pipeline knows of a method.
struct MethodRule {
  const google::protobuf::MethodDescriptor* method = nullptr;
  std::string name;  // the full name, as records show it
  MethodOwner owner = MethodOwner::kGateway;
  bool change = false;
  std::string not_implemented;
  std::vector<CompiledCheck> checks;
  // KIND_COLLECTION: the response's field of items.
  FieldPath items;
  // KIND_REPEATED: the request's field of names, and the method for one.
  FieldPath names;
  const MethodRule* element = nullptr;

  bool repeated() const { return element != nullptr; }

  // What `request` must be authorized for, in the order of the checks; at
  // least one. INVALID_ARGUMENT, naming the field, if a name does not parse.
  // Not for repeated methods, whose elements are resolved one by one.
  absl::StatusOr<std::vector<Target>> Resolve(
      const google::protobuf::Message& request) const;
};

// Immutable and thread-safe. The descriptors must outlive it.
class MethodTable {
 public:
  // Compiles every method of `services`. FAILED_PRECONDITION, naming the
  // method and the rule, if one has no access option, an option whose paths
  // do not fit its messages, no check, an unspecified effect or kind, or an
  // owner that nobody is: the gateway then refuses to start, so that no method
  // is ever served without authorization and audit.
  static absl::StatusOr<std::unique_ptr<MethodTable>> Create(
      const std::vector<const google::protobuf::ServiceDescriptor*>& services);

  MethodTable(const MethodTable&) = delete;
  MethodTable& operator=(const MethodTable&) = delete;

  // The method's rule; null for one that was not given to Create.
  const MethodRule* Find(
      const google::protobuf::MethodDescriptor* method) const;

  // All actions that checks name, sorted, each once.
  std::vector<std::string> Actions() const;

 private:
  MethodTable() = default;

  absl::flat_hash_map<const google::protobuf::MethodDescriptor*,
                      std::unique_ptr<MethodRule>>
      rules_;
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_METHOD_TABLE_H_
