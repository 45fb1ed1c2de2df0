// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_AUDIT_SIGNED_CHECKPOINT_FOR_TESTING_H_
#define KEYWARD_LIBS_AUDIT_SIGNED_CHECKPOINT_FOR_TESTING_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/note.h"
#include "libs/audit/tree_hash.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::audit {

// A log's key without a log: signs checkpoints of any size, each with a root
// of its own. Keys of different seeds are different keys.
class CheckpointsForTesting {
 public:
  explicit CheckpointsForTesting(char seed = 's',
                                 const std::string& origin = "keyward/log/test")
      : signer_(NoteSigner::Create(origin, crypto::Ed25519Signer::FromSeed(
                                               crypto::SecretBuffer::CopyOf(
                                                   std::string(32, seed)))
                                               .value())
                    .value()) {}

  std::string Note(uint64_t size) const {
    return SignCheckpoint(*signer_, {signer_->verifier().name(), size,
                                     LeafHash(absl::StrCat(size))})
        .value();
  }

  std::string key() const { return signer_->verifier().ToString(); }

 private:
  const std::unique_ptr<NoteSigner> signer_;
};

}  // namespace keyward::audit

#endif  // KEYWARD_LIBS_AUDIT_SIGNED_CHECKPOINT_FOR_TESTING_H_
