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
#include "absl/types/optional.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/process_standing.h"
#include "proto/keyward/operators/v1/operator_service.pb.h"

namespace keyward::gateway {

// Asks on a thread of its own, so that a status is answered at once however the
// others fare. Thread-safe.
class StatusBoard {
 public:
  // Often enough for a person who waits for a service, and nothing for it.
  static constexpr absl::Duration kPeriod = absl::Seconds(5);
  static constexpr absl::Duration kAskTime = absl::Seconds(2);

  // Asks a service how its process stands. May block until the deadline. Any
  // error means that it is not known.
  using AskStanding =
      std::function<absl::StatusOr<rpc::Standing>(SteadyTime deadline)>;

  // Another service, and how to ask whether it serves: OK, or what is told of
  // it. May block until the deadline.
  struct Service {
    std::string name;
    std::function<absl::Status(SteadyTime deadline)> ask;
    AskStanding ask_standing;
  };

  // What the store says of the installation: it has the root key, a gateway
  // has not.
  struct Installation {
    std::string id;
    uint64_t incarnation = 0;
  };

  struct Options {
    std::string version;
    // This gateway's own.
    std::function<rpc::Standing()> standing;
    // Asks the store, whose own status this is as well. May block until the
    // deadline.
    std::function<absl::StatusOr<Installation>(SteadyTime deadline)> ask_store;
    AskStanding ask_store_standing;
    AskStanding ask_audit_standing;
    // Those besides the store and audit.
    std::vector<Service> services;
  };

  // `audit_log` tells how long the log is and whether audit serves. Everything
  // given outlives the board.
  StatusBoard(Options options, rpc::AuditLog* audit_log, const Clock* clock);
  // Waits for the question that is being asked.
  ~StatusBoard();
  StatusBoard(const StatusBoard&) = delete;
  StatusBoard& operator=(const StatusBoard&) = delete;

  // Everything but the policy revision. What was never told stays empty.
  void Fill(operators::v1::GetStatusResponse* response) const;

  // Asks everyone now, as the thread does.
  void AskNow();

 private:
  // What is known of a service.
  struct Seen {
    absl::Status status = absl::UnavailableError("not asked yet");
    // Absent if it did not tell.
    absl::optional<rpc::Standing> standing;
  };

  void Loop();
  // Asks a service that has answered `status` to a question of its own.
  static Seen See(absl::Status status, const AskStanding& ask_standing,
                  SteadyTime deadline);
  static void Add(const std::string& name, const Seen& seen,
                  operators::v1::GetStatusResponse* response);

  const Options options_;
  rpc::AuditLog* const audit_log_;
  const Clock* const clock_;

  mutable Mutex mu_;
  CondVar wake_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  rpc::LogState log_state_ ABSL_GUARDED_BY(mu_);
  Seen audit_ ABSL_GUARDED_BY(mu_);
  Installation installation_ ABSL_GUARDED_BY(mu_);
  Seen store_ ABSL_GUARDED_BY(mu_);
  // Of options_.services, in their order.
  std::vector<Seen> others_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_STATUS_BOARD_H_
