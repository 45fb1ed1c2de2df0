// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// What every engine must do: the tests of kv.h's contract, run against any
// engine by
//
//   INSTANTIATE_TEST_SUITE_P(RocksDb, KvContractTest,
//                            testing::Values(KvEngineFactory{...}));

#ifndef KEYWARD_LIBS_KV_KV_CONTRACT_TEST_SUITE_H_
#define KEYWARD_LIBS_KV_KV_CONTRACT_TEST_SUITE_H_

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "libs/kv/kv.h"
#include "libs/kv/transaction.h"
#include "libs/kv/writer_session.h"

namespace keyward::kv {

// One engine over empty state.
class KvEngine {
 public:
  virtual ~KvEngine() = default;
  virtual KeyValueStore* store() = 0;
  // Ends the store's process, however that is done, and begins another.
  virtual absl::Status Restart() = 0;
};

// Makes an engine with feeds for `feeds`.
using KvEngineFactory =
    std::function<std::unique_ptr<KvEngine>(std::vector<std::string> feeds)>;

class KvContractTest : public testing::TestWithParam<KvEngineFactory> {
 protected:
  void SetUp() override;

  KeyValueStore* store() { return engine_->store(); }

  // Restarts, with a new session.
  void Restart();

  // Commits under the test's session.
  CommitResult Commit(Transaction txn);
  // Puts the key, whatever it holds; the revision of that.
  uint64_t Put(absl::string_view key, absl::string_view value);
  void Delete(absl::string_view key);
  // The value at the key, or "<CODE>".
  std::string Value(absl::string_view key);
  // "k1=v1 k2=v2" of a range.
  std::string RangeText(const KeyValueReader& reader, absl::string_view begin,
                        absl::string_view end, RangeOptions options = {});

  std::unique_ptr<KvEngine> engine_;
  std::unique_ptr<WriterSession> session_;
};

}  // namespace keyward::kv

#endif  // KEYWARD_LIBS_KV_KV_CONTRACT_TEST_SUITE_H_
