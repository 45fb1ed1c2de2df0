// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_BACKGROUND_RUNNER_H_
#define KEYWARD_SERVICES_AUDIT_BACKGROUND_RUNNER_H_

#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "services/audit/audit_core.h"
#include "services/audit/reconciler.h"

namespace keyward::audit_service {

// The thread that does what nobody waits for: it builds the index behind the
// log, and runs the reconciler, at once when the core serves and every minute
// from then on; sooner, with growing pauses, while an owner does not say what
// became of an intent. After a start of all services that is usual: they wait
// for audit before they answer.
class BackgroundRunner {
 public:
  struct Options {
    absl::Duration index_interval = absl::Seconds(1);
    absl::Duration reconcile_interval = absl::Minutes(1);
    absl::Duration first_retry = absl::Seconds(1);
  };

  // All outlive the runner, whose destructor waits for the step that is under
  // way: at most a few calls of peers, each with a deadline.
  BackgroundRunner(const Options& options, AuditCore* core, const Clock* clock,
                   const Logger* logger);
  ~BackgroundRunner();

  BackgroundRunner(const BackgroundRunner&) = delete;
  BackgroundRunner& operator=(const BackgroundRunner&) = delete;

 private:
  void Loop();
  // Indexes what there is, unless it is told to stop.
  void BuildIndex();
  bool stopping();

  const Options options_;
  AuditCore* const core_;
  const Clock* const clock_;
  const Logger* const logger_;
  Reconciler reconciler_;

  Mutex mu_;
  CondVar stopped_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_BACKGROUND_RUNNER_H_
