// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_EXPORT_FILE_H_
#define KEYWARD_LIBS_AUDIT_EXPORT_FILE_H_

#include <cstddef>
#include <cstdint>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// The file of `keyward audit export` (FORMAT.md): the leaves in blocks of 256,
// each block followed by its leaves' hashes, and at the end a checkpoint. The
// hashes prove nothing (the checkpoint does); they say where a file is damaged,
// which the root of a whole tree cannot.

// Writes an export, leaf after leaf, holding one block in memory. For use by
// one thread.
class ExportWriter {
 public:
  // Begins an export whose first leaf is `first_index`. `out` is not owned and
  // outlives the writer; opened binary.
  ExportWriter(std::ostream* out, uint64_t first_index);

  // Appends the next leaf. INVALID_ARGUMENT if it is empty or above
  // kMaxEntryBytes; RESOURCE_EXHAUSTED if it cannot be written.
  absl::Status Add(absl::string_view leaf);

  // Ends the export with `checkpoint`, a signed note; nothing may follow.
  // INVALID_ARGUMENT if it is above kMaxNoteBytes; RESOURCE_EXHAUSTED if it
  // cannot be written.
  absl::Status Finish(absl::string_view checkpoint);

  // The index that the next leaf will have.
  uint64_t next_index() const { return next_index_; }

 private:
  absl::Status Flush();
  absl::Status Write(absl::string_view bytes);

  std::ostream* const out_;
  uint64_t next_index_;
  std::string leaves_;
  std::string hashes_;
  uint16_t count_ = 0;
  absl::Status begun_;
};

// A block of an export.
struct ExportBlock {
  uint64_t first_index = 0;
  std::vector<std::string> leaves;
};

// Reads an export, holding one block in memory. For use by one thread.
class ExportReader {
 public:
  // Reads the beginning. `in` is not owned and outlives the reader.
  // INVALID_ARGUMENT if it is no export, or of a newer format.
  static absl::StatusOr<std::unique_ptr<ExportReader>> Open(std::istream* in);

  // The next block; without leaves at the end of the export, whose checkpoint
  // is then known. DATA_LOSS, with the index of the leaf, if the file is
  // damaged there: cut, or a leaf does not have the hash beside it, or there
  // is something behind the end.
  absl::StatusOr<ExportBlock> Next();

  uint64_t first_index() const { return first_index_; }

  // The signed note at the end. Only after Next has said that it is reached.
  const std::string& checkpoint() const { return checkpoint_; }

 private:
  explicit ExportReader(std::istream* in) : in_(in) {}

  absl::StatusOr<std::string> Read(size_t size);
  absl::StatusOr<uint16_t> Read16();
  absl::Status ReadLeaves(size_t count, ExportBlock* block);
  absl::Status CheckHashes(const ExportBlock& block);
  absl::Status ReadEnd();
  absl::Status Damaged(uint64_t index, absl::string_view what) const;

  std::istream* const in_;
  uint64_t first_index_ = 0;
  uint64_t next_index_ = 0;
  bool partial_ = false;  // A block was not full: it must be the last.
  std::string checkpoint_;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_EXPORT_FILE_H_
