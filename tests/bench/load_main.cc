// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// bench_load: keeps a number of calls of one operation under way at a server,
// and prints what came of it as one JSON object. See README.md.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "libs/base/clock.h"
#include "libs/base/file_util.h"
#include "libs/base/steady_time.h"
#include "libs/client/channel.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/rpc/grpc_time.h"
#include "nlohmann/json.hpp"
#include "tests/bench/histogram.h"
#include "tests/bench/load_options.h"
#include "tests/bench/process_usage.h"
#include "tests/bench/request_source.h"
#include "tests/bench/tally.h"
#include "tests/bench/unary_load.h"
#include "tests/bench/watch_load.h"

namespace keyward::bench {
namespace {

using Channels = std::vector<std::shared_ptr<grpc::Channel>>;

constexpr char kWatch[] = "watch";
constexpr char kCreate[] = "create";
constexpr size_t kMaxFileBytes = 1 << 20;
constexpr size_t kMaxKeyBytes = 64 << 10;
// Longer than any run needs; whatever happens, this one ends.
constexpr double kMaxSeconds = 3600;
constexpr absl::Duration kPoll = absl::Milliseconds(5);
// A load is for the machine that it is made on.
constexpr char kLoopback[] = "127.0.0.1:";

// What a run has found out.
struct Result {
  Counts counts;
  absl::Duration counted;
  // Of the servers while it was counted, and what they hold at its end.
  ProcessUsage used;
  // Of this process.
  absl::Duration own_cpu;
};

absl::Duration OwnCpu() {
  timespec used = {};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return absl::DurationFromTimespec(used);
}

absl::StatusOr<std::shared_ptr<grpc::Channel>> Connect(
    const LoadOptions& options, size_t number) {
  client::ChannelMaterial material;
  material.address = options.address;
  material.server_id = options.server_id;
  // gRPC makes one connection of all channels whose arguments are the same.
  material.user_agent = absl::StrCat("keyward-bench-", number);
  absl::StatusOr<std::string> authorities =
      ReadFileBounded(options.authorities, kMaxFileBytes);
  if (!authorities.ok()) return authorities.status();
  material.authorities = *std::move(authorities);
  if (!options.certificate.empty()) {
    absl::StatusOr<std::string> chain =
        ReadFileBounded(options.certificate, kMaxFileBytes);
    if (!chain.ok()) return chain.status();
    material.certificate_chain = *std::move(chain);
    material.private_key = crypto::SecretBuffer(kMaxKeyBytes);
    absl::StatusOr<size_t> size =
        ReadPrivateFile(options.key, material.private_key.MutableSecret());
    if (!size.ok()) return size.status();
    material.private_key.Truncate(*size);
  }
  absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
      client::NewGatewayChannel(std::move(material), SystemClock().Now());
  if (!channel.ok()) return channel.status();
  if (!(*channel)->WaitForConnected(rpc::GrpcDeadline(kCallTime))) {
    return absl::UnavailableError(
        absl::StrCat("no connection to ", options.address));
  }
  return channel;
}

absl::StatusOr<std::string> Authorization(const LoadOptions& options) {
  if (options.token.empty()) return std::string();
  absl::StatusOr<std::string> token =
      ReadFileBounded(options.token, kMaxFileBytes);
  if (!token.ok()) return token.status();
  return absl::StrCat("Bearer ", absl::StripAsciiWhitespace(*token));
}

// Warms up, counts for a while, and stops, while the threads run. With
// `running`, how many of them there are, it ends when there is none.
absl::Status Count(const LoadOptions& options, const Clock& clock,
                   const std::atomic<size_t>* running, Phase* phase,
                   Result* result) {
  absl::SleepFor(options.warm_up);
  absl::StatusOr<ProcessUsage> before = ReadUsage(options.pids);
  const SteadyTime begun = clock.SteadyNow();
  const absl::Duration own_before = OwnCpu();
  phase->Measure();
  if (running == nullptr) {
    absl::SleepFor(options.time);
  } else {
    while (*running > 0 && clock.SteadyNow() - begun < options.time) {
      absl::SleepFor(kPoll);
    }
  }
  phase->Stop();
  result->counted = clock.SteadyNow() - begun;
  result->own_cpu = OwnCpu() - own_before;
  absl::StatusOr<ProcessUsage> after = ReadUsage(options.pids);
  if (!before.ok()) return before.status();
  if (!after.ok()) return after.status();
  result->used = *after;
  result->used.cpu -= before->cpu;
  return absl::OkStatus();
}

absl::StatusOr<Result> RunUnary(const LoadOptions& options,
                                const Channels& channels, const Clock& clock) {
  absl::StatusOr<std::string> authorization = Authorization(options);
  if (!authorization.ok()) return authorization.status();
  Phase phase;
  SharedRequests shared;
  std::vector<std::unique_ptr<UnaryLoad>> loads;
  size_t slot = 0;
  const size_t count = std::min(options.threads, options.in_flight);
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<std::unique_ptr<RequestSource>> source =
        NewRequestSource(options, i, &shared);
    if (!source.ok()) return source.status();
    Channels own;
    for (size_t c = i % channels.size(); c < channels.size(); c += count) {
      own.push_back(channels[c]);
    }
    UnaryLoad::Options each;
    each.first_slot = slot;
    each.slots = options.in_flight / count + (i < options.in_flight % count);
    each.authorization = *authorization;
    slot += each.slots;
    loads.push_back(std::make_unique<UnaryLoad>(
        std::move(each), own, *std::move(source), &phase, &clock));
  }
  std::atomic<size_t> running{loads.size()};
  // What is made must all be counted.
  if (options.operation == kCreate) phase.Measure();
  std::vector<std::thread> threads;
  for (const std::unique_ptr<UnaryLoad>& load : loads) {
    threads.emplace_back([&load, &running] {
      load->Run();
      --running;
    });
  }
  Result result;
  absl::Status counted =
      Count(options, clock, options.operation == kCreate ? &running : nullptr,
            &phase, &result);
  for (std::thread& thread : threads) thread.join();
  if (!counted.ok()) return counted;
  for (const std::unique_ptr<UnaryLoad>& load : loads) {
    result.counts.Merge(load->counts());
  }
  return result;
}

absl::StatusOr<Result> RunWatch(LoadOptions options, const Channels& channels,
                                const Clock& clock) {
  options.operation = "add-version-by-slot";
  absl::StatusOr<std::unique_ptr<RequestSource>> source =
      NewRequestSource(options, 0, nullptr);
  if (!source.ok()) return source.status();
  Phase phase;
  WatchLoad::Options each;
  each.slots = options.in_flight;
  each.streams = options.streams;
  each.first_secret = options.first;
  WatchLoad load(each, channels, *std::move(source), &phase, &clock);
  absl::Status open = load.Open();
  if (!open.ok()) return open;
  std::thread thread([&load] { load.Run(); });
  Result result;
  absl::Status counted = Count(options, clock, nullptr, &phase, &result);
  thread.join();
  if (!counted.ok()) return counted;
  result.counts.Merge(load.counts());
  return result;
}

absl::StatusOr<Result> Run(const LoadOptions& options) {
  const SystemClock clock;
  Channels channels;
  const size_t count = std::min(options.connections, options.in_flight);
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<std::shared_ptr<grpc::Channel>> channel =
        Connect(options, i);
    if (!channel.ok()) return channel.status();
    channels.push_back(*std::move(channel));
  }
  return options.operation == kWatch ? RunWatch(options, channels, clock)
                                     : RunUnary(options, channels, clock);
}

void Print(const Result& result) {
  const Histogram& latency = result.counts.latency;
  const auto micros = [&latency](double fraction) {
    return absl::ToDoubleMicroseconds(latency.Quantile(fraction));
  };
  nlohmann::json out;
  out["completed"] = latency.count();
  out["seconds"] = absl::ToDoubleSeconds(result.counted);
  out["p50_us"] = micros(0.5);
  out["p99_us"] = micros(0.99);
  out["p999_us"] = micros(0.999);
  out["failed"] = result.counts.failed;
  if (result.counts.failed > 0) {
    out["first_failure"] = result.counts.first_failure.ToString();
  }
  out["cpu_s"] = absl::ToDoubleSeconds(result.used.cpu);
  out["own_cpu_s"] = absl::ToDoubleSeconds(result.own_cpu);
  out["rss_bytes"] = result.used.resident_bytes;
  // What a server says of a failure may be any bytes.
  std::printf("%s\n",
              out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
                  .c_str());
}

int Main(int argc, char** argv) {
  LoadOptions options;
  double seconds = 2;
  double warm_up = 0.5;
  std::vector<std::string> operations = KnownOperations();
  operations.push_back(kWatch);

  CLI::App app("A closed loop of calls of one operation.", "bench_load");
  app.add_option("--address", options.address, "HOST:PORT")->required();
  app.add_option("--server-id", options.server_id, "its SPIFFE id")->required();
  app.add_option("--ca", options.authorities, "file of authorities")
      ->required();
  app.add_option("--cert", options.certificate, "file of the certificate");
  app.add_option("--key", options.key, "file of its key");
  app.add_option("--token", options.token, "file of a bearer token");
  app.add_option("--operation", options.operation)
      ->required()
      ->check(CLI::IsMember(operations));
  app.add_option("--in-flight", options.in_flight)->check(CLI::Range(1, 1024));
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 64));
  app.add_option("--connections", options.connections)
      ->check(CLI::Range(1, 64));
  app.add_option("--seconds", seconds)->check(CLI::Range(0.01, kMaxSeconds));
  app.add_option("--warm-up", warm_up)->check(CLI::Range(0.0, kMaxSeconds));
  app.add_option("--first", options.first, "number of the first secret");
  app.add_option("--secrets", options.secrets, "how many are used or made")
      ->check(CLI::Range(1, 10000000));
  app.add_option("--payload-bytes", options.payload_bytes)
      ->check(CLI::Range(1, 65536));
  app.add_option("--streams", options.streams)->check(CLI::Range(1, 256));
  app.add_option("--pids", options.pids, "processes to measure")
      ->delimiter(',');
  // CLI11 tells of everything, help included, by an exception.
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  if (!absl::StartsWith(options.address, kLoopback)) {
    std::fprintf(stderr, "bench_load: --address: must be 127.0.0.1:PORT\n");
    return 2;
  }
  options.time = absl::Seconds(seconds);
  if (options.operation != kCreate) options.warm_up = absl::Seconds(warm_up);

  const absl::StatusOr<Result> result = Run(options);
  if (!result.ok()) {
    std::fprintf(stderr, "bench_load: %s\n",
                 result.status().ToString().c_str());
    return 1;
  }
  Print(*result);
  return 0;
}

}  // namespace
}  // namespace keyward::bench

int main(int argc, char** argv) { return keyward::bench::Main(argc, argv); }
