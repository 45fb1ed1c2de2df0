// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/memory_log_sink.h"

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"

namespace keyward {

void MemoryLogSink::Write(LogLevel, absl::string_view line) {
  MutexLock l(&mu_);
  lines_.emplace_back(line);
}

std::vector<std::string> MemoryLogSink::lines() const {
  MutexLock l(&mu_);
  return lines_;
}

}  // namespace keyward
