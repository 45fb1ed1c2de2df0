// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/checkpoint_size.h"

#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

namespace keyward::store {

absl::StatusOr<uint64_t> CheckpointSize(absl::string_view note) {
  const absl::Status refusal =
      absl::InvalidArgumentError("checkpoint: must be a signed note");
  if (note.size() > kMaxCheckpointBytes) return refusal;
  const std::vector<absl::string_view> lines =
      absl::StrSplit(note, absl::MaxSplits('\n', 3));
  if (lines.size() < 4 || lines[0].empty() || lines[1].empty() ||
      lines[2].empty()) {
    return refusal;
  }
  // One spelling only: no sign, no space, no leading zero.
  for (const char c : lines[1]) {
    if (!absl::ascii_isdigit(static_cast<unsigned char>(c))) return refusal;
  }
  if (lines[1].size() > 1 && lines[1].front() == '0') return refusal;
  uint64_t size = 0;
  if (!absl::SimpleAtoi(lines[1], &size)) return refusal;
  return size;
}

}  // namespace keyward::store
