// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/history.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace keyward::fault {
namespace {

constexpr std::array<absl::string_view, 8> kKinds = {
    "add", "read", "enable", "disable", "destroy", "grant", "revoke", "list"};
constexpr std::array<absl::string_view, 8> kOutcomes = {
    "done",      "denied",  "notfound", "disabled",
    "destroyed", "current", "refused",  "unknown"};

constexpr absl::string_view kSecret = "secret ";
constexpr absl::string_view kNeverText = "never";

// The index of `name` in `names`; their number if it is none of them.
template <size_t kSize>
size_t Find(const std::array<absl::string_view, kSize>& names,
            absl::string_view name) {
  for (size_t i = 0; i < kSize; ++i) {
    if (names[i] == name) return i;
  }
  return kSize;
}

bool ParseInterval(absl::string_view text, Operation* operation) {
  const std::pair<absl::string_view, absl::string_view> ends =
      absl::StrSplit(text, absl::MaxSplits("..", 1));
  if (!absl::SimpleAtoi(ends.first, &operation->start)) return false;
  if (ends.second == kNeverText) {
    operation->end = kNever;
    return true;
  }
  return absl::SimpleAtoi(ends.second, &operation->end);
}

// A word after the outcome, or between kind and interval.
bool ParseDetail(absl::string_view word, Operation* operation) {
  if (word == "allow_current") {
    operation->allow_current = true;
    return true;
  }
  const std::pair<absl::string_view, absl::string_view> detail =
      absl::StrSplit(word, absl::MaxSplits('=', 1));
  if (detail.first == "asked") {
    return absl::SimpleAtoi(detail.second, &operation->asked);
  }
  if (detail.first == "number") {
    return absl::SimpleAtoi(detail.second, &operation->number);
  }
  if (detail.first == "value") {
    return absl::SimpleHexAtoi(detail.second, &operation->value);
  }
  if (detail.first == "states") {
    operation->states = std::string(detail.second);
    return true;
  }
  return false;
}

bool ParseWords(const std::vector<absl::string_view>& words,
                Operation* operation) {
  if (words.size() < 5) return false;
  if (!absl::SimpleAtoi(words[0], &operation->caller)) return false;
  operation->guest = words[1] == "guest";
  if (!operation->guest && words[1] != "owner") return false;
  const size_t kind = Find(kKinds, words[2]);
  if (kind == kKinds.size()) return false;
  operation->kind = static_cast<Kind>(kind);
  size_t at = 3;
  while (at < words.size() && !absl::StrContains(words[at], "..")) {
    if (!ParseDetail(words[at++], operation)) return false;
  }
  if (at + 1 >= words.size() || !ParseInterval(words[at++], operation)) {
    return false;
  }
  const size_t outcome = Find(kOutcomes, words[at++]);
  if (outcome == kOutcomes.size()) return false;
  operation->outcome = static_cast<Outcome>(outcome);
  while (at < words.size()) {
    if (!ParseDetail(words[at++], operation)) return false;
  }
  return true;
}

}  // namespace

std::string FormatOperation(const Operation& operation) {
  std::string line =
      absl::StrCat(operation.caller, operation.guest ? " guest " : " owner ",
                   kKinds[static_cast<size_t>(operation.kind)]);
  if (operation.asked != 0) absl::StrAppend(&line, " asked=", operation.asked);
  if (operation.allow_current) absl::StrAppend(&line, " allow_current");
  absl::StrAppend(&line, " ", operation.start, "..");
  if (operation.end == kNever) {
    absl::StrAppend(&line, kNeverText);
  } else {
    absl::StrAppend(&line, operation.end);
  }
  absl::StrAppend(&line, " ",
                  kOutcomes[static_cast<size_t>(operation.outcome)]);
  if (operation.number != 0) {
    absl::StrAppend(&line, " number=", operation.number);
  }
  if (operation.value != 0) {
    absl::StrAppend(&line, " value=", absl::Hex(operation.value));
  }
  if (!operation.states.empty()) {
    absl::StrAppend(&line, " states=", operation.states);
  }
  return line;
}

absl::StatusOr<Operation> ParseOperation(absl::string_view line) {
  Operation operation;
  if (!ParseWords(absl::StrSplit(line, ' '), &operation)) {
    return absl::InvalidArgumentError(absl::StrCat("no operation: ", line));
  }
  return operation;
}

std::string FormatHistory(const History& history) {
  std::string text = absl::StrCat(kSecret, history.secret, "\n");
  for (const Operation& operation : history.operations) {
    absl::StrAppend(&text, FormatOperation(operation), "\n");
  }
  absl::StrAppend(&text, "\n");
  return text;
}

absl::StatusOr<std::vector<History>> ParseHistories(std::istream& in) {
  std::vector<History> histories;
  std::string line;
  bool open = false;
  for (int number = 1; std::getline(in, line); ++number) {
    absl::string_view rest = line;
    if (rest.empty()) {
      open = false;
    } else if (absl::ConsumePrefix(&rest, kSecret)) {
      histories.push_back({std::string(rest), {}});
      open = true;
    } else {
      absl::StatusOr<Operation> operation = ParseOperation(line);
      if (!open || !operation.ok()) {
        return absl::InvalidArgumentError(absl::StrCat(
            "line ", number, ": ",
            open ? operation.status().message() : "no secret is named"));
      }
      histories.back().operations.push_back(*std::move(operation));
    }
  }
  return histories;
}

}  // namespace keyward::fault
