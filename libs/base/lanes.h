// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_LANES_H_
#define KEYWARD_LIBS_BASE_LANES_H_

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "libs/base/mutex.h"

namespace keyward {

// Lets those that ask for one lane, by its name, take turns in the order they
// came.
//
// For work that would otherwise compete and be done in vain: of 64 changes of
// one record that start together one would be made and 63 refused, read again,
// encrypted again, and so on; with turns each is made at the first attempt.
// Nothing rests on this for correctness: other processes do not wait for these
// turns, and a transaction's preconditions find them out.
//
// It has no thread: a turn begins on the thread that asks for it, or on the
// one that ends the turn before.
//
// Thread-safe. The destructor waits until no turn is taken or waited for;
// every turn must end by itself before long.
class Lanes {
 private:
  struct Lane;

 public:
  // Beyond this many that wait for one lane more are refused: they would not be
  // reached within their deadlines.
  static constexpr size_t kMaxWaiting = 4096;

  // A turn ends when it is destroyed. Movable, to be kept until a callback.
  // May be destroyed on any thread.
  class Turn {
   public:
    Turn(Turn&& other) noexcept = default;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class Lanes;
    Turn(Lanes* lanes, std::shared_ptr<Lane> lane)
        : lanes_(lanes), lane_(std::move(lane)) {}

    Lanes* lanes_;
    std::shared_ptr<Lane> lane_;  // Null if moved from.
  };

  using Task = absl::AnyInvocable<void(Turn)>;

  Lanes() = default;
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;
  ~Lanes();

  // Calls `task` when it is its turn, possibly before Run returns.
  // RESOURCE_EXHAUSTED, with `task` never called, if too many wait.
  absl::Status Run(const std::string& name, Task task);

 private:
  struct Lane {
    std::string name;
    std::deque<Task> waiting;
    // A turn is taken.
    bool taken = false;
    // A thread is in Pump for this lane. Whoever else finds work leaves it to
    // that thread, so that turns which end at once do not nest.
    bool pumping = false;
  };

  void Pump(std::shared_ptr<Lane> lane);
  void EndTurn(std::shared_ptr<Lane> lane);

  Mutex mu_;
  CondVar idle_;
  std::map<std::string, std::shared_ptr<Lane>> lanes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_LANES_H_
