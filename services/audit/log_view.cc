// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/log_view.h"

#include <utility>

#include "libs/audit/log_reader.h"

namespace keyward::audit_service {

absl::StatusOr<std::shared_ptr<const LogView>> LoadLogView(
    const kv::KeyValueStore& store) {
  // One state for all reads: head and fence must be of the same append.
  absl::StatusOr<std::unique_ptr<kv::Snapshot>> snapshot = store.NewSnapshot();
  if (!snapshot.ok()) return snapshot.status();
  const audit::LogReader reader(snapshot->get());
  absl::StatusOr<audit::LogReader::StoredHead> head = reader.ReadHead();
  if (!head.ok()) return head.status();
  absl::StatusOr<uint64_t> fence = reader.ReadFence();
  if (absl::IsNotFound(fence.status())) {
    return absl::DataLossError("the log has lost its fence");
  }
  if (!fence.ok()) return fence.status();
  absl::StatusOr<audit::TileEdge> edge = reader.LoadEdge(head->head);
  if (!edge.ok()) return edge.status();
  auto view = std::make_shared<LogView>();
  view->edge = *std::move(edge);
  view->head = head->head;
  view->head_revision = head->mod_revision;
  view->fence = *fence;
  return std::shared_ptr<const LogView>(std::move(view));
}

}  // namespace keyward::audit_service
