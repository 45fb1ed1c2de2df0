// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_EXPORT_SOURCE_H_
#define KEYWARD_LIBS_AUDIT_EXPORT_SOURCE_H_

#include <istream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "libs/audit/export_file.h"
#include "libs/audit/leaf_source.h"

namespace keyward::audit {

// An export, to be verified.
class ExportSource final : public LeafSource {
 public:
  // `in` is not owned and outlives the source. INVALID_ARGUMENT as
  // ExportReader::Open, and if the export does not begin with the log's first
  // leaf: a part has no root of its own.
  static absl::StatusOr<std::unique_ptr<ExportSource>> Open(std::istream* in);

  absl::StatusOr<LeafChunk> Next() override;
  // The reader has compared each leaf with its hash already.
  absl::Status CheckTile(const Tile&) override { return absl::OkStatus(); }
  // DATA_LOSS if the export has no checkpoint: it would prove nothing.
  absl::Status CheckTotals(const LogTotals& totals) override;
  std::string own_checkpoint() const override { return reader_->checkpoint(); }

 private:
  explicit ExportSource(std::unique_ptr<ExportReader> reader)
      : reader_(std::move(reader)) {}

  const std::unique_ptr<ExportReader> reader_;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_EXPORT_SOURCE_H_
