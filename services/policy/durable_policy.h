// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_POLICY_DURABLE_POLICY_H_
#define KEYWARD_SERVICES_POLICY_DURABLE_POLICY_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/container/btree_map.h"
#include "libs/policy/policy_model.h"
#include "proto/keyward/internal/policy/v1/policy_record.pb.h"

namespace keyward::policy_service {

using DeletionRecord = keyward::internal::policy::v1::DeletionRecord;

// The newest durable policy with what else stands on disk beside it. A value;
// safe for concurrent use as a const object.
struct DurablePolicy {
  // Never null; revision 0 if the folder is new.
  std::shared_ptr<const policy::PolicyState> state =
      std::make_shared<policy::PolicyState>();
  // By parent: the revision at which its entries last changed.
  absl::btree_map<std::string, uint64_t> generations;
  // By project name: deletions that are under way.
  absl::btree_map<std::string, DeletionRecord> deletions;

  uint64_t revision() const { return state->revision(); }

  // 0 for a parent that never had any entry.
  uint64_t GenerationOf(const std::string& parent) const {
    const auto found = generations.find(parent);
    return found == generations.end() ? 0 : found->second;
  }
};

}  // namespace keyward::policy_service

#endif  // KEYWARD_SERVICES_POLICY_DURABLE_POLICY_H_
