// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_FAULT_FUZZ_TEST_LOG_H_
#define KEYWARD_TESTS_FAULT_FUZZ_TEST_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "libs/audit/checkpoint.h"
#include "libs/audit/note.h"

namespace keyward::fuzz {

// The log of libs/audit/FORMAT.md: its key, whose seed is 32 times `s`, and the
// two checkpoints that it ever signed, of no leaf and of the leaves `ab` and
// `c`. The corpora have both; whatever else is believed is a forgery.
class TestLog {
 public:
  // Made once.
  static const TestLog& Get();

  const audit::NoteSigner& signer() const { return *signer_; }
  const std::vector<audit::NoteVerifier>& verifiers() const {
    return verifiers_;
  }
  std::string key() const { return signer_->verifier().ToString(); }

  const std::vector<std::string>& leaves() const { return leaves_; }

  // The checkpoint of the first `size` leaves, 0 or 2.
  audit::Checkpoint At(uint64_t size) const;

  // Whether the key ever signed this.
  bool HasSigned(const audit::Checkpoint& checkpoint) const;

 private:
  TestLog();

  const std::unique_ptr<audit::NoteSigner> signer_;
  const std::vector<audit::NoteVerifier> verifiers_;
  const std::vector<std::string> leaves_ = {"ab", "c"};
};

}  // namespace keyward::fuzz

#endif  // KEYWARD_TESTS_FAULT_FUZZ_TEST_LOG_H_
