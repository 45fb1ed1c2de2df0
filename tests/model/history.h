// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Decides, while a model runs, whether what its callers have been answered so
// far can be explained by an order of the calls, one after the other, in which
// each call stands between its start and its answer: linearizability.
//
// A history keeps every explanation that is left, as the state of a sequential
// specification and, of the calls that are not answered yet, those that the
// explanation has placed already, with the result that they must then answer.
// Calls are placed no earlier than an answer demands, which loses none.

#ifndef KEYWARD_TESTS_MODEL_HISTORY_H_
#define KEYWARD_TESTS_MODEL_HISTORY_H_

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace keyward::model {

// Calls are numbered from 0 to kMaxCalls - 1, results from 0 to kMaxResult.
inline constexpr int kMaxCalls = 8;
inline constexpr int kMaxResult = 6;

// Explanations of what has been answered. A plain value without padding, equal
// by its bytes if it holds the same explanations.
struct History {
  static constexpr int kMaxExplanations = 32;

  // Each: the specification's state in the low byte; above it 3 bits a call,
  // 0 if it is not placed, else its result + 1.
  uint32_t explanations[kMaxExplanations];
  uint32_t count;
};

inline History NewHistory(uint8_t state) {
  History history = {};
  history.explanations[0] = state;
  history.count = 1;
  return history;
}

inline int CallShift(int call) { return 8 + 3 * call; }
inline int PlacedResult(uint32_t explanation, int call) {
  return static_cast<int>((explanation >> CallShift(call)) & 7) - 1;
}

namespace internal {

template <typename Apply>
class Placing {
 public:
  Placing(const Apply& apply, uint32_t open, int call, uint8_t result,
          std::vector<uint32_t>* left)
      : apply_(apply), open_(open), call_(call), result_(result), left_(left) {}

  // All ways in which `call` answers `result` after the explanation.
  void From(uint32_t explanation) {
    const int placed = PlacedResult(explanation, call_);
    if (placed >= 0) {
      if (placed != result_) return;
      left_->push_back(explanation & ~(uint32_t{7} << CallShift(call_)));
      return;
    }
    for (int other = 0; other < kMaxCalls; ++other) {
      if ((open_ >> other & 1) == 0 || PlacedResult(explanation, other) >= 0) {
        continue;
      }
      uint8_t state = explanation & 0xff;
      const uint8_t result = apply_(other, &state);
      From((explanation & ~uint32_t{0xff}) | state |
           uint32_t{result + 1u} << CallShift(other));
    }
  }

 private:
  const Apply& apply_;
  const uint32_t open_;
  const int call_;
  const int result_;
  std::vector<uint32_t>* const left_;
};

}  // namespace internal

// Notes that `call` was answered `result`. `open` has a bit for each call that
// has started and is not answered, `call` among them. `apply(call, &state)` is
// the specification: it makes the call and answers its result. False if no
// explanation is left.
template <typename Apply>
bool Answered(uint32_t open, int call, uint8_t result, const Apply& apply,
              History* history) {
  std::vector<uint32_t> left;
  internal::Placing<Apply> placing(apply, open, call, result, &left);
  for (uint32_t i = 0; i < history->count; ++i) {
    placing.From(history->explanations[i]);
  }
  std::sort(left.begin(), left.end());
  left.erase(std::unique(left.begin(), left.end()), left.end());
  if (left.size() > History::kMaxExplanations) {
    // A bound of the checker's own: never an answer.
    std::fprintf(stderr, "too many explanations of a history: %zu\n",
                 left.size());
    std::abort();
  }
  *history = {};
  history->count = static_cast<uint32_t>(left.size());
  std::copy(left.begin(), left.end(), history->explanations);
  return history->count > 0;
}

// Notes that `call` will never be answered and has had no effect: explanations
// that placed it are none.
inline void GivenUp(int call, History* history) {
  History left = {};
  for (uint32_t i = 0; i < history->count; ++i) {
    const uint32_t explanation = history->explanations[i];
    if (PlacedResult(explanation, call) >= 0) continue;
    left.explanations[left.count++] = explanation;
  }
  *history = left;
}

}  // namespace keyward::model

#endif  // KEYWARD_TESTS_MODEL_HISTORY_H_
