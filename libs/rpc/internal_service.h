// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_INTERNAL_SERVICE_H_
#define KEYWARD_LIBS_RPC_INTERNAL_SERVICE_H_

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {

// What runs a method of an internal service once its caller is known. Neither
// kind blocks. The request is its own to wipe.
using UnaryMethod =
    std::function<void(std::unique_ptr<google::protobuf::Message> request,
                       SteadyTime deadline, UnaryDone done)>;
using StreamMethod =
    std::function<void(std::unique_ptr<google::protobuf::Message> request,
                       std::shared_ptr<StreamWriter> writer)>;

// The methods of one internal service, by their short names.
struct InternalMethods {
  std::map<std::string, UnaryMethod> unary;
  std::map<std::string, StreamMethod> streams;
};

// Who a peer has proven to be: its SPIFFE id, verified against its own trust
// domain's authorities and not those of another. UNAUTHENTICATED otherwise.
// Does not block.
using CallerIdentity =
    std::function<absl::StatusOr<std::string>(const PeerFacts& peer)>;

// Who may call each method, by its short name: SPIFFE ids, compared byte for
// byte.
using InternalCallers = std::map<std::string, std::set<std::string>>;

// An internal service as the transport calls it: lets through only the workload
// identities that are named for the method. Everyone else gets
// PERMISSION_DENIED, and who has no proven identity UNAUTHENTICATED, before the
// request is looked at.
//
// Immutable, safe for concurrent use.
class InternalService final : public CallHandler {
 public:
  // FAILED_PRECONDITION unless every method of `service` is there once, in the
  // right kind, and nothing else is; INVALID_ARGUMENT if `callers` names a
  // method that the service does not have. A method that it does not name is
  // refused to everyone.
  static absl::StatusOr<std::unique_ptr<InternalService>> Create(
      const google::protobuf::ServiceDescriptor* service,
      InternalMethods methods, const InternalCallers& callers,
      CallerIdentity identity);

  void HandleUnary(IncomingCall call, UnaryDone done) override;
  void HandleStream(IncomingCall call,
                    std::shared_ptr<StreamWriter> writer) override;

 private:
  struct Method {
    UnaryMethod unary;
    StreamMethod stream;
    std::set<std::string> callers;
  };

  explicit InternalService(CallerIdentity identity)
      : identity_(std::move(identity)) {}

  // The method of a call that may go on, or why it may not.
  absl::StatusOr<const Method*> Admit(const IncomingCall& call) const;

  const CallerIdentity identity_;
  absl::flat_hash_map<const google::protobuf::MethodDescriptor*, Method>
      methods_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_INTERNAL_SERVICE_H_
