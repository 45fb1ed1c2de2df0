// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Decides whether what concurrent callers were told of one secret can be
// explained by some order of their operations, one after the other, in which
// each stands between its start and its end: linearizability (Herlihy and Wing
// 1990), by the search of Wing and Gong with the memory of Lowe.
//
// It is complete: a history is called a violation only if there is no such
// order, and linearizable only if one was found.
//
//   - A secret with its binding is an object of its own: no operation on it
//     depends on another secret. A history of many objects is linearizable
//     exactly if that of each is (Herlihy and Wing, theorem 1).
//   - An operation whose outcome is unknown never ended: it may stand anywhere
//     after its start, or nowhere.
//   - A refusal that tells nothing has had no effect and is left out. Had it
//     one, some other answer could not be explained.
//   - At each step every operation is tried that can be next: those that
//     started before the first end of what is still to be placed. Orders are
//     left out in two cases. The same operations in another order have led to
//     the same state before: then whatever could follow was tried there. Or an
//     operation of unknown outcome would change nothing where it is placed:
//     then the same order without it explains as much.
//
// What bounds the search is how the load is made: few callers use a secret at
// once, it is retired after some hundred operations, and sooner if many of
// them are unknown. If it is not enough, the answer is kUndecided, which is no
// success.

#ifndef KEYWARD_TESTS_FAULT_LOAD_CHECKER_H_
#define KEYWARD_TESTS_FAULT_LOAD_CHECKER_H_

#include <cstddef>
#include <string>

#include "tests/fault/load/history.h"

namespace keyward::fault {

struct CheckLimits {
  // A longer history is kUndecided: each operation is a call on the stack.
  size_t max_operations = 4000;
  // The sets of placed operations, each with its state, that are remembered.
  size_t max_configurations = 1'000'000;
};

struct Verdict {
  enum class Answer { kLinearizable, kViolation, kUndecided };

  Answer answer = Answer::kUndecided;
  // Of kViolation: the promise that is broken. P2 if an order exists once
  // nobody asks who was granted what, else P4.
  std::string promise;
  // For people: how far the best order got and what could not follow, or which
  // limit was met.
  std::string explanation;
  size_t configurations = 0;
};

// Pure, and safe for concurrent use.
Verdict CheckHistory(const History& history, const CheckLimits& limits = {});

}  // namespace keyward::fault

#endif  // KEYWARD_TESTS_FAULT_LOAD_CHECKER_H_
