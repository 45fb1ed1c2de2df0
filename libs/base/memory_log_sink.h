// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_MEMORY_LOG_SINK_H_
#define KEYWARD_LIBS_BASE_MEMORY_LOG_SINK_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"

namespace keyward {

// A log sink that keeps all lines, for tests. Safe for concurrent use.
class MemoryLogSink final : public LogSink {
 public:
  void Write(LogLevel level, absl::string_view line) override;

  // All lines written so far, without line breaks.
  std::vector<std::string> lines() const;

 private:
  mutable Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_MEMORY_LOG_SINK_H_
