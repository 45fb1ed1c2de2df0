// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/root_key.h"

#include <sys/stat.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "libs/base/byte_order.h"
#include "libs/base/file_util.h"
#include "libs/base/hex.h"
#include "libs/crypto/crc32c.h"
#include "libs/crypto/random.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::crypto {
namespace {

namespace fs = std::filesystem;

// See FORMAT.md.
constexpr absl::string_view kMagic = "KWROOTKY";
constexpr uint32_t kFormat = 1;
constexpr size_t kIdSize = 16;
constexpr size_t kFileSize = 8 + 4 + kIdSize + kRootKeySize + 4;

// Room for a later format, whose number is worth reading to say what it is.
constexpr size_t kReadSize = 4096;

constexpr mode_t kOwnerOnly = S_IRUSR | S_IWUSR;

// The 16 bytes of a canonical UUID; empty if it is none.
std::string UuidBytes(const std::string& uuid) {
  const absl::StatusOr<std::string> bytes =
      HexDecode(absl::StrReplaceAll(uuid, {{"-", ""}}));
  return bytes.ok() && bytes->size() == kIdSize ? *bytes : "";
}

std::string UuidText(absl::string_view bytes) {
  const std::string h = HexEncode(bytes);
  return absl::StrCat(h.substr(0, 8), "-", h.substr(8, 4), "-", h.substr(12, 4),
                      "-", h.substr(16, 4), "-", h.substr(20));
}

// The absolute path, with symbolic links resolved as far as the names exist.
absl::StatusOr<fs::path> Resolve(const std::string& path) {
  std::error_code error;
  fs::path absolute = fs::absolute(path, error);
  if (!error) absolute = fs::weakly_canonical(absolute, error);
  if (error) {
    return absl::FailedPreconditionError(
        absl::StrCat("cannot resolve ", path, ": ", error.message()));
  }
  // A slash at the end would be an empty last component.
  return absolute.has_filename() ? absolute : absolute.parent_path();
}

// Whether `path` is `folder` or lies below it.
absl::StatusOr<bool> IsInside(const std::string& path,
                              const std::string& folder) {
  const absl::StatusOr<fs::path> inner = Resolve(path);
  if (!inner.ok()) return inner.status();
  const absl::StatusOr<fs::path> outer = Resolve(folder);
  if (!outer.ok()) return outer.status();
  return std::mismatch(outer->begin(), outer->end(), inner->begin(),
                       inner->end())
             .first == outer->end();
}

absl::Status CheckLocation(const RootKeyLocation& location) {
  for (const std::string& folder : location.data_folders) {
    const absl::StatusOr<bool> inside = IsInside(location.path, folder);
    if (!inside.ok()) return inside.status();
    if (*inside) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the root key ", location.path, " is inside the data folder ", folder,
          ", so a backup of the data would carry its key: move the file to a "
          "folder of its own"));
    }
  }
  return absl::OkStatus();
}

std::string FolderOf(const std::string& path) {
  const fs::path folder = fs::path(path).parent_path();
  return folder.empty() ? "." : folder.string();
}

// Who can write to the folder can exchange the file.
absl::Status CheckFolder(const std::string& path) {
  const std::string folder = FolderOf(path);
  struct stat info;
  if (stat(folder.c_str(), &info) != 0) return absl::OkStatus();
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the folder of the root key, ", folder,
                     ", is writable by other users: run chmod 700 ", folder));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SecretBuffer> EncodeRootKey(const RootKey& root) {
  const std::string id = UuidBytes(root.installation_id);
  if (id.empty() || UuidText(id) != root.installation_id) {
    return absl::InvalidArgumentError("the installation id is no UUID");
  }
  if (root.key.size() != kRootKeySize) {
    return absl::InvalidArgumentError("a root key has 32 bytes");
  }
  std::string header(kMagic);
  PutBigEndian32(&header, kFormat);
  header.append(id);

  SecretBuffer file(kFileSize);
  const absl::Span<char> out = file.MutableSecret();
  const absl::string_view key = root.key.ExposeSecret();
  auto next = std::copy(header.begin(), header.end(), out.begin());
  next = std::copy(key.begin(), key.end(), next);
  std::string checksum;
  PutBigEndian32(&checksum,
                 Crc32c(file.ExposeSecret().substr(0, kFileSize - 4)));
  std::copy(checksum.begin(), checksum.end(), next);
  return file;
}

absl::StatusOr<RootKey> ParseRootKey(absl::string_view bytes) {
  absl::string_view in = bytes;
  const absl::StatusOr<absl::string_view> magic = TakeBytes(&in, kMagic.size());
  const absl::StatusOr<uint32_t> format = TakeBigEndian32(&in);
  if (!magic.ok() || *magic != kMagic || !format.ok()) {
    return absl::DataLossError("it is no root key file");
  }
  if (*format != kFormat) {
    return absl::FailedPreconditionError(
        absl::StrCat("its format is ", *format, " and this release knows only ",
                     kFormat, ": use the release that wrote it, or a newer"));
  }
  // Without the checksum a damaged key would look like a good one that opens
  // nothing, and every secret would seem to be lost.
  if (bytes.size() != kFileSize) {
    return absl::DataLossError("it is cut or has grown: restore it");
  }
  absl::string_view checksum_bytes = bytes.substr(kFileSize - 4);
  if (TakeBigEndian32(&checksum_bytes).value() !=
      Crc32c(bytes.substr(0, kFileSize - 4))) {
    return absl::DataLossError("it is damaged: restore it");
  }
  RootKey root;
  root.installation_id = UuidText(in.substr(0, kIdSize));
  root.key = SecretBuffer::CopyOf(in.substr(kIdSize, kRootKeySize));
  return root;
}

absl::StatusOr<RootKey> CreateRootKey(const RootKeyLocation& location,
                                      RandomSource& random) {
  if (absl::Status s = CheckLocation(location); !s.ok()) return s;
  if (absl::Status s = EnsurePrivateDirectory(FolderOf(location.path));
      !s.ok()) {
    return s;
  }
  absl::StatusOr<std::string> id = NewUuid(random);
  if (!id.ok()) return id.status();
  absl::StatusOr<SecretBuffer> key = RandomKey(kRootKeySize, random);
  if (!key.ok()) return key.status();
  RootKey root;
  root.installation_id = *std::move(id);
  root.key = *std::move(key);
  const absl::StatusOr<SecretBuffer> file = EncodeRootKey(root);
  if (!file.ok()) return file.status();
  absl::Status s =
      CreateFileExclusive(location.path, file->ExposeSecret(), kOwnerOnly);
  if (!s.ok()) return s;
  // What the file gives, not what was meant: a key that cannot be read back
  // must fail now and not when it has wrapped something.
  return LoadRootKey(location);
}

absl::StatusOr<RootKey> LoadRootKey(const RootKeyLocation& location) {
  if (absl::Status s = CheckLocation(location); !s.ok()) return s;
  if (absl::Status s = CheckFolder(location.path); !s.ok()) return s;
  SecretBuffer file(kReadSize);
  const absl::StatusOr<size_t> size =
      ReadPrivateFile(location.path, file.MutableSecret());
  if (absl::IsNotFound(size.status())) {
    return absl::NotFoundError(absl::StrCat(
        "there is no root key at ", location.path,
        ": put the installation's own there (without it no secret can be "
        "read), or name the right path"));
  }
  if (!size.ok()) return size.status();
  file.Truncate(*size);
  absl::StatusOr<RootKey> root = ParseRootKey(file.ExposeSecret());
  if (root.ok()) return root;
  return absl::Status(
      root.status().code(),
      absl::StrCat("the root key ", location.path, " cannot be used, ",
                   root.status().message()));
}

}  // namespace keyward::crypto
