// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Inclusion and consistency proofs (P3). The input says which true proof is
// taken and how it is changed; it must verify if and only if it is true still.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/audit/merkle_test_util.h"
#include "libs/audit/proof.h"
#include "libs/audit/tree_hash.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using audit::Hash;

// Trees of every shape that matters: full, one less, one more.
constexpr size_t kLeaves = 34;
constexpr int kMaxChanges = 8;

struct Tree {
  std::vector<std::string> leaves = audit::NumberedLeaves(kLeaves);
  audit::LeavesNodeReader reader{leaves};
  std::vector<Hash> roots;

  Tree() {
    for (size_t size = 0; size <= kLeaves; ++size) {
      roots.push_back(audit::NaiveRoot(leaves, 0, size));
    }
  }
};

Tree& TheTree() {
  static Tree& tree = *new Tree;
  return tree;
}

// Each is made once: they take hundreds of hashes.
const std::vector<Hash>& TrueInclusion(size_t index, size_t size) {
  static auto& made =
      *new std::map<std::pair<size_t, size_t>, std::vector<Hash>>;
  auto& proof = made[{index, size}];
  if (proof.empty() && size > 1) {
    proof = audit::InclusionProof(&TheTree().reader, index, size).value();
  }
  return proof;
}

const std::vector<Hash>& TrueConsistency(size_t old_size, size_t size) {
  static auto& made =
      *new std::map<std::pair<size_t, size_t>, std::vector<Hash>>;
  auto& proof = made[{old_size, size}];
  if (proof.empty() && old_size != 0 && old_size != size) {
    proof = audit::ConsistencyProof(&TheTree().reader, old_size, size).value();
  }
  return proof;
}

void FlipBit(Choices* choices, Hash* hash) {
  hash->bytes[choices->Below(hash->bytes.size())] ^=
      static_cast<uint8_t>(1 << choices->Below(8));
}

void ChangeProof(Choices* choices, std::vector<Hash>* proof) {
  const Tree& tree = TheTree();
  const size_t at = choices->Below(proof->size() + 1);
  const auto place = proof->begin() + static_cast<std::ptrdiff_t>(at);
  switch (choices->Below(5)) {
    case 0:
      if (at < proof->size()) FlipBit(choices, &(*proof)[at]);
      break;
    case 1:
      if (at < proof->size()) proof->erase(place);
      break;
    case 2:
      proof->insert(place, tree.roots[choices->Below(tree.roots.size())]);
      break;
    case 3:
      if (at + 1 < proof->size()) std::swap((*proof)[at], (*proof)[at + 1]);
      break;
    default:
      // Beyond what any tree needs.
      proof->insert(proof->end(), choices->Below(256),
                    audit::LeafHash("leaf-0"));
  }
}

void CheckInclusion(Choices* choices) {
  const Tree& tree = TheTree();
  const size_t size = 1 + choices->Below(kLeaves);
  size_t index = choices->Below(size);
  std::vector<Hash> proof = TrueInclusion(index, size);
  std::string leaf = tree.leaves[index];
  Hash root = tree.roots[size];
  for (int i = 0; i < kMaxChanges && !choices->empty(); ++i) {
    switch (choices->Below(4)) {
      case 0:
        index = choices->Below(kLeaves + 2);
        break;
      case 1:
        leaf = std::string(choices->Bytes(1 + choices->Below(64)));
        break;
      case 2:
        FlipBit(choices, &root);
        break;
      default:
        ChangeProof(choices, &proof);
    }
  }
  const bool is_true = index < size && leaf == tree.leaves[index] &&
                       root == tree.roots[size] &&
                       proof == TrueInclusion(index, size);
  FUZZ_CHECK(
      audit::VerifyInclusion(index, size, audit::LeafHash(leaf), proof, root)
          .ok() == is_true);
}

void CheckConsistency(Choices* choices) {
  const Tree& tree = TheTree();
  const size_t size = choices->Below(kLeaves + 1);
  size_t old_size = choices->Below(size + 1);
  std::vector<Hash> proof = TrueConsistency(old_size, size);
  Hash old_root = tree.roots[old_size];
  Hash root = tree.roots[size];
  for (int i = 0; i < kMaxChanges && !choices->empty(); ++i) {
    switch (choices->Below(4)) {
      case 0:
        // A checkpoint binds a size to its root.
        old_size = choices->Below(kLeaves + 1);
        old_root = tree.roots[old_size];
        break;
      case 1:
        FlipBit(choices, &old_root);
        break;
      case 2:
        FlipBit(choices, &root);
        break;
      default:
        ChangeProof(choices, &proof);
    }
  }
  bool is_true = old_size <= size && proof == TrueConsistency(old_size, size);
  if (old_size == 0) is_true = is_true && old_root == tree.roots[0];
  if (old_size == size) {
    // Two checkpoints of one size agree or not, whatever the tree is.
    is_true = is_true && old_root == root;
  } else if (old_size != 0) {
    // Everything extends nothing.
    is_true =
        is_true && old_root == tree.roots[old_size] && root == tree.roots[size];
  }
  FUZZ_CHECK(
      audit::VerifyConsistency(old_size, size, old_root, root, proof).ok() ==
      is_true);
}

// Proofs as contracts carry them.
void CheckBytes(Choices* choices) {
  std::vector<std::string> bytes;
  bool good = true;
  for (size_t count = choices->Below(80); bytes.size() < count;) {
    bytes.emplace_back(audit::kHashSize, static_cast<char>(choices->Byte()));
    // One in 16 has another length.
    if (choices->Below(16) == 15) {
      bytes.back().resize(choices->Below(64));
      good = good && bytes.back().size() == audit::kHashSize;
    }
  }
  good = good && bytes.size() <= audit::kMaxProofHashes;
  const auto hashes = audit::HashesFromBytes(bytes);
  FUZZ_CHECK(hashes.ok() == good);
  if (good) FUZZ_CHECK(audit::HashesToBytes(*hashes) == bytes);
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  Choices choices(Text(data, size));
  switch (choices.Below(3)) {
    case 0:
      CheckInclusion(&choices);
      break;
    case 1:
      CheckConsistency(&choices);
      break;
    default:
      CheckBytes(&choices);
  }
  return 0;
}
