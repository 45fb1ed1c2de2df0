// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_POLICY_SNAPSHOT_CODEC_H_
#define KEYWARD_LIBS_POLICY_SNAPSHOT_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/policy/policy_model.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"

namespace keyward::policy {

using SnapshotChunk = keyward::internal::policy::v1::SnapshotChunk;
using PolicyUpdate = keyward::internal::policy::v1::FollowSnapshotsResponse;

// The bound of internal/policy/v1 for one serialized chunk: shorter than a
// value of libs/kv, where chunks are kept too.
inline constexpr size_t kMaxChunkBytes = (size_t{1} << 20) - 1024;

// The whole policy in chunks of at most kMaxChunkBytes, numbered from 0, at
// least one. An entry that is larger than a chunk (validation lets none pass)
// gets one of its own.
std::vector<SnapshotChunk> EncodeSnapshot(const PolicyState& state);

// Makes policies of what a stream of updates, or a reader of stored chunks,
// brings.
//
// Nothing of a snapshot is given out before its last chunk, and a gap makes
// the stream worthless: a policy that lacks one deny rule is another policy.
// For use by one thread at a time.
class SnapshotAssembler {
 public:
  // The policy after this update; null while chunks of a whole snapshot are
  // missing. FAILED_PRECONDITION if the update does not follow what came
  // before (a chunk out of order or of another revision, a delta that is not
  // the next revision) or holds something that this release does not
  // understand; the assembler then refuses everything, and the reader begins
  // again, with a new one and from revision 0.
  absl::StatusOr<std::shared_ptr<const PolicyState>> Take(PolicyUpdate update);

  // The revision of the newest whole policy; 0 if there is none yet.
  uint64_t revision() const {
    return whole_ == nullptr ? 0 : whole_->revision();
  }

 private:
  absl::StatusOr<std::shared_ptr<const PolicyState>> TakeChunk(
      SnapshotChunk chunk);
  absl::StatusOr<std::shared_ptr<const PolicyState>> TakeDelta(
      const PolicyDelta& delta);

  std::shared_ptr<const PolicyState> whole_;
  // The snapshot that is arriving, and the number of its next chunk.
  absl::optional<PolicyState> partial_;
  uint32_t next_chunk_ = 0;
  absl::Status broken_;
};

}  // namespace keyward::policy

#endif  // KEYWARD_LIBS_POLICY_SNAPSHOT_CODEC_H_
