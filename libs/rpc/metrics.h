// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_METRICS_H_
#define KEYWARD_LIBS_RPC_METRICS_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {

// A service's metrics, in Prometheus' text form on a port of their own:
//
//   keyward_ready{service}                     1 while it serves
//   keyward_calls_total{method,code}           finished calls
//   keyward_call_seconds{method}               how long they took, a histogram
//   keyward_streams{method}                    open streams
//   keyward_damaged_key_versions               of key-encryption keys: those
//                                              that do not open; the store's
//
// Method names are those of our contracts, never text of a caller's, so the
// number of series is bounded.
//
// Thread-safe.
class Metrics {
 public:
  // Begins to answer GET /metrics on `address` (HOST:PORT).
  // FAILED_PRECONDITION if the port is taken, with what to do.
  static absl::StatusOr<std::unique_ptr<Metrics>> Create(
      absl::string_view service, const std::string& address);
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Not ready until it is said to be.
  void SetReady(bool ready);

  // A call has finished.
  void CountCall(const std::string& method, absl::StatusCode code,
                 absl::Duration duration);
  // A stream was opened (1) or is over (-1).
  void CountStream(const std::string& method, int change);
  // There is no such number before the first call.
  void SetDamagedKeyVersions(int64_t count);

 private:
  struct Families;

  explicit Metrics(std::unique_ptr<Families> families);

  const std::unique_ptr<Families> families_;
};

// Counts the calls that pass through it. Thread-safe. What it is given must
// outlive it and its calls.
class MeteredHandler : public CallHandler {
 public:
  MeteredHandler(CallHandler* handler, Metrics* metrics, const Clock* clock)
      : handler_(handler), metrics_(metrics), clock_(clock) {}

  void HandleUnary(IncomingCall call, UnaryDone done) override;
  void HandleStream(IncomingCall call,
                    std::shared_ptr<StreamWriter> writer) override;
  // Not counted: it has no method, or is none that was taken on.
  void OnRefused(const PeerFacts& peer,
                 const google::protobuf::MethodDescriptor* method,
                 const absl::Status& status) override {
    handler_->OnRefused(peer, method, status);
  }

 private:
  CallHandler* const handler_;
  Metrics* const metrics_;
  const Clock* const clock_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_METRICS_H_
