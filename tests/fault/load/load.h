// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_FAULT_LOAD_LOAD_H_
#define KEYWARD_TESTS_FAULT_LOAD_LOAD_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "tests/fault/load/caller.h"
#include "tests/fault/load/checker.h"
#include "tests/fault/load/life.h"
#include "tests/fault/load/progress.h"
#include "tests/fault/load/record_book.h"

namespace keyward::fault {

struct LoadOptions {
  Place place;
  uint64_t seed = 0;
  // Secrets in use at once, each by two owners and two guests of its own:
  // `load-owner-N` and `load-guest-N`, N from 0 to below twice the slots. The
  // log is read, and what is retired swept, by `load-auditor`.
  int slots = 8;
  // After so many operations no more are made. 0: until End.
  uint64_t operations = 0;
  LifeBounds bounds;
};

// What was done and found so far.
struct Tally {
  uint64_t operations = 0;
  uint64_t secrets = 0;
  uint64_t versions = 0;  // acknowledged
  uint64_t reads = 0;     // answered with a value
  uint64_t denials = 0;
  uint64_t policy_changes = 0;
  uint64_t lost_answers = 0;  // found out by a repetition
  uint64_t unknown = 0;       // and not found out
  uint64_t swept = 0;         // versions read again later
  uint64_t entries = 0;       // of the log
  uint64_t open_intents = 0;
  uint64_t largest_search = 0;
  std::vector<Finding> findings;
};

// Callers in threads of their own that use secrets until they are told to stop,
// and the check of what they were told. They go on whatever happens to the
// services: what is away is waited for.
//
// Check and End are for one thread; both wait for as long as services are away,
// at most for Life::kPatience.
class Load {
 public:
  // `done` is called once, by some thread, after the last operation.
  static absl::StatusOr<std::unique_ptr<Load>> Start(
      const LoadOptions& options, std::function<void()> done);

  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;
  ~Load();

  // Retires the secrets that are in use and looks at all that was told since
  // the last check; then the load goes on.
  const Tally& Check();

  // The same without going on, and with a look at every version of every secret
  // once more. Intents that are open for longer than `age` are found.
  const Tally& End(absl::Duration age);

  // The histories in which something was found, as text.
  const std::string& suspicious() const { return suspicious_; }

 private:
  struct Slot;
  // What is left of a secret: its versions, and whether their states may still
  // change.
  struct Remains {
    std::string secret;
    std::string states;
    std::vector<uint64_t> values;
    bool settled = true;
  };

  Load(const LoadOptions& options, std::function<void()> done);

  absl::Status Connect();
  void RunSlot(Slot* slot);
  void Gather();
  void GatherOne(Retired retired, const Verdict& verdict);
  void CountOperations(const Retired& retired);
  void ReadLog();
  void Sweep(size_t secrets);
  void SweepBatch(const std::vector<ExpectedVersion>& batch);
  void Find(const std::string& promise, const std::string& what);

  const LoadOptions options_;
  const SystemClock clock_;
  Progress progress_;
  std::unique_ptr<Caller> auditor_;
  std::vector<std::unique_ptr<Slot>> slots_;
  // By Operation::caller.
  std::map<int, std::string> principals_;

  Mutex mu_;
  std::vector<std::pair<Retired, Verdict>> retired_ ABSL_GUARDED_BY(mu_);

  // Of the thread that checks.
  RecordBook book_;
  uint64_t next_entry_ = 0;
  std::vector<Remains> remains_;
  size_t swept_to_ = 0;
  Tally tally_;
  std::string suspicious_;
};

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_LOAD_H_
