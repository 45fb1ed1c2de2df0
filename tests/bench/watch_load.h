// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_BENCH_WATCH_LOAD_H_
#define KEYWARD_TESTS_BENCH_WATCH_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "grpcpp/completion_queue.h"
#include "grpcpp/support/byte_buffer.h"
#include "libs/base/clock.h"
#include "tests/bench/request_source.h"
#include "tests/bench/tally.h"

namespace keyward::bench {

// A closed loop of changes that many watches see: each call in flight adds a
// version to a secret of its own, and its next one begins when it was answered
// and every stream has told of it. What is counted is a change that arrived on
// a stream, and how long after its call began.
class WatchLoad {
 public:
  struct Options {
    size_t slots = 1;
    size_t streams = 100;
    // The number of the first slot's secret.
    uint64_t first_secret = 0;
  };

  // `source` adds versions by slot. The calls and streams go to the channels in
  // turn. `phase` and `clock` outlive it.
  WatchLoad(const Options& options,
            std::vector<std::shared_ptr<grpc::Channel>> channels,
            std::unique_ptr<RequestSource> source, const Phase* phase,
            const Clock* clock);
  ~WatchLoad();

  WatchLoad(const WatchLoad&) = delete;
  WatchLoad& operator=(const WatchLoad&) = delete;

  // Asks from where on to watch, and opens the streams. An error if one cannot
  // be opened. Before Run.
  absl::Status Open();

  // Runs until the phase is stopped. A change that does not reach every stream
  // within kCallTime ends the run as a failure. Once.
  void Run();

  // After Run.
  const Counts& counts() const { return tally_.counts(); }

 private:
  class Completion;
  class Stream;
  class Change;

  absl::StatusOr<std::string> AskPosition();
  // Waits for one completion, and acts on it. False if none came in kCallTime.
  bool Step();
  // An event arrived on a stream.
  void Arrived(const grpc::ByteBuffer& answer);
  // A stream is over, or was not to be opened.
  void Ended(const absl::Status& status);
  void Close();

  const Options options_;
  const std::vector<std::shared_ptr<grpc::Channel>> channels_;
  const std::unique_ptr<RequestSource> source_;
  const Phase* const phase_;
  const Clock* const clock_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Stream>> streams_;
  std::vector<std::unique_ptr<Change>> changes_;
  size_t open_streams_ = 0;
  size_t open_calls_ = 0;
  bool closing_ = false;
  Tally tally_;
};

}  // namespace keyward::bench

#endif  // KEYWARD_TESTS_BENCH_WATCH_LOAD_H_
