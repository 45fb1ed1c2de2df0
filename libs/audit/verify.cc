// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/verify.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/log_rules.h"
#include "libs/audit/tile.h"

namespace keyward::audit {
namespace {

struct OpenedCheckpoint {
  std::string name;
  Checkpoint checkpoint;
};

absl::Status At(absl::string_view where, const absl::Status& status) {
  return absl::Status(status.code(),
                      absl::StrCat(where, ": ", status.message()));
}

absl::StatusOr<OpenedCheckpoint> OpenHeld(const HeldCheckpoint& held,
                                          const VerifyOptions& options) {
  absl::StatusOr<Checkpoint> checkpoint =
      OpenCheckpoint(held.note, options.verifiers);
  if (!checkpoint.ok()) {
    return At(absl::StrCat("the checkpoint of ", held.name),
              checkpoint.status());
  }
  return OpenedCheckpoint{held.name, *std::move(checkpoint)};
}

// One verification under way.
class Verification {
 public:
  Verification(LeafSource* source, const VerifyOptions& options)
      : source_(source), options_(options) {}

  absl::StatusOr<VerifyReport> Run() {
    if (absl::Status status = OpenAllHeld(); !status.ok()) return status;
    if (absl::Status status = CompareRoot(); !status.ok()) return status;
    for (;;) {
      absl::StatusOr<LeafChunk> chunk = source_->Next();
      if (!chunk.ok()) return chunk.status();
      if (chunk->leaves.empty()) break;
      if (absl::Status status = AddChunk(*chunk); !status.ok()) return status;
    }
    if (absl::Status status = CompareOwn(); !status.ok()) return status;
    if (absl::Status status = CheckNotCut(); !status.ok()) return status;
    const LogTotals totals = Totals();
    if (absl::Status status = source_->CheckTotals(totals); !status.ok()) {
      return status;
    }
    return Report(totals);
  }

 private:
  absl::Status OpenAllHeld() {
    for (const HeldCheckpoint& held : options_.held) {
      absl::StatusOr<OpenedCheckpoint> opened = OpenHeld(held, options_);
      if (!opened.ok()) return opened.status();
      held_.push_back(*std::move(opened));
    }
    std::stable_sort(held_.begin(), held_.end(),
                     [](const OpenedCheckpoint& a, const OpenedCheckpoint& b) {
                       return a.checkpoint.size < b.checkpoint.size;
                     });
    return absl::OkStatus();
  }

  absl::Status AddChunk(const LeafChunk& chunk) {
    for (const std::string& leaf : chunk.leaves) {
      if (absl::Status status = rules_.Add(leaf); !status.ok()) {
        return At(absl::StrCat("leaf ", edge_.size(), " (", chunk.where, ")"),
                  status);
      }
      for (const Tile& tile : edge_.Append(LeafHash(leaf))) {
        if (absl::Status status = source_->CheckTile(tile); !status.ok()) {
          return status;
        }
      }
      if (absl::Status status = CompareRoot(); !status.ok()) return status;
    }
    return CheckBeside(chunk);
  }

  // What stands beside the leaves follows from them.
  absl::Status CheckBeside(const LeafChunk& chunk) {
    const std::vector<uint64_t> opened = rules_.TakeOpened();
    const std::vector<ClosedIntent> closed = rules_.TakeClosed();
    const bool fits =
        chunk.fence_after.value_or(rules_.fence()) == rules_.fence() &&
        chunk.opened.value_or(opened) == opened &&
        chunk.closed.value_or(closed) == closed;
    if (fits) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(
        chunk.where, ": what it says of its leaves does not follow from them"));
  }

  // Compares the tree with every held checkpoint of its present size.
  absl::Status CompareRoot() {
    while (compared_ < held_.size() &&
           held_[compared_].checkpoint.size == edge_.size()) {
      const OpenedCheckpoint& held = held_[compared_];
      if (held.checkpoint.root != edge_.Root()) return Differs(held);
      proven_ = edge_.size();
      ++compared_;
    }
    return absl::OkStatus();
  }

  absl::Status Differs(const OpenedCheckpoint& held) const {
    return absl::DataLossError(
        absl::StrCat("leaves ", proven_, " to ", held.checkpoint.size,
                     ": they are not those that the checkpoint of ", held.name,
                     " was signed over (size ", held.checkpoint.size, ")"));
  }

  absl::Status CompareOwn() {
    const std::string note = source_->own_checkpoint();
    if (note.empty()) return absl::OkStatus();
    absl::StatusOr<OpenedCheckpoint> own =
        OpenHeld({"the export", note}, options_);
    if (!own.ok()) return own.status();
    if (own->checkpoint.size < edge_.size()) {
      // Leaves behind the end that was signed.
      return absl::DataLossError(absl::StrCat(
          "leaf ", own->checkpoint.size,
          ": it lies beyond the checkpoint at the end of the export"));
    }
    if (own->checkpoint.size == edge_.size() &&
        own->checkpoint.root != edge_.Root()) {
      return Differs(*own);
    }
    held_.push_back(*std::move(own));
    return absl::OkStatus();
  }

  absl::Status CheckNotCut() const {
    const OpenedCheckpoint* newest = Newest();
    if (newest == nullptr || newest->checkpoint.size <= edge_.size()) {
      return absl::OkStatus();
    }
    return absl::DataLossError(absl::StrCat(
        "leaf ", edge_.size(), ": the log ends here, below the checkpoint of ",
        newest->name, " (size ", newest->checkpoint.size, ")"));
  }

  const OpenedCheckpoint* Newest() const {
    const OpenedCheckpoint* newest = nullptr;
    for (const OpenedCheckpoint& held : held_) {
      if (newest == nullptr || held.checkpoint.size > newest->checkpoint.size) {
        newest = &held;
      }
    }
    return newest;
  }

  LogTotals Totals() const {
    LogTotals totals;
    totals.size = edge_.size();
    totals.root = edge_.Root();
    totals.fence = rules_.fence();
    totals.open_intents.assign(rules_.open_intents().begin(),
                               rules_.open_intents().end());
    return totals;
  }

  absl::StatusOr<VerifyReport> Report(const LogTotals& totals) const {
    if (options_.settled && !totals.open_intents.empty()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "leaf ", totals.open_intents.front(), ": the intent has no outcome, ",
          "as ", totals.open_intents.size(), " in all"));
    }
    VerifyReport report;
    report.size = totals.size;
    report.root = totals.root;
    report.fence = totals.fence;
    report.intents = rules_.intents();
    report.open_intents = totals.open_intents.size();
    report.open_list.assign(
        totals.open_intents.begin(),
        totals.open_intents.begin() +
            std::min(totals.open_intents.size(), kMaxReportedIntents));
    if (const OpenedCheckpoint* newest = Newest(); newest != nullptr) {
      report.checkpoint_name = newest->name;
      report.checkpoint_size = newest->checkpoint.size;
    }
    return report;
  }

  LeafSource* const source_;
  const VerifyOptions& options_;
  std::vector<OpenedCheckpoint> held_;  // By size, until the own one is added.
  size_t compared_ = 0;                 // How many of them are.
  uint64_t proven_ = 0;                 // The size of the last that fitted.
  TileEdge edge_;
  LogRules rules_;
};

}  // namespace

absl::StatusOr<VerifyReport> VerifyLog(LeafSource* source,
                                       const VerifyOptions& options) {
  return Verification(source, options).Run();
}

}  // namespace keyward::audit
