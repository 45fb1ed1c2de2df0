// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_PINNED_CHECKPOINT_H_
#define KEYWARD_LIBS_CLIENT_PINNED_CHECKPOINT_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "libs/audit/checkpoint.h"
#include "libs/client/gateway_client.h"

namespace keyward::client {

// What one gateway's audit log was last seen to have committed itself to. As
// long as a client keeps it, the log below it cannot be changed, cut,
// reordered or rolled back without that client noticing (promise P3).
struct Pin {
  // The log's key in vkey form. Believed on first use, from a gateway that TLS
  // has proven; another key later is an alarm, as another history is.
  std::string verifier_key;
  // A signed note.
  std::string note;
  // What the note says.
  audit::Checkpoint checkpoint;
};

// The pin that `verifier_key` and `note` make. INVALID_ARGUMENT if either is
// malformed, UNAUTHENTICATED if the key did not sign the note.
absl::StatusOr<Pin> MakePin(absl::string_view verifier_key,
                            absl::string_view note);

// The form of a file; FORMAT.md has it. ParsePin's errors as MakePin's.
std::string FormatPin(const Pin& pin);
absl::StatusOr<Pin> ParsePin(absl::string_view text);

// The pins of one person, a file for each gateway. Safe for concurrent use,
// by several processes too.
class PinStore {
 public:
  // `folder` is made when the first pin is kept.
  explicit PinStore(std::string folder);

  // The pin kept under `name` (Settings::pin_name); absent if there is none.
  // DATA_LOSS, naming the file, if there is one that cannot be read: taking
  // that for no pin would let whoever can damage the file roll a log back.
  absl::StatusOr<absl::optional<Pin>> Load(const std::string& name) const;

  // Keeps `pin`, which was shown to extend `base`, what Load gave. ABORTED if
  // that is not what is kept any more: two processes that were shown two logs
  // at once must not both find theirs good. Errors of file_util.h.
  absl::Status Keep(const std::string& name, const Pin& pin,
                    const absl::optional<Pin>& base) const;

  // Keeps `pin` whatever was there.
  absl::Status Replace(const std::string& name, const Pin& pin) const;

  // Where the pin is kept, for messages and for `audit verify`.
  std::string PathOf(const std::string& name) const;

 private:
  absl::Status WithLock(const std::string& name,
                        absl::FunctionRef<absl::Status()> action) const;

  const std::string folder_;
};

// What looking at a log has shown.
struct PinCheck {
  absl::optional<Pin> pinned;  // what was kept before
  Pin seen;                    // what the gateway showed now
  // `seen` does not extend `pinned`, and was accepted all the same.
  bool rollback_accepted = false;
};

// Fetches the newest checkpoint, proves that it extends the pinned one, and
// keeps it in place of that.
//
// DATA_LOSS if it does not: the log was changed, cut or rolled back, or is
// another log. The message shows both. With `accept_rollback` the new one is
// kept all the same, and the result has both for the caller to show. An answer
// that is malformed or not signed by its own key is DATA_LOSS too, and is
// never accepted. If other processes look at the log at the same time, it looks
// again, a few times, and then is ABORTED. Others are the client's and the
// store's errors.
absl::StatusOr<PinCheck> CheckAndPin(GatewayClient& client,
                                     const PinStore& store,
                                     const std::string& name,
                                     bool accept_rollback);

// OK if `seen` is of the same log as `pinned` and `proof` (32-byte hashes)
// shows that it extends it; DATA_LOSS with both otherwise.
absl::Status CheckExtends(const Pin& pinned, const Pin& seen,
                          absl::Span<const std::string> proof);

// One line for people: the origin, the size, the root in base64.
std::string DescribePin(const Pin& pin);

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_PINNED_CHECKPOINT_H_
