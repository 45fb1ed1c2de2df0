// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Checks histories that a run has kept (history.h) once more:
//
//   history_checker FILE
//
// Exits 1 if one cannot be explained, 2 if the file is none.

#include <fstream>
#include <iostream>

#include "tests/fault/load/checker.h"
#include "tests/fault/load/history.h"

int main(int argc, char** argv) {
  using keyward::fault::Verdict;
  std::ifstream in(argc == 2 ? argv[1] : "");
  if (!in) {
    std::cerr << "usage: history_checker FILE\n";
    return 2;
  }
  const auto histories = keyward::fault::ParseHistories(in);
  if (!histories.ok()) {
    std::cerr << histories.status().message() << "\n";
    return 2;
  }
  int unexplained = 0;
  for (const keyward::fault::History& history : *histories) {
    const Verdict verdict = keyward::fault::CheckHistory(history);
    const bool explained = verdict.answer == Verdict::Answer::kLinearizable;
    unexplained += explained ? 0 : 1;
    std::cout << history.secret << ": "
              << (explained ? "can be explained" : verdict.explanation) << "\n";
  }
  return unexplained == 0 ? 0 : 1;
}
