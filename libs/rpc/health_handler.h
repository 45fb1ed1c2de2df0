// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_HEALTH_HANDLER_H_
#define KEYWARD_LIBS_RPC_HEALTH_HANDLER_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "absl/base/thread_annotations.h"
#include "libs/base/mutex.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {

// grpc.health.v1 of one server: whether it serves, for the server (the empty
// name) and for each of its services alike, because they share one pipeline.
// Asks for no credential and tells nothing else.
//
// Thread-safe. Lives as long as the service that it handles.
class HealthHandler final : public CallHandler {
 public:
  // `services` are full names.
  explicit HealthHandler(std::set<std::string> services);
  ~HealthHandler() override;

  // NOT_SERVING until this says otherwise; every watcher is told of a change.
  void SetServing(bool serving);

  // CallHandler. Check is NOT_FOUND for a service that the server does not
  // have; Watch answers SERVICE_UNKNOWN, as its contract wants it.
  void HandleUnary(IncomingCall call, UnaryDone done) override;
  void HandleStream(IncomingCall call,
                    std::shared_ptr<StreamWriter> writer) override;

 private:
  class Watcher;

  bool Has(const std::string& service) const;

  const std::set<std::string> services_;
  Mutex mu_;
  bool serving_ ABSL_GUARDED_BY(mu_) = false;
  // Counts the calls of SetServing.
  uint64_t version_ ABSL_GUARDED_BY(mu_) = 0;
  std::set<std::shared_ptr<Watcher>> watchers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_HEALTH_HANDLER_H_
