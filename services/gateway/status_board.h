// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// How the services of an installation in several processes stand, as a gateway
// last saw it: what `operator status` shows.

#ifndef KEYWARD_SERVICES_GATEWAY_STATUS_BOARD_H_
#define KEYWARD_SERVICES_GATEWAY_STATUS_BOARD_H_

#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/rpc/audit_log.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"

namespace keyward::gateway {

// Asks on a thread of its own, so that a status is answered at once however the
// others fare. Thread-safe.
class StatusBoard {
 public:
  // Often enough for a person who waits for a service, and nothing for it.
  static constexpr absl::Duration kPeriod = absl::Seconds(5);
  static constexpr absl::Duration kAskTime = absl::Seconds(2);

  // Another service, and how to ask whether it serves: OK, or what is told of
  // it. May block until the deadline.
  struct Service {
    std::string name;
    std::function<absl::Status(absl::Time deadline)> ask;
  };

  // What the store says of the installation: it has the root key, a gateway
  // has not.
  struct Installation {
    std::string id;
    uint64_t incarnation = 0;
  };

  struct Options {
    std::string version;
    // Of this gateway.
    bool memory_locked = false;
    // Asks the store, whose own status this is as well. May block until the
    // deadline.
    std::function<absl::StatusOr<Installation>(absl::Time deadline)> ask_store;
    // Those besides the store and audit.
    std::vector<Service> services;
  };

  // `audit` tells how long the log is and whether audit serves. Everything
  // given outlives the board.
  StatusBoard(Options options, rpc::AuditLog* audit, const Clock* clock);
  // Waits for the question that is being asked.
  ~StatusBoard();
  StatusBoard(const StatusBoard&) = delete;
  StatusBoard& operator=(const StatusBoard&) = delete;

  // Everything but the policy revision. What was never told stays empty.
  void Fill(operators::v1::GetStatusResponse* response) const;

  // Asks everyone now, as the thread does.
  void AskNow();

 private:
  void Loop();

  const Options options_;
  rpc::AuditLog* const audit_;
  const Clock* const clock_;
  const absl::Time start_time_;

  mutable Mutex mu_;
  CondVar wake_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  rpc::LogState log_state_ ABSL_GUARDED_BY(mu_);
  absl::Status audit_status_ ABSL_GUARDED_BY(mu_);
  Installation installation_ ABSL_GUARDED_BY(mu_);
  absl::Status store_status_ ABSL_GUARDED_BY(mu_);
  // Of options_.services, in their order.
  std::vector<absl::Status> statuses_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_STATUS_BOARD_H_
