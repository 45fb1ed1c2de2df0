// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/client/pinned_checkpoint.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/audit/note.h"
#include "libs/audit/proof.h"
#include "libs/base/file_util.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"

namespace keyward::client {
namespace {

using audit::v1::GetCheckpointRequest;
using audit::v1::GetCheckpointResponse;

// The note's own bound, and a vkey.
constexpr size_t kMaxPinBytes = audit::kMaxNoteBytes + 4096;

// Each is one small call, and a dozen commands may start at once.
constexpr int kMaxLooks = 20;

absl::StatusOr<GetCheckpointResponse> FetchCheckpoint(GatewayClient& client,
                                                      uint64_t old_size) {
  GetCheckpointRequest request;
  request.set_old_size(old_size);
  return client.Call<GetCheckpointResponse>(request);
}

// What the gateway shows. With a pinned tree larger than its own it refuses
// to prove anything; then what it has is asked for without a proof, which
// CheckExtends refuses.
absl::StatusOr<GetCheckpointResponse> FetchCheckpoint(
    GatewayClient& client, const absl::optional<Pin>& pinned) {
  const uint64_t old_size = pinned.has_value() ? pinned->checkpoint.size : 0;
  absl::StatusOr<GetCheckpointResponse> answer =
      FetchCheckpoint(client, old_size);
  const bool refused = absl::IsInvalidArgument(answer.status()) ||
                       absl::IsFailedPrecondition(answer.status()) ||
                       absl::IsOutOfRange(answer.status());
  if (old_size > 0 && refused) return FetchCheckpoint(client, 0);
  return answer;
}

absl::Status NotExtending(const Pin& pinned, const Pin& seen,
                          absl::string_view why) {
  return absl::DataLossError(absl::StrCat(
      "the audit log does not extend the checkpoint that was pinned: ", why,
      "; pinned: ", DescribePin(pinned), "; seen now: ", DescribePin(seen)));
}

}  // namespace

absl::StatusOr<Pin> MakePin(absl::string_view verifier_key,
                            absl::string_view note) {
  absl::StatusOr<audit::NoteVerifier> verifier =
      audit::NoteVerifier::Parse(verifier_key);
  if (!verifier.ok()) return verifier.status();
  absl::StatusOr<audit::Checkpoint> checkpoint =
      audit::OpenCheckpoint(note, {*verifier});
  if (!checkpoint.ok()) return checkpoint.status();
  Pin pin;
  pin.verifier_key = std::string(verifier_key);
  pin.note = std::string(note);
  pin.checkpoint = *std::move(checkpoint);
  return pin;
}

std::string FormatPin(const Pin& pin) {
  return absl::StrCat(pin.verifier_key, "\n\n", pin.note);
}

absl::StatusOr<Pin> ParsePin(absl::string_view text) {
  const size_t end = text.find("\n\n");
  if (end == absl::string_view::npos || text.size() > kMaxPinBytes) {
    return absl::InvalidArgumentError("this is no pinned checkpoint");
  }
  return MakePin(text.substr(0, end), text.substr(end + 2));
}

PinStore::PinStore(std::string folder) : folder_(std::move(folder)) {}

std::string PinStore::PathOf(const std::string& name) const {
  return absl::StrCat(folder_, "/", name, ".pin");
}

absl::StatusOr<absl::optional<Pin>> PinStore::Load(
    const std::string& name) const {
  const std::string path = PathOf(name);
  absl::StatusOr<std::string> text = ReadFileBounded(path, kMaxPinBytes);
  if (absl::IsNotFound(text.status())) return absl::nullopt;
  if (!text.ok()) return text.status();
  absl::StatusOr<Pin> pin = ParsePin(*text);
  if (!pin.ok()) {
    return absl::DataLossError(absl::StrCat(
        path, ": the pinned checkpoint is damaged (", pin.status().message(),
        "); find out who changed it before you remove it"));
  }
  return absl::make_optional(*std::move(pin));
}

absl::Status PinStore::WithLock(
    const std::string& name, absl::FunctionRef<absl::Status()> action) const {
  absl::Status made = EnsurePrivateDirectory(folder_);
  if (!made.ok()) return made;
  const std::string path = absl::StrCat(folder_, "/", name, ".lock");
  const int fd = open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  // Held for as long as it takes to compare and write one small file.
  if (fd < 0 || flock(fd, LOCK_EX) != 0) {
    const int error = errno;
    if (fd >= 0) close(fd);
    return absl::InternalError(absl::StrCat(path, ": ", strerror(error)));
  }
  absl::Status status = action();
  close(fd);
  return status;
}

absl::Status PinStore::Keep(const std::string& name, const Pin& pin,
                            const absl::optional<Pin>& base) const {
  return WithLock(name, [&]() -> absl::Status {
    absl::StatusOr<absl::optional<Pin>> kept = Load(name);
    if (!kept.ok()) return kept.status();
    const auto text = [](const absl::optional<Pin>& each) {
      return each.has_value() ? FormatPin(*each) : std::string();
    };
    if (text(*kept) != text(base)) {
      return absl::AbortedError(
          "another command has looked at the audit log meanwhile; try again");
    }
    return WriteFileDurably(PathOf(name), FormatPin(pin), 0600);
  });
}

absl::Status PinStore::Replace(const std::string& name, const Pin& pin) const {
  return WithLock(name, [&] {
    return WriteFileDurably(PathOf(name), FormatPin(pin), 0600);
  });
}

absl::Status CheckExtends(const Pin& pinned, const Pin& seen,
                          absl::Span<const std::string> proof) {
  if (pinned.verifier_key != seen.verifier_key) {
    return NotExtending(pinned, seen, "it is signed by another key");
  }
  if (seen.checkpoint.size < pinned.checkpoint.size) {
    return NotExtending(pinned, seen, "it is shorter, so it was rolled back");
  }
  absl::StatusOr<std::vector<audit::Hash>> hashes =
      audit::HashesFromBytes(proof);
  if (!hashes.ok()) {
    return NotExtending(pinned, seen, "its proof is malformed");
  }
  absl::Status consistent = audit::VerifyConsistency(
      pinned.checkpoint.size, seen.checkpoint.size, pinned.checkpoint.root,
      seen.checkpoint.root, *hashes);
  if (consistent.ok()) return absl::OkStatus();
  return NotExtending(pinned, seen, "what lies below it was changed");
}

namespace {

absl::StatusOr<PinCheck> CheckAndPinOnce(GatewayClient& client,
                                         const PinStore& store,
                                         const std::string& name,
                                         bool accept_rollback) {
  absl::StatusOr<absl::optional<Pin>> pinned = store.Load(name);
  if (!pinned.ok()) return pinned.status();
  absl::StatusOr<GetCheckpointResponse> answer =
      FetchCheckpoint(client, *pinned);
  if (!answer.ok()) return answer.status();
  absl::StatusOr<Pin> seen =
      MakePin(answer->verifier_key(), answer->checkpoint());
  if (!seen.ok()) {
    return absl::DataLossError(
        absl::StrCat("the gateway showed a checkpoint that nobody can verify: ",
                     seen.status().message()));
  }
  absl::Status extends;
  if (pinned->has_value()) {
    const std::vector<std::string> proof(answer->consistency_proof().begin(),
                                         answer->consistency_proof().end());
    extends = CheckExtends(**pinned, *seen, proof);
  }
  if (!extends.ok() && !accept_rollback) return extends;
  absl::Status kept = extends.ok() ? store.Keep(name, *seen, *pinned)
                                   : store.Replace(name, *seen);
  if (!kept.ok()) return kept;
  return PinCheck{*std::move(pinned), *std::move(seen), !extends.ok()};
}

}  // namespace

absl::StatusOr<PinCheck> CheckAndPin(GatewayClient& client,
                                     const PinStore& store,
                                     const std::string& name,
                                     bool accept_rollback) {
  absl::StatusOr<PinCheck> check =
      CheckAndPinOnce(client, store, name, accept_rollback);
  for (int looks = 1; looks < kMaxLooks && absl::IsAborted(check.status());
       ++looks) {
    check = CheckAndPinOnce(client, store, name, accept_rollback);
  }
  return check;
}

std::string DescribePin(const Pin& pin) {
  return absl::StrCat(pin.checkpoint.origin, " size ", pin.checkpoint.size,
                      " root ", absl::Base64Escape(pin.checkpoint.root.view()));
}

}  // namespace keyward::client
