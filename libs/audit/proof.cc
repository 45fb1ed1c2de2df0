// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/proof.h"

#include <utility>

namespace keyward::audit {
namespace {

// log2 of a power of two.
int Log2(uint64_t power) {
  int log = 0;
  while (power > 1) {
    power >>= 1;
    ++log;
  }
  return log;
}

// MTH of leaves [begin, begin + size). `begin` is a multiple of the largest
// power of two in `size`, as every range is that a proof asks for: so each
// part of it is a complete subtree of the whole.
absl::StatusOr<Hash> RangeRoot(NodeReader* reader, uint64_t begin,
                               uint64_t size) {
  if ((size & (size - 1)) == 0) {
    return reader->ReadNode(Log2(size), begin / size);
  }
  const uint64_t k = SplitPoint(size);
  absl::StatusOr<Hash> left = RangeRoot(reader, begin, k);
  if (!left.ok()) return left;
  absl::StatusOr<Hash> right = RangeRoot(reader, begin + k, size - k);
  if (!right.ok()) return right;
  return NodeHash(*left, *right);
}

// The ranges whose roots make up a proof, the root's half first; proofs list
// them the other way round.
struct Range {
  uint64_t begin = 0;
  uint64_t size = 0;
};

absl::StatusOr<std::vector<Hash>> RootsOf(NodeReader* reader,
                                          const std::vector<Range>& ranges) {
  std::vector<Hash> proof;
  proof.reserve(ranges.size());
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    absl::StatusOr<Hash> root = RangeRoot(reader, range->begin, range->size);
    if (!root.ok()) return root.status();
    proof.push_back(*root);
  }
  return proof;
}

absl::Status Invalid(const char* what) { return absl::DataLossError(what); }

// Shifts both to the next level at which `fn` is a right child, or 0.
void SkipToRightChild(uint64_t* fn, uint64_t* sn) {
  while ((*fn & 1) == 0 && *fn != 0) {
    *fn >>= 1;
    *sn >>= 1;
  }
}

}  // namespace

absl::StatusOr<Hash> RootAt(NodeReader* reader, uint64_t size) {
  if (size == 0) return EmptyRoot();
  return RangeRoot(reader, 0, size);
}

absl::StatusOr<std::vector<Hash>> InclusionProof(NodeReader* reader,
                                                 uint64_t index,
                                                 uint64_t size) {
  if (index >= size) {
    return absl::InvalidArgumentError("index: must be below the tree's size");
  }
  std::vector<Range> others;
  uint64_t begin = 0;
  uint64_t left = size;
  while (left > 1) {
    const uint64_t k = SplitPoint(left);
    if (index - begin < k) {
      others.push_back({begin + k, left - k});
      left = k;
    } else {
      others.push_back({begin, k});
      begin += k;
      left -= k;
    }
  }
  return RootsOf(reader, others);
}

absl::StatusOr<std::vector<Hash>> ConsistencyProof(NodeReader* reader,
                                                   uint64_t old_size,
                                                   uint64_t size) {
  if (old_size > size) {
    return absl::InvalidArgumentError(
        "old_size: must not exceed the tree's size");
  }
  if (old_size == 0 || old_size == size) return std::vector<Hash>{};
  std::vector<Range> parts;
  uint64_t begin = 0;
  uint64_t left = size;
  uint64_t old_left = old_size;
  // False as soon as the old tree is not itself the subtree at hand: its
  // verifier then does not know that subtree's root and must be given it.
  bool old_is_subtree = true;
  while (old_left != left) {
    const uint64_t k = SplitPoint(left);
    if (old_left <= k) {
      parts.push_back({begin + k, left - k});
      left = k;
    } else {
      parts.push_back({begin, k});
      begin += k;
      left -= k;
      old_left -= k;
      old_is_subtree = false;
    }
  }
  if (!old_is_subtree) parts.push_back({begin, left});
  return RootsOf(reader, parts);
}

absl::Status VerifyInclusion(uint64_t index, uint64_t size,
                             const Hash& leaf_hash,
                             absl::Span<const Hash> proof, const Hash& root) {
  if (index >= size) return Invalid("the index lies outside the tree");
  if (proof.size() > kMaxProofHashes) return Invalid("the proof is too long");
  uint64_t fn = index;
  uint64_t sn = size - 1;
  Hash r = leaf_hash;
  for (const Hash& p : proof) {
    if (sn == 0) return Invalid("the inclusion proof is too long");
    if ((fn & 1) != 0 || fn == sn) {
      r = NodeHash(p, r);
      SkipToRightChild(&fn, &sn);
    } else {
      r = NodeHash(r, p);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return Invalid("the inclusion proof is too short");
  if (r != root) return Invalid("the inclusion proof leads to another root");
  return absl::OkStatus();
}

absl::Status VerifyConsistency(uint64_t old_size, uint64_t size,
                               const Hash& old_root, const Hash& root,
                               absl::Span<const Hash> proof) {
  if (old_size > size) return Invalid("the tree is smaller than the old one");
  if (old_size == 0 || old_size == size) {
    if (!proof.empty()) return Invalid("the consistency proof is too long");
    if (old_size == 0 && old_root != EmptyRoot()) {
      return Invalid("the old tree is empty and its root is not");
    }
    // Two empty trees too: a log that signs both is no log.
    if (old_size == size && old_root != root) {
      return Invalid("the old root is another");
    }
    return absl::OkStatus();
  }
  if (proof.empty()) return Invalid("the consistency proof is too short");
  if (proof.size() > kMaxProofHashes) return Invalid("the proof is too long");
  uint64_t fn = old_size - 1;
  uint64_t sn = size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  // An old tree that is a complete subtree is its own starting point.
  const bool complete = (old_size & (old_size - 1)) == 0;
  Hash fr = complete ? old_root : proof.front();
  Hash sr = fr;
  for (const Hash& c : complete ? proof : proof.subspan(1)) {
    if (sn == 0) return Invalid("the consistency proof is too long");
    if ((fn & 1) != 0 || fn == sn) {
      fr = NodeHash(c, fr);
      sr = NodeHash(c, sr);
      SkipToRightChild(&fn, &sn);
    } else {
      sr = NodeHash(sr, c);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return Invalid("the consistency proof is too short");
  if (fr != old_root) return Invalid("the proof is about another old root");
  if (sr != root) return Invalid("the proof leads to another root");
  return absl::OkStatus();
}

std::vector<std::string> HashesToBytes(absl::Span<const Hash> hashes) {
  std::vector<std::string> bytes;
  bytes.reserve(hashes.size());
  for (const Hash& hash : hashes) bytes.emplace_back(hash.view());
  return bytes;
}

absl::StatusOr<std::vector<Hash>> HashesFromBytes(
    absl::Span<const std::string> bytes) {
  if (bytes.size() > kMaxProofHashes) {
    return absl::InvalidArgumentError("proof: must have at most 64 hashes");
  }
  std::vector<Hash> hashes;
  hashes.reserve(bytes.size());
  for (const std::string& element : bytes) {
    absl::StatusOr<Hash> hash = Hash::FromBytes(element);
    if (!hash.ok()) return hash.status();
    hashes.push_back(*hash);
  }
  return hashes;
}

}  // namespace keyward::audit
