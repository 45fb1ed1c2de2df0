// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/audit/tile.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace keyward::audit {
namespace {

// The hashes that there are at `level`, in full tiles or not.
uint64_t HashesAt(uint64_t size, int level) {
  return size >> (kTileHeight * level);
}

// The roots of the complete subtrees of which a partial tile consists, the
// largest first.
void AppendSubtrees(absl::Span<const Hash> hashes, std::vector<Hash>* out) {
  size_t begin = 0;
  for (size_t width = kTileHashes / 2; width > 0; width /= 2) {
    if ((hashes.size() & width) == 0) continue;
    out->push_back(SubtreeRoot(hashes.subspan(begin, width)));
    begin += width;
  }
}

}  // namespace

size_t PartialWidth(uint64_t size, int level) {
  return HashesAt(size, level) & (kTileHashes - 1);
}

uint64_t FullTiles(uint64_t size, int level) {
  return HashesAt(size, level) >> kTileHeight;
}

std::string EncodeTile(absl::Span<const Hash> hashes) {
  std::string bytes;
  bytes.reserve(hashes.size() * kHashSize);
  for (const Hash& hash : hashes) bytes.append(hash.view().data(), kHashSize);
  return bytes;
}

absl::StatusOr<std::vector<Hash>> DecodeTile(absl::string_view bytes) {
  if (bytes.size() != kTileBytes) {
    return absl::DataLossError("a tile must have 8192 bytes");
  }
  std::vector<Hash> hashes(kTileHashes);
  for (size_t i = 0; i < kTileHashes; ++i) {
    const absl::string_view hash = bytes.substr(i * kHashSize, kHashSize);
    std::copy(hash.begin(), hash.end(), hashes[i].bytes.begin());
  }
  return hashes;
}

absl::StatusOr<std::string> TilePath(int level, uint64_t index, size_t width) {
  if (level < 0 || level >= kTileLevels) {
    return absl::InvalidArgumentError("level: must be 0 to 7");
  }
  if (width < 1 || width > kTileHashes) {
    return absl::InvalidArgumentError("width: must be 1 to 256");
  }
  std::string number = absl::StrFormat("%03d", index % 1000);
  while (index >= 1000) {
    index /= 1000;
    number = absl::StrFormat("x%03d/%s", index % 1000, number);
  }
  std::string path = absl::StrCat("tile/", level, "/", number);
  if (width < kTileHashes) absl::StrAppend(&path, ".p/", width);
  return path;
}

Hash SubtreeRoot(absl::Span<const Hash> hashes) {
  std::vector<Hash> row(hashes.begin(), hashes.end());
  while (row.size() > 1) {
    for (size_t i = 0; i < row.size() / 2; ++i) {
      row[i] = NodeHash(row[2 * i], row[2 * i + 1]);
    }
    row.resize(row.size() / 2);
  }
  return row.front();
}

absl::StatusOr<TileEdge> TileEdge::FromPartials(
    uint64_t size, std::vector<std::vector<Hash>> partials) {
  partials.resize(kTileLevels);
  std::vector<Hash> nodes;
  for (int level = kTileLevels - 1; level >= 0; --level) {
    if (partials[level].size() != PartialWidth(size, level)) {
      return absl::InvalidArgumentError(
          "partials: a tile's width must be that of the size");
    }
    AppendSubtrees(partials[level], &nodes);
  }
  absl::StatusOr<CompactRange> range =
      CompactRange::FromNodes(size, std::move(nodes));
  if (!range.ok()) return range.status();
  TileEdge edge;
  edge.range_ = *std::move(range);
  edge.partials_ = std::move(partials);
  return edge;
}

std::vector<Tile> TileEdge::Append(const Hash& leaf_hash) {
  range_.Append(leaf_hash);
  std::vector<Tile> full;
  Hash hash = leaf_hash;
  for (int level = 0; level < kTileLevels; ++level) {
    std::vector<Hash>& partial = partials_[level];
    partial.push_back(hash);
    if (partial.size() < kTileHashes) break;
    hash = SubtreeRoot(partial);
    full.push_back({level, FullTiles(size(), level) - 1, std::move(partial)});
    partial.clear();
  }
  return full;
}

absl::Span<const Hash> TileEdge::partial(int level) const {
  return partials_[level];
}

}  // namespace keyward::audit
