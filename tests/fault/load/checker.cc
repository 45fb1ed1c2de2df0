// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/checker.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "tests/fault/load/secret_model.h"

namespace keyward::fault {
namespace {

using Answer = Verdict::Answer;

// The operations that matter, by their starts.
std::vector<Operation> Relevant(const History& history) {
  std::vector<Operation> operations;
  for (const Operation& operation : history.operations) {
    if (operation.outcome == Outcome::kRefused) continue;
    // Nobody was told anything by a read without an answer.
    const bool reads =
        operation.kind == Kind::kRead || operation.kind == Kind::kList;
    if (reads && operation.outcome == Outcome::kUnknown) continue;
    operations.push_back(operation);
  }
  std::stable_sort(
      operations.begin(), operations.end(),
      [](const Operation& a, const Operation& b) { return a.start < b.start; });
  return operations;
}

bool IsKnown(const Operation& operation) {
  return operation.outcome != Outcome::kUnknown;
}

class Search {
 public:
  Search(std::vector<Operation> operations, size_t max_configurations)
      : operations_(std::move(operations)),
        max_configurations_(max_configurations),
        placed_(operations_.size(), false) {
    to_place_ = std::count_if(operations_.begin(), operations_.end(), IsKnown);
  }

  Verdict Run() {
    Verdict verdict;
    const bool found = PlaceRest();
    verdict.answer = found   ? Answer::kLinearizable
                     : full_ ? Answer::kUndecided
                             : Answer::kViolation;
    verdict.configurations = seen_.size();
    if (!found) verdict.explanation = full_ ? "the search is full" : deepest_;
    return verdict;
  }

 private:
  // Whether what is not placed yet can follow what is.
  bool PlaceRest() {
    if (to_place_ == 0) return true;
    if (!seen_.insert(Configuration()).second) return false;
    if (seen_.size() > max_configurations_) {
      full_ = true;
      return false;
    }
    const std::vector<size_t> candidates = Candidates();
    NoteHowFar(candidates);
    for (const size_t candidate : candidates) {
      Change change;
      if (!Place(candidate, &change)) continue;
      if (PlaceRest()) return true;
      if (full_) return false;
      TakeBack(candidate, change);
    }
    return false;
  }

  // What can be next, what is likely before what is not: a known operation
  // that ends first, and an unknown one only when nothing else explains an
  // answer.
  std::vector<size_t> Candidates() const {
    std::vector<size_t> candidates;
    std::vector<size_t> unknown;
    int64_t first_end = kNever;
    for (size_t i = first_left_; i < operations_.size(); ++i) {
      if (operations_[i].start > first_end) break;
      if (placed_[i]) continue;
      if (!IsKnown(operations_[i])) {
        unknown.push_back(i);
        continue;
      }
      first_end = std::min(first_end, operations_[i].end);
      candidates.push_back(i);
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [this](size_t a, size_t b) {
                       return operations_[a].end < operations_[b].end;
                     });
    candidates.insert(candidates.end(), unknown.begin(), unknown.end());
    return candidates;
  }

  bool Place(size_t index, Change* change) {
    const Operation& operation = operations_[index];
    const bool known = IsKnown(operation);
    if (known && !Fits(model_, operation)) return false;
    *change = Make(operation, &model_);
    if (!known && change->what == Change::What::kNothing) return false;
    placed_[index] = true;
    to_place_ -= known ? 1 : 0;
    while (first_left_ < placed_.size() && placed_[first_left_]) ++first_left_;
    return true;
  }

  void TakeBack(size_t index, const Change& change) {
    Undo(change, &model_);
    placed_[index] = false;
    to_place_ += IsKnown(operations_[index]) ? 1 : 0;
    first_left_ = std::min(first_left_, index);
  }

  // What is placed, and the state that it has led to, exactly.
  std::string Configuration() const {
    std::string bytes(1 + (placed_.size() + 7) / 8, '\0');
    bytes[0] = model_.granted ? 1 : 0;
    for (size_t i = 0; i < placed_.size(); ++i) {
      if (!placed_[i]) continue;
      bytes[1 + i / 8] = static_cast<char>(bytes[1 + i / 8] | 1 << i % 8);
    }
    for (const SecretModel::Version& version : model_.versions) {
      bytes.push_back(version.state);
      bytes.append(reinterpret_cast<const char*>(&version.value),
                   sizeof(version.value));
    }
    return bytes;
  }

  void NoteHowFar(const std::vector<size_t>& candidates) {
    if (!deepest_.empty() && to_place_ >= least_left_) return;
    least_left_ = to_place_;
    deepest_ =
        absl::StrCat("with ", to_place_, " known operations left, ",
                     model_.granted ? "granted" : "not granted", ", versions ",
                     StatesOf(model_), ", none of these can be next:");
    for (const size_t candidate : candidates) {
      absl::StrAppend(&deepest_, "\n  ",
                      FormatOperation(operations_[candidate]));
    }
  }

  const std::vector<Operation> operations_;
  const size_t max_configurations_;

  SecretModel model_;
  std::vector<bool> placed_;
  // Known operations that are not placed, and the first of all those.
  size_t to_place_ = 0;
  size_t first_left_ = 0;

  absl::flat_hash_set<std::string> seen_;
  bool full_ = false;
  size_t least_left_ = 0;
  std::string deepest_;
};

// The history as if everyone were allowed everything.
History WithoutPolicy(const History& history) {
  History without = {history.secret, {}};
  for (Operation operation : history.operations) {
    const bool policy =
        operation.kind == Kind::kGrant || operation.kind == Kind::kRevoke;
    if (policy || operation.outcome == Outcome::kDenied) continue;
    operation.guest = false;
    without.operations.push_back(std::move(operation));
  }
  return without;
}

Verdict Decide(const History& history, const CheckLimits& limits) {
  std::vector<Operation> operations = Relevant(history);
  if (operations.size() > limits.max_operations) {
    Verdict verdict;
    verdict.explanation =
        absl::StrCat(operations.size(), " operations are too many");
    return verdict;
  }
  return Search(std::move(operations), limits.max_configurations).Run();
}

}  // namespace

Verdict CheckHistory(const History& history, const CheckLimits& limits) {
  Verdict verdict = Decide(history, limits);
  if (verdict.answer == Answer::kViolation) {
    const Verdict without = Decide(WithoutPolicy(history), limits);
    verdict.promise = without.answer == Answer::kLinearizable ? "P2" : "P4";
  }
  return verdict;
}

}  // namespace keyward::fault
