// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_BENCH_LOAD_OPTIONS_H_
#define KEYWARD_TESTS_BENCH_LOAD_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace keyward::bench {

// What a call may take. Slower ones count as failed.
inline constexpr absl::Duration kCallTime = absl::Seconds(10);

// Names in one batch, and secrets on one page.
inline constexpr size_t kBatchNames = 20;
inline constexpr size_t kPageSecrets = 100;

// What one run of the load generator does.
struct LoadOptions {
  // Where to, HOST:PORT, and the SPIFFE id that is expected there.
  std::string address;
  std::string server_id;
  // Files: the authorities; the caller's certificate and key, or none and a
  // bearer token.
  std::string authorities;
  std::string certificate;
  std::string key;
  std::string token;

  // One of KnownOperations().
  std::string operation;
  // Calls that are always under way.
  size_t in_flight = 1;
  // Threads and connections that they are divided among, one thread for a
  // watch; never more than calls in flight.
  size_t threads = 2;
  size_t connections = 4;
  // Load before anything is counted, and load that is.
  absl::Duration warm_up;
  absl::Duration time;

  // Secrets `first` to `first + secrets - 1` are used, or made by `create`.
  uint64_t first = 0;
  uint64_t secrets = 1;
  // Of a secret's value, and of an echo.
  size_t payload_bytes = 256;
  // Watches that are open at once.
  size_t streams = 100;

  // Processes whose CPU time and memory are measured.
  std::vector<int> pids;
};

}  // namespace keyward::bench

#endif  // KEYWARD_TESTS_BENCH_LOAD_OPTIONS_H_
