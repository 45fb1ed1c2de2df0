// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/kv.h"

#include <utility>

#include "libs/kv/result_slot.h"

namespace keyward::kv {
std::string KeyAfter(absl::string_view key) {
  std::string after(key);
  after.push_back('\0');
  return after;
}

std::string PrefixEnd(absl::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    const auto last = static_cast<unsigned char>(end.back());
    if (last != 0xff) {
      end.back() = static_cast<char>(last + 1);
      return end;
    }
    end.pop_back();
  }
  return end;
}

CommitResult KeyValueStore::CommitAndWait(Transaction txn,
                                          const CommitOptions& options) {
  auto slot = std::make_shared<ResultSlot>();
  Commit(std::move(txn), options,
         [slot](CommitResult result) { slot->Set(std::move(result)); });
  return slot->Await(kMaxBlockingWait);
}

CommitResult KeyValueStore::SettleAndWait(const TransactionId& id,
                                          const CommitOptions& options) {
  auto slot = std::make_shared<ResultSlot>();
  Settle(id, options,
         [slot](CommitResult result) { slot->Set(std::move(result)); });
  return slot->Await(kMaxBlockingWait);
}

}  // namespace keyward::kv
