// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_CALL_METHODS_H_
#define KEYWARD_LIBS_RPC_CALL_METHODS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace keyward::rpc {

// The public unary methods that an owner runs, by full name: what both ends of
// internal Execute need to turn a call's bytes into messages.
//
// Immutable, safe for concurrent use.
class CallMethods {
 public:
  struct Method {
    const google::protobuf::MethodDescriptor* descriptor = nullptr;
    const google::protobuf::Message* request = nullptr;
    const google::protobuf::Message* response = nullptr;
    // Whether its access option says that it changes state.
    bool changes = false;
  };

  // Of the services with these full names. FAILED_PRECONDITION if one is not
  // linked into the program, or if a method has no access option: whether it is
  // a change would be a guess.
  static absl::StatusOr<std::unique_ptr<CallMethods>> Create(
      const std::vector<std::string>& services);

  // "keyward.secrets.v1.SecretService.GetSecret"; null if there is none.
  const Method* Find(const std::string& full_name) const;

  // How many there are.
  size_t size() const { return methods_.size(); }

 private:
  CallMethods() = default;

  absl::flat_hash_map<std::string, Method> methods_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_CALL_METHODS_H_
