// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/fuzz/test_log.h"

#include "libs/audit/merkle_test_util.h"
#include "libs/crypto/ed25519.h"
#include "libs/crypto/secret_buffer.h"

namespace keyward::fuzz {

TestLog::TestLog()
    : signer_(audit::NoteSigner::Create(
                  "keyward.example/log",
                  crypto::Ed25519Signer::FromSeed(
                      crypto::SecretBuffer::CopyOf(std::string(32, 's')))
                      .value())
                  .value()),
      verifiers_({signer_->verifier()}) {}

const TestLog& TestLog::Get() {
  static const TestLog& log = *new TestLog;
  return log;
}

audit::Checkpoint TestLog::At(uint64_t size) const {
  return {signer_->verifier().name(), size, audit::NaiveRoot(leaves_, 0, size)};
}

bool TestLog::HasSigned(const audit::Checkpoint& checkpoint) const {
  const audit::Checkpoint real = At(checkpoint.size == 0 ? 0 : 2);
  return checkpoint.origin == real.origin && checkpoint.size == real.size &&
         checkpoint.root == real.root;
}

}  // namespace keyward::fuzz
