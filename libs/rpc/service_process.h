// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the mains of all services have in common: flags, configuration,
// hardening, logs, metrics, reloading, readiness, and a graceful end.

#ifndef KEYWARD_LIBS_RPC_SERVICE_PROCESS_H_
#define KEYWARD_LIBS_RPC_SERVICE_PROCESS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/crypto/random.h"
#include "libs/rpc/metrics.h"
#include "libs/rpc/process_standing.h"
#include "libs/rpc/service_flags.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::rpc {

// What a service is made of besides its configuration. All outlive it.
struct ProcessContext {
  std::string home;
  // The extra flags that were given.
  std::map<std::string, std::string> flags;
  // For `operator status`. Whoever runs the service says when it serves.
  ProcessStanding* standing = nullptr;
  const Clock* clock = nullptr;
  Timer* timer = nullptr;
  crypto::RandomSource* random = nullptr;
  const Logger* log = nullptr;
  Metrics* metrics = nullptr;
};

// A service in a process of its own. Used by main's thread alone.
class RunningService {
 public:
  virtual ~RunningService() = default;

  // Brings into service what has been opened, by the deadline: OK when it
  // serves. UNAVAILABLE if it waits for another service, which the message
  // names; it is then called again. Any other error ends the process.
  virtual absl::Status BringIntoService(SteadyTime deadline) = 0;

  // Whether there is nothing more to do once that was OK: the process then
  // drains and ends instead of serving. For one-shot modes.
  virtual bool finished() const { return false; }

  // The files that are read again while it runs.
  virtual std::vector<auth::ReloadRunner::Set> files() = 0;

  // Takes no new calls and lets those in flight end, for at most `grace`.
  virtual void Drain(absl::Duration grace) = 0;
};

struct ServiceSpec {
  // "store"; the binary is keyward-store.
  std::string name;
  // For --help.
  std::string description;
  std::vector<ExtraFlag> flags;
};

// How a service is made from its configuration. The errors say what to do.
using StartService =
    std::function<absl::StatusOr<std::unique_ptr<RunningService>>(
        const google::protobuf::Message& config, const ProcessContext&)>;

// What every configuration has, whatever its type.
struct CommonConfig {
  config::v1::LogConfig log;
  config::v1::MetricsConfig metrics;
  config::v1::ReloadConfig reload;
};

// The rest of main, for a configuration of `prototype`'s type. Answers the exit
// code: 0 after SIGTERM or SIGINT and a drain, 1 if it refused to start (the
// reason is on standard error and in the log), 2 for a wrong command line.
//
// Hardens the process first of all, before there is a secret or a thread. Says
// in the metrics and in the log when the service is ready, and names what it
// waits for until then.
int RunServiceProcess(
    int argc, const char* const* argv, const ServiceSpec& spec,
    const google::protobuf::Message& prototype,
    std::function<CommonConfig(const google::protobuf::Message&)> common,
    StartService start);

// The same for a known type of configuration.
template <typename Config>
int RunService(int argc, const char* const* argv, const ServiceSpec& spec,
               std::function<absl::StatusOr<std::unique_ptr<RunningService>>(
                   const Config&, const ProcessContext&)>
                   start) {
  return RunServiceProcess(
      argc, argv, spec, Config::default_instance(),
      [](const google::protobuf::Message& message) {
        const auto& config = static_cast<const Config&>(message);
        return CommonConfig{config.log(), config.metrics(), config.reload()};
      },
      [start = std::move(start)](const google::protobuf::Message& message,
                                 const ProcessContext& context) {
        return start(static_cast<const Config&>(message), context);
      });
}

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SERVICE_PROCESS_H_
