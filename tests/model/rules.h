// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What the models have in common: the rules of the protocol that each can do
// without, the properties that it watches, and how one is checked.

#ifndef KEYWARD_TESTS_MODEL_RULES_H_
#define KEYWARD_TESTS_MODEL_RULES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "tests/model/explorer.h"

namespace keyward::model {

// A sentence of the protocol that a model keeps, or, as a variant, does not.
struct Rule {
  // In the model's enumeration.
  int number;
  // The variant's name.
  const char* name;
  // What keeps it, in the protocol's words.
  const char* sentence;
  // The code that keeps it, and the seed of tests/fault/seeds, without
  // ".patch", that takes it out of there; null where it is no line that could
  // be taken out, which the README explains.
  const char* file;
  const char* seed;
  // The properties that the variant violates. None: the README says what the
  // rule is for.
  std::vector<uint8_t> properties;
};

// Something that must hold in every state.
struct Property {
  uint8_t number;
  const char* name;
  const char* promise;
  const char* sentence;
};

// A bounded world in which a model is explored.
struct Setting {
  const char* name;
  // Only with --deep.
  bool deep;
  // What the names of its traces stand for; may be empty.
  std::string legend;
};

// What is explored of a setting.
struct Question {
  // A rule's number, or that none is left out.
  static constexpr int kNoRule = -1;
  int left_out = kNoRule;
  // A property's number, or that all are watched.
  static constexpr uint8_t kAll = 0;
  uint8_t watched = kAll;

  bool Watches(uint8_t property) const {
    return watched == kAll || watched == property;
  }
};

// One of the models, as the checker's main sees it.
struct ModelTable {
  const char* name;
  std::vector<Rule> rules;
  std::vector<Property> properties;
  std::vector<Setting> settings;
  // Explores the setting of that number.
  std::function<Exploration(size_t setting, const Question& question,
                            const Limits& limits)>
      explore;
};

ModelTable FenceTable();
ModelTable IntentTable();
ModelTable CommitTable();
ModelTable EngineTable();

}  // namespace keyward::model

#endif  // KEYWARD_TESTS_MODEL_RULES_H_
