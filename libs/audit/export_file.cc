// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/export_file.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/entry.h"
#include "libs/audit/note.h"
#include "libs/audit/tile.h"
#include "libs/base/byte_order.h"

namespace keyward::audit {
namespace {

constexpr absl::string_view kMagic = "keyward-audit-export 1\n";
constexpr absl::string_view kMagicName = "keyward-audit-export ";

// How many leaves the block that begins at `index` has if it is full: blocks
// end where tiles do.
size_t BlockSize(uint64_t index) { return kTileHashes - index % kTileHashes; }

}  // namespace

ExportWriter::ExportWriter(std::ostream* out, uint64_t first_index)
    : out_(out), next_index_(first_index) {
  std::string beginning(kMagic);
  PutBigEndian64(&beginning, first_index);
  begun_ = Write(beginning);
}

absl::Status ExportWriter::Add(absl::string_view leaf) {
  if (!begun_.ok()) return begun_;
  if (leaf.empty() || leaf.size() > kMaxEntryBytes) {
    return absl::InvalidArgumentError("a leaf must have 1 to 2048 bytes");
  }
  PutBigEndian16(&leaves_, static_cast<uint16_t>(leaf.size()));
  leaves_.append(leaf.data(), leaf.size());
  hashes_.append(LeafHash(leaf).view().data(), kHashSize);
  ++count_;
  ++next_index_;
  return next_index_ % kTileHashes == 0 ? Flush() : absl::OkStatus();
}

absl::Status ExportWriter::Flush() {
  std::string block;
  PutBigEndian16(&block, count_);
  absl::StrAppend(&block, leaves_, hashes_);
  leaves_.clear();
  hashes_.clear();
  count_ = 0;
  return Write(block);
}

absl::Status ExportWriter::Finish(absl::string_view checkpoint) {
  if (!begun_.ok()) return begun_;
  if (checkpoint.size() > kMaxNoteBytes) {
    return absl::InvalidArgumentError("the checkpoint is above 16 KiB");
  }
  if (count_ > 0) {
    if (absl::Status status = Flush(); !status.ok()) return status;
  }
  std::string end;
  PutBigEndian16(&end, 0);
  PutBigEndian32(&end, static_cast<uint32_t>(checkpoint.size()));
  absl::StrAppend(&end, checkpoint);
  if (absl::Status status = Write(end); !status.ok()) return status;
  if (!out_->flush().good()) {
    return absl::ResourceExhaustedError("the export could not be written");
  }
  return absl::OkStatus();
}

absl::Status ExportWriter::Write(absl::string_view bytes) {
  if (!out_->write(bytes.data(), static_cast<std::streamsize>(bytes.size()))
           .good()) {
    return absl::ResourceExhaustedError("the export could not be written");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ExportReader>> ExportReader::Open(
    std::istream* in) {
  std::unique_ptr<ExportReader> reader(new ExportReader(in));
  absl::StatusOr<std::string> magic = reader->Read(kMagic.size());
  if (!magic.ok() || magic->substr(0, kMagicName.size()) != kMagicName) {
    return absl::InvalidArgumentError("this is no export of an audit log");
  }
  if (*magic != kMagic) {
    return absl::InvalidArgumentError(
        "this export is of a format that this release does not know");
  }
  absl::StatusOr<std::string> number = reader->Read(8);
  if (!number.ok()) {
    return absl::InvalidArgumentError("this export is cut in its first line");
  }
  absl::string_view bytes = *number;
  reader->first_index_ = *TakeBigEndian64(&bytes);
  reader->next_index_ = reader->first_index_;
  return reader;
}

absl::Status ExportReader::Damaged(uint64_t index,
                                   absl::string_view what) const {
  return absl::DataLossError(absl::StrCat("leaf ", index, ": ", what));
}

absl::StatusOr<std::string> ExportReader::Read(size_t size) {
  std::string bytes(size, '\0');
  in_->read(&bytes[0], static_cast<std::streamsize>(size));
  if (static_cast<size_t>(in_->gcount()) != size) {
    return Damaged(next_index_, "the export ends here, in the middle");
  }
  return bytes;
}

absl::StatusOr<uint16_t> ExportReader::Read16() {
  absl::StatusOr<std::string> bytes = Read(2);
  if (!bytes.ok()) return bytes.status();
  absl::string_view in = *bytes;
  return TakeBigEndian16(&in);
}

absl::StatusOr<ExportBlock> ExportReader::Next() {
  ExportBlock block;
  block.first_index = next_index_;
  absl::StatusOr<uint16_t> count = Read16();
  if (!count.ok()) return count.status();
  if (*count == 0) {
    if (absl::Status status = ReadEnd(); !status.ok()) return status;
    return block;
  }
  if (partial_ || *count > BlockSize(next_index_)) {
    return Damaged(next_index_, "a block has a wrong number of leaves");
  }
  partial_ = *count < BlockSize(next_index_);
  if (absl::Status status = ReadLeaves(*count, &block); !status.ok()) {
    return status;
  }
  if (absl::Status status = CheckHashes(block); !status.ok()) return status;
  return block;
}

absl::Status ExportReader::ReadLeaves(size_t count, ExportBlock* block) {
  for (size_t i = 0; i < count; ++i) {
    absl::StatusOr<uint16_t> size = Read16();
    if (!size.ok()) return size.status();
    if (*size == 0 || *size > kMaxEntryBytes) {
      return Damaged(next_index_, "its length is out of bounds");
    }
    absl::StatusOr<std::string> leaf = Read(*size);
    if (!leaf.ok()) return leaf.status();
    block->leaves.push_back(*std::move(leaf));
    ++next_index_;
  }
  return absl::OkStatus();
}

absl::Status ExportReader::CheckHashes(const ExportBlock& block) {
  for (size_t i = 0; i < block.leaves.size(); ++i) {
    absl::StatusOr<std::string> hash = Read(kHashSize);
    if (!hash.ok()) return hash.status();
    if (LeafHash(block.leaves[i]).view() != *hash) {
      return Damaged(block.first_index + i,
                     "it does not have the hash that stands beside it");
    }
  }
  return absl::OkStatus();
}

absl::Status ExportReader::ReadEnd() {
  absl::StatusOr<std::string> size_bytes = Read(4);
  if (!size_bytes.ok()) return size_bytes.status();
  absl::string_view in = *size_bytes;
  const uint32_t size = *TakeBigEndian32(&in);
  if (size > kMaxNoteBytes) {
    return Damaged(next_index_, "the checkpoint's length is out of bounds");
  }
  absl::StatusOr<std::string> note = Read(size);
  if (!note.ok()) return note.status();
  if (in_->peek() != std::istream::traits_type::eof()) {
    return Damaged(next_index_, "something stands behind the checkpoint");
  }
  checkpoint_ = *std::move(note);
  return absl::OkStatus();
}

}  // namespace keyward::audit
