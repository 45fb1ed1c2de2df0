// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_HELD_CHECKPOINTS_H_
#define KEYWARD_SERVICES_CLI_HELD_CHECKPOINTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "libs/audit/note.h"
#include "libs/audit/verify.h"
#include "libs/client/pinned_checkpoint.h"

namespace keyward::cli {

// What a log is verified against, and by which keys.
struct TrustedCheckpoints {
  std::vector<audit::HeldCheckpoint> held;
  std::vector<audit::NoteVerifier> verifiers;
  // The keys come from the log's own folder: then they prove that the log is
  // whole, and not that it is the one that it was.
  bool keys_are_the_logs_own = false;
};

// Adds a checkpoint that its owner kept elsewhere, with the key that it was
// kept with. `name` says whose it is, in messages.
void AddKept(const std::string& name, const client::Pin& pin,
             TrustedCheckpoints* trusted);

// Adds the checkpoints that store and policy keep below `data_folder`, those
// that are there. Read them before the log: a server that runs meanwhile only
// lets it grow. Errors of the folders; DATA_LOSS if a record is damaged.
absl::Status AddHeldBelow(const std::string& data_folder,
                          TrustedCheckpoints* trusted);

// If there is no key yet, adds the one that lies beside the log in
// `data_folder`. NOT_FOUND if there is none; others as
// audit::ReadLogVerifier and of reading.
absl::Status AddOwnKey(const std::string& data_folder,
                       TrustedCheckpoints* trusted);

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_HELD_CHECKPOINTS_H_
