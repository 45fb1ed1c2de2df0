// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_METHOD_TABLE_H_
#define KEYWARD_SERVICES_STORE_METHOD_TABLE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "libs/rpc/call.h"
#include "services/store/change.h"
#include "services/store/change_runner.h"
#include "services/store/secret_reads.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// Which code runs which method, by its full name. Built once; a call whose
// request is not of the method's type is refused. Thread-safe.
class MethodTable {
 public:
  // Both must outlive the table.
  MethodTable(const StoreParts* parts, ChangeRunner* changes);
  MethodTable(const MethodTable&) = delete;
  MethodTable& operator=(const MethodTable&) = delete;

  // Runs the call; as rpc::Owner::Execute. UNIMPLEMENTED for a method that the
  // store does not run.
  void Run(const rpc::CallContext& context,
           const google::protobuf::Message& request, rpc::CallDone done) const;

  // The full names, sorted.
  std::vector<std::string> Methods() const;

 private:
  using Handler =
      std::function<void(const rpc::CallContext&,
                         const google::protobuf::Message&, rpc::CallDone)>;
  template <typename Object, typename Request>
  using ReadMethod = absl::StatusOr<ReadAnswer> (Object::*)(
      const rpc::CallContext&, const Request&) const;
  template <typename Object, typename Request>
  using ChangeMethod = absl::StatusOr<Planner> (Object::*)(
      const rpc::CallContext&, const Request&) const;

  // The request's type follows from the member that takes it.
  template <typename Object, typename Request>
  void Add(absl::string_view method, const Object& object,
           ReadMethod<Object, Request> read);
  template <typename Object, typename Request>
  void Add(absl::string_view method, const Object& object,
           ChangeMethod<Object, Request> prepare);

  void AddSecretMethods(const StoreParts* parts);
  void AddVersionMethods(const StoreParts* parts);
  void AddKeyMethods(const StoreParts* parts);

  ChangeRunner* const changes_;
  absl::flat_hash_map<std::string, Handler> handlers_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_METHOD_TABLE_H_
