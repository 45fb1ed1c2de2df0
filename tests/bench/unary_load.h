// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_BENCH_UNARY_LOAD_H_
#define KEYWARD_TESTS_BENCH_UNARY_LOAD_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "grpcpp/channel.h"
#include "grpcpp/completion_queue.h"
#include "libs/base/clock.h"
#include "tests/bench/request_source.h"
#include "tests/bench/tally.h"

namespace keyward::bench {

// A closed loop on one thread: so many unary calls are under way at all times,
// and each that ends begins the next. Over raw bytes, as the echo server
// answers them, so that what is measured is the server.
class UnaryLoad {
 public:
  struct Options {
    // The slots of this thread: `first_slot` to `first_slot + slots - 1`.
    size_t first_slot = 0;
    size_t slots = 1;
    // The value of the header `authorization`; none if empty.
    std::string authorization;
  };

  // The calls go to the channels in turn. `phase` and `clock` outlive it.
  UnaryLoad(Options options,
            const std::vector<std::shared_ptr<grpc::Channel>>& channels,
            std::unique_ptr<RequestSource> source, const Phase* phase,
            const Clock* clock);
  ~UnaryLoad();

  UnaryLoad(const UnaryLoad&) = delete;
  UnaryLoad& operator=(const UnaryLoad&) = delete;

  // Runs until the phase is stopped, or the source has no more requests, and
  // every call has ended: kCallTime after that at the latest. Once.
  void Run();

  // After Run.
  const Counts& counts() const { return tally_.counts(); }

 private:
  struct Call;

  void Begin(Call* call);
  void End(Call* call);

  const Options options_;
  const std::unique_ptr<RequestSource> source_;
  const Phase* const phase_;
  const Clock* const clock_;
  grpc::CompletionQueue queue_;
  std::vector<std::unique_ptr<Call>> calls_;
  size_t open_ = 0;
  Tally tally_;
};

}  // namespace keyward::bench

#endif  // KEYWARD_TESTS_BENCH_UNARY_LOAD_H_
