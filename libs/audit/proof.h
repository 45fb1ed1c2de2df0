// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_PROOF_H_
#define KEYWARD_LIBS_AUDIT_PROOF_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// Proofs over the log's tree: making them as RFC 6962 section 2.1 defines
// them, checking them by the procedures of RFC 9162 sections 2.1.3.2 and
// 2.1.4.2. Whoever checks needs nothing but this header's Verify functions.

// No tree of up to 2^63 leaves needs a longer path, and no consistency proof
// more than one hash above that. A longer proof is refused unlooked at.
inline constexpr size_t kMaxProofHashes = 64;

// Where the maker of a proof finds the hashes of complete subtrees.
class NodeReader {
 public:
  virtual ~NodeReader() = default;

  // The root of the complete subtree over leaves
  // [index * 2^level, (index + 1) * 2^level). Errors are the reader's; the
  // functions below pass them on.
  virtual absl::StatusOr<Hash> ReadNode(int level, uint64_t index) = 0;
};

// The root of the tree of the first `size` leaves, which the reader must have.
absl::StatusOr<Hash> RootAt(NodeReader* reader, uint64_t size);

// The path from leaf `index` to the root of the tree of the first `size`
// leaves, the leaf's sibling first. INVALID_ARGUMENT unless index < size.
absl::StatusOr<std::vector<Hash>> InclusionProof(NodeReader* reader,
                                                 uint64_t index, uint64_t size);

// The proof that the tree of the first `size` leaves extends that of the first
// `old_size`; empty if old_size is 0 or equal to size. INVALID_ARGUMENT if
// old_size > size.
absl::StatusOr<std::vector<Hash>> ConsistencyProof(NodeReader* reader,
                                                   uint64_t old_size,
                                                   uint64_t size);

// OK if `proof` shows that `leaf_hash` is leaf `index` of the tree with `size`
// leaves and this root; DATA_LOSS if not.
absl::Status VerifyInclusion(uint64_t index, uint64_t size,
                             const Hash& leaf_hash,
                             absl::Span<const Hash> proof, const Hash& root);

// OK if `proof` shows that the tree of `size` leaves and root `root` extends
// that of `old_size` leaves and root `old_root`: same leaves at the same
// places, and more behind them. Every tree extends the empty one; its root
// must still be EmptyRoot(). DATA_LOSS if it does not.
absl::Status VerifyConsistency(uint64_t old_size, uint64_t size,
                               const Hash& old_root, const Hash& root,
                               absl::Span<const Hash> proof);

// Proofs as contracts carry them: a list of 32-byte strings.
std::vector<std::string> HashesToBytes(absl::Span<const Hash> hashes);

// INVALID_ARGUMENT if there are more than kMaxProofHashes or one is not 32
// bytes long.
absl::StatusOr<std::vector<Hash>> HashesFromBytes(
    absl::Span<const std::string> bytes);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_PROOF_H_
