// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_FAKE_LOG_STORE_H_
#define KEYWARD_LIBS_AUDIT_FAKE_LOG_STORE_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "libs/audit/append_plan.h"
#include "libs/audit/tile.h"
#include "libs/kv/kv.h"

namespace keyward::audit {

// A log in memory whose every byte a test may change. It is written by the
// production code's plans and read through the state layer's interface. Not
// thread-safe.
class FakeLogStore final : public kv::KeyValueReader {
 public:
  // An empty log.
  FakeLogStore();

  // Appends `leaves` as one batch, with the intents that their entries open
  // and close and the fence that their in-force records raise; leaves that are
  // no entries open and close nothing. Dies if a bound is violated.
  void Append(const std::vector<std::string>& leaves);

  const TileEdge& edge() const { return edge_; }

  // The records, for tests to damage.
  std::map<std::string, std::string>& records() { return records_; }

  absl::StatusOr<kv::Entry> Get(absl::string_view key) const override;
  std::vector<absl::StatusOr<kv::Entry>> GetMany(
      const std::vector<std::string>& keys) const override;
  absl::StatusOr<kv::RangeResult> Range(
      absl::string_view begin, absl::string_view end,
      const kv::RangeOptions& options) const override;
  absl::StatusOr<uint64_t> Revision() const override { return 1; }

 private:
  std::map<std::string, std::string> records_;
  TileEdge edge_;
  uint64_t fence_ = 0;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_FAKE_LOG_STORE_H_
