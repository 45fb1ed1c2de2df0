// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/grpc_log.h"

#include <chrono>  // NOLINT: the monotonic clock
#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "libs/base/log.h"
#include "libs/base/log_budget.h"
#include "libs/base/mutex.h"

namespace keyward::rpc {
namespace {

// Where the lines go.
struct Route {
  Mutex mu;
  const Logger* log ABSL_GUARDED_BY(mu) = nullptr;
  std::unique_ptr<LogBudget> budget ABSL_GUARDED_BY(mu);
};

// Never destroyed: gRPC's threads may log while the process exits.
Route& TheRoute() {
  static Route& route = *new Route;
  return route;
}

// The file's name without the path of the machine that built gRPC.
absl::string_view BaseName(absl::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == absl::string_view::npos ? path : path.substr(slash + 1);
}

// Every client that connects to an address sends its IP as the server's name,
// which no certificate of ours has: identities here are SPIFFE ids.
bool IsNoise(absl::string_view message) {
  return absl::StartsWith(message, "No match found for server name");
}

// Passes a line of `library` on, unless there were too many this second.
void Pass(absl::string_view library, absl::string_view message,
          absl::string_view file, int line) {
  const auto now = std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::steady_clock::now().time_since_epoch());
  Route& route = TheRoute();
  MutexLock lock(&route.mu);
  if (route.log == nullptr) return;
  const absl::optional<uint64_t> left_out = route.budget->Take(now.count());
  if (!left_out.has_value()) return;
  route.log->Warning(library,
                     {{"what", message},
                      {"where", absl::StrCat(BaseName(file), ":", line)},
                      {"left_out", *left_out}});
}

void Log(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR || IsNoise(args->message)) {
    return;
  }
  Pass("grpc", args->message, args->file, args->line);
}

// Protobuf complains of what clients send, such as text that is not UTF-8, on
// standard error and without a bound.
void LogProtobuf(google::protobuf::LogLevel, const char* file, int line,
                 const std::string& message) {
  Pass("protobuf", message, file, line);
}

void SetRoute(const Logger* log) {
  Route& route = TheRoute();
  MutexLock lock(&route.mu);
  route.log = log;
  route.budget = std::make_unique<LogBudget>(GrpcLogRouter::kMaxLinesPerSecond);
}

}  // namespace

GrpcLogRouter::GrpcLogRouter(const Logger* log) {
  SetRoute(log);
  gpr_set_log_function(Log);
  google::protobuf::SetLogHandler(LogProtobuf);
  // More than errors is for debugging gRPC, and some of it shows what calls
  // carry.
  gpr_set_log_verbosity(GPR_LOG_SEVERITY_ERROR);
}

GrpcLogRouter::~GrpcLogRouter() { SetRoute(nullptr); }

}  // namespace keyward::rpc
