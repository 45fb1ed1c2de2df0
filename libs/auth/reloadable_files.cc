// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/auth/reloadable_files.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/byte_order.h"
#include "libs/base/file_util.h"

namespace keyward::auth {
namespace {

using Contents = std::vector<FileContent>;

absl::StatusOr<FileContent> ReadOne(const ReloadableFile& file) {
  if (file.is_private) {
    crypto::SecretBuffer buffer(file.max_bytes);
    absl::StatusOr<size_t> size =
        ReadPrivateFile(file.path, buffer.MutableSecret());
    if (!size.ok()) return size.status();
    buffer.Truncate(*size);
    return FileContent(std::move(buffer));
  }
  absl::StatusOr<std::string> text = ReadFileBounded(file.path, file.max_bytes);
  if (!text.ok()) return text.status();
  return FileContent(*std::move(text));
}

absl::StatusOr<Contents> ReadAll(const std::vector<ReloadableFile>& files) {
  Contents contents;
  for (const ReloadableFile& file : files) {
    absl::StatusOr<FileContent> content = ReadOne(file);
    if (absl::IsNotFound(content.status())) {
      return absl::NotFoundError(absl::StrCat(
          content.status().message(),
          "; put the file there or name another in the configuration (the "
          "development installation's own are made by keyward-standalone "
          "--init)"));
    }
    if (!content.ok()) return content.status();
    contents.push_back(*std::move(content));
  }
  return contents;
}

// `refusal` with the files' names, which what refused their contents does not
// know and whoever has to mend them must.
absl::Status NameFiles(const absl::Status& refusal,
                       const std::vector<ReloadableFile>& files) {
  if (refusal.ok()) return refusal;
  const auto path = [](std::string* out, const ReloadableFile& file) {
    out->append(file.path);
  };
  return absl::Status(refusal.code(),
                      absl::StrCat(refusal.message(), " (read from ",
                                   absl::StrJoin(files, ", ", path), ")"));
}

// Of all contents; their lengths keep ("ab", "c") and ("a", "bc") apart.
crypto::Sha256Digest DigestOf(const Contents& contents) {
  crypto::Sha256Hasher hasher;
  for (const FileContent& content : contents) {
    hasher.Update(BigEndian64(content.ExposeBytes().size()));
    hasher.Update(content.ExposeBytes());
  }
  return hasher.Finish();
}

}  // namespace

ReloadableFiles::ReloadableFiles(std::vector<ReloadableFile> files,
                                 const Clock* clock, Apply apply)
    : files_(std::move(files)), clock_(clock), apply_(std::move(apply)) {}

absl::StatusOr<std::unique_ptr<ReloadableFiles>> ReloadableFiles::Create(
    std::vector<ReloadableFile> files, const Clock* clock, Apply apply) {
  if (files.size() > kMaxFiles) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", kMaxFiles, " files in a set"));
  }
  auto self = std::unique_ptr<ReloadableFiles>(
      new ReloadableFiles(std::move(files), clock, std::move(apply)));
  absl::StatusOr<Contents> contents = ReadAll(self->files_);
  if (!contents.ok()) return contents.status();
  MutexLock lock(&self->poll_mu_);
  absl::Status status = self->ApplyNow(*contents, DigestOf(*contents));
  if (!status.ok()) return status;
  return self;
}

absl::Status ReloadableFiles::ApplyNow(const Contents& contents,
                                       const crypto::Sha256Digest& digest) {
  absl::Status status = NameFiles(apply_(contents), files_);
  if (!status.ok()) {
    refused_ = digest;
    refusal_ = status;
    return status;
  }
  applied_ = digest;
  seen_ = digest;
  refused_.reset();
  MutexLock lock(&status_mu_);
  status_.applied_at = clock_->Now();
  ++status_.applied_count;
  return absl::OkStatus();
}

absl::StatusOr<PollResult> ReloadableFiles::PollLocked() {
  absl::StatusOr<Contents> contents = ReadAll(files_);
  if (!contents.ok()) return contents.status();
  const crypto::Sha256Digest digest = DigestOf(*contents);
  const bool settled = digest == std::exchange(seen_, digest);
  if (digest == applied_) {
    refused_.reset();
    return PollResult::kUnchanged;
  }
  if (refused_ == digest) return refusal_;
  if (!settled) return PollResult::kSettling;
  absl::Status status = ApplyNow(*contents, digest);
  if (!status.ok()) return status;
  return PollResult::kApplied;
}

absl::StatusOr<PollResult> ReloadableFiles::Poll() {
  MutexLock lock(&poll_mu_);
  absl::StatusOr<PollResult> result = PollLocked();
  MutexLock status_lock(&status_mu_);
  // While files settle, what was wrong with them is not known to be repaired.
  const bool settling = result.ok() && *result == PollResult::kSettling;
  if (!settling) status_.error = result.status();
  return result;
}

ReloadStatus ReloadableFiles::status() const {
  MutexLock lock(&status_mu_);
  return status_;
}

}  // namespace keyward::auth
