// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/sensitive_plan.h"

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "proto/keyward/access/v1/access.pb.h"

namespace keyward::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool IsSensitive(const FieldDescriptor* field) {
  return field->options().GetExtension(keyward::access::v1::sensitive);
}

// The type of message below `field`: a map's values', or the field's own; null
// if it holds none.
const Descriptor* MessageBelow(const FieldDescriptor* field) {
  if (field->is_map()) field = field->message_type()->map_value();
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE
             ? field->message_type()
             : nullptr;
}

// `root` and all types below it, each once.
std::vector<const Descriptor*> Reachable(const Descriptor* root) {
  std::vector<const Descriptor*> found = {root};
  std::set<const Descriptor*> seen = {root};
  for (size_t i = 0; i < found.size(); ++i) {
    for (int f = 0; f < found[i]->field_count(); ++f) {
      const Descriptor* below = MessageBelow(found[i]->field(f));
      if (below != nullptr && seen.insert(below).second) {
        found.push_back(below);
      }
    }
  }
  return found;
}

}  // namespace

SensitivePlan::SensitivePlan(const Descriptor* root) {
  const std::vector<const Descriptor*> types = Reachable(root);
  for (const Descriptor* type : types) {
    for (int f = 0; f < type->field_count(); ++f) {
      if (IsSensitive(type->field(f))) {
        types_[type].sensitive.push_back(type->field(f));
      }
    }
  }
  // Types contain each other in cycles, so "leads to a sensitive field" is the
  // least fixed point: repeat until a round adds nothing.
  for (bool grew = true; grew;) {
    grew = false;
    for (const Descriptor* type : types) {
      std::vector<const FieldDescriptor*> nested;
      for (int f = 0; f < type->field_count(); ++f) {
        const Descriptor* below = MessageBelow(type->field(f));
        if (below != nullptr && types_.count(below) > 0) {
          nested.push_back(type->field(f));
        }
      }
      if (nested.empty() || types_[type].nested.size() == nested.size()) {
        continue;
      }
      types_[type].nested = nested;
      grew = true;
    }
  }
  empty_ = types_.count(root) == 0;
}

const SensitivePlan::Type* SensitivePlan::Find(const Descriptor* type) const {
  const auto found = types_.find(type);
  return found == types_.end() ? nullptr : &found->second;
}

}  // namespace keyward::rpc
