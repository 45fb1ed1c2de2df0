// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_TILE_H_
#define KEYWARD_LIBS_AUDIT_TILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/audit/compact_range.h"
#include "libs/audit/tree_hash.h"

namespace keyward::audit {

// Hash tiles (C2SP tlog-tiles): the tree cut into pieces 8 levels high. Hash i
// of tile n at level l is the root of leaves
// [(n * 256 + i) * 256^l, (n * 256 + i + 1) * 256^l); level 0 holds the
// leaves' own hashes. A full tile has 256 hashes and never changes again. With
// them any proof over any tree size takes a few reads, and no process needs
// the leaves in memory.

inline constexpr int kTileHeight = 8;
inline constexpr size_t kTileHashes = size_t{1} << kTileHeight;
inline constexpr size_t kTileBytes = kTileHashes * kHashSize;

// 256^8 is more leaves than a 64-bit index can name.
inline constexpr int kTileLevels = 8;

struct Tile {
  int level = 0;
  uint64_t index = 0;
  std::vector<Hash> hashes;  // kTileHashes of them
};

// The concatenated hashes of a full tile.
std::string EncodeTile(absl::Span<const Hash> hashes);

// DATA_LOSS unless `bytes` has kTileBytes bytes.
absl::StatusOr<std::vector<Hash>> DecodeTile(absl::string_view bytes);

// The path of a tile as tlog-tiles publishes it: "tile/0/x001/x234/067", and
// with a suffix ".p/112" if `width` is not 256. INVALID_ARGUMENT if the level
// or the width is out of range.
absl::StatusOr<std::string> TilePath(int level, uint64_t index, size_t width);

// The root of a complete subtree's hashes; there are a power of two of them.
Hash SubtreeRoot(absl::Span<const Hash> hashes);

// The right edge of the tree as tiles need it: on each level the hashes that
// do not fill a tile yet. At most 255 a level.
//
// A value type without locks.
class TileEdge {
 public:
  TileEdge() = default;

  // The edge of a tree of `size` leaves. `partials[l]` are the hashes of the
  // tile at level l that is not full. INVALID_ARGUMENT unless each has as many
  // as the size says.
  static absl::StatusOr<TileEdge> FromPartials(
      uint64_t size, std::vector<std::vector<Hash>> partials);

  // Appends a leaf. The tiles that it fills, the lowest level first: none, for
  // 255 of 256 leaves.
  std::vector<Tile> Append(const Hash& leaf_hash);

  uint64_t size() const { return range_.size(); }
  Hash Root() const { return range_.Root(); }

  // The hashes of the tile at `level` that is not full yet.
  absl::Span<const Hash> partial(int level) const;

 private:
  CompactRange range_;
  std::vector<std::vector<Hash>> partials_{
      std::vector<std::vector<Hash>>(kTileLevels)};
};

// How many hashes the tile at the edge of `level` has in a tree of `size`
// leaves; 0 to 255.
size_t PartialWidth(uint64_t size, int level);

// How many full tiles there are at `level` in a tree of `size` leaves.
uint64_t FullTiles(uint64_t size, int level);

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_TILE_H_
