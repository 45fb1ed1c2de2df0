// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/grpc_log.h"

#include <chrono>  // NOLINT: the monotonic clock
#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/stubs/logging.h"
#include "grpc/support/log.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"

namespace keyward::rpc {
namespace {

using Second = std::chrono::seconds;

// Where the lines go, and how many went there in the current second.
struct Route {
  Mutex mu;
  const Logger* log ABSL_GUARDED_BY(mu) = nullptr;
  Second second ABSL_GUARDED_BY(mu){0};
  int lines ABSL_GUARDED_BY(mu) = 0;
  uint64_t dropped ABSL_GUARDED_BY(mu) = 0;
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
  const auto now = std::chrono::duration_cast<Second>(
      std::chrono::steady_clock::now().time_since_epoch());
  Route& route = TheRoute();
  MutexLock lock(&route.mu);
  if (route.log == nullptr) return;
  if (now != route.second) {
    route.second = now;
    route.lines = 0;
  }
  if (++route.lines > GrpcLogRouter::kMaxLinesPerSecond) {
    ++route.dropped;
    return;
  }
  route.log->Warning(library,
                     {{"what", message},
                      {"where", absl::StrCat(BaseName(file), ":", line)},
                      {"left_out", route.dropped}});
  route.dropped = 0;
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
  route.lines = 0;
  route.dropped = 0;
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
