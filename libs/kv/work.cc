// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/kv/work.h"

namespace keyward::kv {

size_t WorkBytes(const Work& work) {
  size_t bytes = sizeof(Work) + work.txn.txn_value.size();
  for (const Put& put : work.txn.puts) {
    bytes += put.key.size() + put.value.size();
  }
  for (const Delete& del : work.txn.deletes) bytes += del.key.size();
  for (const std::string& key : work.disk_keys) bytes += key.size();
  return bytes;
}

}  // namespace keyward::kv
