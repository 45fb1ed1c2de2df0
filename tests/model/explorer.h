// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Visits every state that a model can reach, breadth first, so that the first
// state found that violates a property is one of the nearest, and the way to it
// the shortest.
//
//   struct CounterState { uint8_t count; uint8_t violation; };
//   class Counter {
//    public:
//     using State = CounterState;
//     State Initial() const;
//     void Steps(const State& state, Emit<State>& emit) const {
//       State next = state;
//       ++next.count;
//       emit(next, [&] { return absl::StrCat("counts to ", next.count); });
//     }
//     uint8_t AtEnd(const State& state) const;
//   };
//   Exploration found = Explore(Counter(), Limits());
//
// A state is a plain value without padding, compared and hashed by its bytes:
// two states that mean the same should have the same bytes, so that what is
// over and done with is set to zero. `violation` is 0, or the number of the
// property that the step into this state violates. AtEnd answers the number of
// the property that a state without steps violates, 0 if it violates none.

#ifndef KEYWARD_TESTS_MODEL_EXPLORER_H_
#define KEYWARD_TESTS_MODEL_EXPLORER_H_

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/hash/hash.h"
#include "absl/strings/string_view.h"

namespace keyward::model {

// What a model's Steps are given to: each state that the next step may lead to,
// and a function that says in words what the step is.
template <typename State>
class Emit {
 public:
  // Called for each state.
  template <typename Sink>
  explicit Emit(Sink* sink)
      : sink_(sink), call_([](void* sink, const State& next) {
          (*static_cast<Sink*>(sink))(next);
        }) {}
  // Looks for the step to `wanted`, and puts its words into `words`.
  Emit(const State* wanted, std::string* words)
      : wanted_(wanted), words_(words) {}

  template <typename Words>
  void operator()(const State& next, Words&& words) {
    if (call_ != nullptr) return call_(sink_, next);
    if (words_->empty() && std::memcmp(wanted_, &next, sizeof(State)) == 0) {
      *words_ = words();
    }
  }

 private:
  void* sink_ = nullptr;
  void (*call_)(void*, const State&) = nullptr;
  const State* wanted_ = nullptr;
  std::string* words_ = nullptr;
};

struct Limits {
  // More states end the exploration, which then has shown nothing.
  uint32_t max_states = 6'000'000;
};

struct Exploration {
  uint32_t states = 0;
  uint64_t steps = 0;
  // The violated property, and the steps that lead there. 0: none is violated.
  uint8_t violation = 0;
  std::vector<std::string> trace;
  // False if Limits ended it before all states were seen or one violated.
  bool complete = true;
};

// States by number, and the number of a state.
template <typename State>
class StateSet {
 public:
  StateSet() : slots_(1 << 12, 0) {}

  uint32_t size() const { return static_cast<uint32_t>(parents_.size()); }
  const State& operator[](uint32_t number) const {
    return chunks_[number / kChunk][number % kChunk];
  }
  uint32_t parent(uint32_t number) const { return parents_[number]; }

  // False if it was there before.
  bool Insert(const State& state, uint32_t parent) {
    if (2 * (parents_.size() + 1) > slots_.size()) Grow();
    uint32_t* slot = Find(state);
    if (*slot != 0) return false;
    if (parents_.size() % kChunk == 0) {
      chunks_.emplace_back();
      chunks_.back().reserve(kChunk);
    }
    chunks_.back().push_back(state);
    parents_.push_back(parent);
    *slot = size();  // numbers begin at 0, and 0 is an empty slot
    return true;
  }

 private:
  static constexpr size_t kChunk = 1 << 14;

  static size_t HashOf(const State& state) {
    return absl::HashOf(absl::string_view(reinterpret_cast<const char*>(&state),
                                          sizeof(State)));
  }

  // The slot that holds the state, or the empty one where it belongs.
  uint32_t* Find(const State& state) {
    const size_t mask = slots_.size() - 1;
    for (size_t at = HashOf(state) & mask;; at = (at + 1) & mask) {
      const uint32_t held = slots_[at];
      if (held == 0) return &slots_[at];
      if (std::memcmp(&(*this)[held - 1], &state, sizeof(State)) == 0) {
        return &slots_[at];
      }
    }
  }

  void Grow() {
    slots_.assign(2 * slots_.size(), 0);
    const size_t mask = slots_.size() - 1;
    for (uint32_t number = 0; number < size(); ++number) {
      size_t at = HashOf((*this)[number]) & mask;
      while (slots_[at] != 0) at = (at + 1) & mask;
      slots_[at] = number + 1;
    }
  }

  // In chunks, so that growing moves no state and takes no second copy.
  std::vector<std::vector<State>> chunks_;
  std::vector<uint32_t> parents_;
  std::vector<uint32_t> slots_;
};

// The steps from the first state to that of `number`, in words.
template <typename Model>
std::vector<std::string> TraceTo(const Model& model,
                                 const StateSet<typename Model::State>& states,
                                 uint32_t number) {
  using State = typename Model::State;
  std::vector<std::string> trace;
  for (uint32_t at = number; at != 0; at = states.parent(at)) {
    std::string words;
    Emit<State> emit(&states[at], &words);
    model.Steps(states[states.parent(at)], emit);
    trace.push_back(words);
  }
  std::reverse(trace.begin(), trace.end());
  return trace;
}

template <typename Model>
Exploration Explore(const Model& model, const Limits& limits) {
  using State = typename Model::State;
  static_assert(std::is_trivially_copyable_v<State> &&
                    std::has_unique_object_representations_v<State>,
                "a state is compared by its bytes");
  Exploration found;
  StateSet<State> states;
  states.Insert(model.Initial(), 0);
  for (uint32_t at = 0; at < states.size() && found.violation == 0; ++at) {
    // A copy, whatever inserting does to where states are kept.
    const State state = states[at];
    bool stepped = false;
    auto take = [&](const State& next) {
      stepped = true;
      ++found.steps;
      if (found.violation != 0 || !states.Insert(next, at)) return;
      found.violation = next.violation;
      if (next.violation == 0) return;
      found.trace = TraceTo(model, states, states.size() - 1);
    };
    Emit<State> emit(&take);
    model.Steps(state, emit);
    if (!stepped) {
      found.violation = model.AtEnd(state);
      if (found.violation != 0) found.trace = TraceTo(model, states, at);
    }
    if (states.size() > limits.max_states) {
      found.complete = found.violation != 0;
      break;
    }
  }
  found.states = states.size();
  return found;
}

}  // namespace keyward::model

#endif  // KEYWARD_TESTS_MODEL_EXPLORER_H_
