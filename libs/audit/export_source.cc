// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/export_source.h"

#include "absl/strings/str_cat.h"

namespace keyward::audit {

absl::StatusOr<std::unique_ptr<ExportSource>> ExportSource::Open(
    std::istream* in) {
  absl::StatusOr<std::unique_ptr<ExportReader>> reader = ExportReader::Open(in);
  if (!reader.ok()) return reader.status();
  if ((*reader)->first_index() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("this export begins at leaf ", (*reader)->first_index(),
                     "; only one that begins at 0 can be verified"));
  }
  return std::unique_ptr<ExportSource>(new ExportSource(*std::move(reader)));
}

absl::StatusOr<LeafChunk> ExportSource::Next() {
  absl::StatusOr<ExportBlock> block = reader_->Next();
  if (!block.ok()) return block.status();
  LeafChunk chunk;
  chunk.first_index = block->first_index;
  chunk.leaves = std::move(block->leaves);
  chunk.where = absl::StrCat("block ", block->first_index);
  return chunk;
}

absl::Status ExportSource::CheckTotals(const LogTotals& totals) {
  if (!reader_->checkpoint().empty()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      "leaf ", totals.size, ": the checkpoint at the end is missing"));
}

}  // namespace keyward::audit
