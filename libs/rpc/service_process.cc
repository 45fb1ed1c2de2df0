// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/service_process.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/timer.h"
#include "libs/config/loader.h"
#include "libs/crypto/bound_libraries.h"
#include "libs/crypto/process_hardening.h"
#include "libs/crypto/random.h"
#include "libs/rpc/grpc_log.h"
#include "libs/rpc/metrics.h"
#include "libs/rpc/process_standing.h"
#include "libs/rpc/service_flags.h"
#include "libs/rpc/shutdown_signal.h"

namespace keyward::rpc {
namespace {

using google::protobuf::Message;

// How long calls in flight may go on after SIGTERM: within what systemd (90 s)
// and Kubernetes (30 s) wait before they kill, and what deploy/local.sh does.
constexpr absl::Duration kDrain = absl::Seconds(8);

// One attempt to come into service, and the rest before the next. A signal is
// taken up between attempts.
constexpr absl::Duration kAttempt = absl::Seconds(5);
constexpr absl::Duration kRest = absl::Milliseconds(300);

LogLevel LevelOf(const config::v1::LogConfig& config) {
  switch (config.level()) {
    case config::v1::LOG_LEVEL_DEBUG:
      return LogLevel::kDebug;
    case config::v1::LOG_LEVEL_WARN:
      return LogLevel::kWarning;
    case config::v1::LOG_LEVEL_ERROR:
      return LogLevel::kError;
    default:
      return LogLevel::kInfo;
  }
}

absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) +
         absl::Nanoseconds(duration.nanos());
}

int Refuse(const std::string& binary, const absl::Status& why) {
  std::fprintf(stderr, "%s: %s\n", binary.c_str(),
               std::string(why.message()).c_str());
  return 1;
}

// Brings the service into service; false if a signal came first.
absl::StatusOr<bool> AwaitService(RunningService* service,
                                  ShutdownSignal* shutdown,
                                  const ProcessContext& context) {
  absl::Status last;
  while (true) {
    absl::Status status =
        service->BringIntoService(context.clock->SteadyNow() + kAttempt);
    if (status.ok()) return true;
    if (status.code() != absl::StatusCode::kUnavailable) return status;
    context.standing->SetWaiting(status.message());
    // Once for each new reason, not three times a second.
    if (status != last) {
      context.log->Warning("waiting", {{"for", status}});
      last = std::move(status);
    }
    if (shutdown->WaitFor(kRest)) return false;
  }
}

// From the first opening to the end of the drain.
absl::Status Serve(const ServiceSpec& spec, const Message& config,
                   const CommonConfig& common, ShutdownSignal* shutdown,
                   const StartService& start, ProcessContext context) {
  absl::StatusOr<std::unique_ptr<Metrics>> metrics =
      Metrics::Create(spec.name, common.metrics.address());
  if (!metrics.ok()) return metrics.status();
  context.metrics = metrics->get();
  absl::StatusOr<std::unique_ptr<RunningService>> service =
      start(config, context);
  if (!service.ok()) return service.status();
  const auth::ReloadRunner reload(
      (*service)->files(), ToAbsl(common.reload.interval()), context.log);
  const absl::StatusOr<bool> serves =
      AwaitService(service->get(), shutdown, context);
  if (!serves.ok()) return serves.status();
  if (*serves && !(*service)->finished()) {
    (*metrics)->SetReady(true);
    context.standing->SetServing();
    context.log->Info("serving");
    while (!shutdown->WaitFor(absl::Hours(1))) {
    }
  }
  context.log->Info("draining");
  context.standing->SetWaiting("its end");
  (*metrics)->SetReady(false);
  (*service)->Drain(kDrain);
  return absl::OkStatus();
}

int RunConfigured(const std::string& binary, const ServiceSpec& spec,
                  const Message& config, const CommonConfig& common,
                  const crypto::HardeningReport& hardening,
                  const StartService& start, ProcessContext context) {
  // Before any thread, so that all of them leave these signals to it.
  ShutdownSignal shutdown;
  const SystemClock clock;
  crypto::SystemRandom random;
  const std::unique_ptr<LogSink> sink = NewStderrLogSink();
  const Logger log(spec.name, LevelOf(common.log), &clock, sink.get());
  const GrpcLogRouter grpc_log(&log);
  for (const std::string& shortfall : hardening.shortfalls) {
    log.Warning("hardening fell short", {{"what", shortfall}});
  }
  ThreadTimer timer(&clock);
  ProcessStanding standing(clock.Now(), hardening.all_memory_locked);
  context.standing = &standing;
  context.clock = &clock;
  context.timer = &timer;
  context.random = &random;
  context.log = &log;
  const absl::Status served =
      Serve(spec, config, common, &shutdown, start, std::move(context));
  if (!served.ok()) {
    log.Error("cannot start", {{"reason", served}});
    return Refuse(binary, served);
  }
  log.Info("stopped");
  return 0;
}

}  // namespace

int RunServiceProcess(int argc, const char* const* argv,
                      const ServiceSpec& spec, const Message& prototype,
                      std::function<CommonConfig(const Message&)> common,
                      StartService start) {
  const std::string binary = absl::StrCat("keyward-", spec.name);
  if (absl::Status s = crypto::BindLibraries(argv); !s.ok()) {
    return Refuse(binary, s);
  }
  const absl::StatusOr<crypto::HardeningReport> hardening =
      crypto::HardenProcess(crypto::HardeningOptions());
  if (!hardening.ok()) return Refuse(binary, hardening.status());
  // Debian's Abseil keeps a graph of the order in which gRPC takes its locks,
  // and writes in it under one lock of the process whenever one is taken.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  const ParsedFlags parsed =
      ParseServiceFlags(argc, argv, binary, spec.description, spec.flags);
  if (!parsed.flags.has_value()) return parsed.exit_code;
  ProcessContext context;
  absl::StatusOr<std::string> home = HomeOf(*parsed.flags);
  if (!home.ok()) return Refuse(binary, home.status());
  context.home = *std::move(home);
  context.flags = parsed.flags->extra;
  const config::LoadOptions load{context.home, parsed.flags->overrides};
  const absl::StatusOr<std::unique_ptr<Message>> config =
      config::LoadMessage(parsed.flags->config_file, load, prototype);
  if (!config.ok()) return Refuse(binary, config.status());
  return RunConfigured(binary, spec, **config, common(**config), *hardening,
                       start, std::move(context));
}

}  // namespace keyward::rpc
