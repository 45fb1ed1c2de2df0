// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What sensitive.h compiles from a message type. Internal to it.

#ifndef KEYWARD_LIBS_RPC_SENSITIVE_PLAN_H_
#define KEYWARD_LIBS_RPC_SENSITIVE_PLAN_H_

#include <map>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace keyward::rpc {

// For a message type and every type that it can contain: which fields are
// sensitive, and which lead to a sensitive one. Immutable once made, safe for
// concurrent use. Its descriptors' pool must outlive it.
class SensitivePlan {
 public:
  struct Type {
    // The fields that hold plaintext: string or bytes, singular or repeated,
    // or maps whose values are.
    std::vector<const google::protobuf::FieldDescriptor*> sensitive;
    // Message fields, singular, repeated or maps', below which is one.
    std::vector<const google::protobuf::FieldDescriptor*> nested;

    bool empty() const { return sensitive.empty() && nested.empty(); }
  };

  explicit SensitivePlan(const google::protobuf::Descriptor* root);

  // Whether nothing in the root or below it is sensitive.
  bool empty() const { return empty_; }

  // The plan of the root or of a type below it; null if nothing in that type
  // or below it is sensitive.
  const Type* Find(const google::protobuf::Descriptor* type) const;

 private:
  std::map<const google::protobuf::Descriptor*, Type> types_;
  bool empty_ = true;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SENSITIVE_PLAN_H_
