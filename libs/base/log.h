// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_BASE_LOG_H_
#define KEYWARD_LIBS_BASE_LOG_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace keyward {

// The operational log: what an operator reads to run the service. It is not
// the audit log, promises no durability, and never carries a secret: no type
// that holds one converts to a field, and whoever logs a field knows where
// its text comes from.
//
// One JSON object a line:
//   {"time":"2026-08-01T12:00:00.000Z","level":"info","service":"gateway",
//    "msg":"listening","port":8470}
//
// Text is escaped to printable ASCII, so that neither a line break nor a
// terminal escape sequence in a name that a client chose can forge a line or
// reprogram the reader's terminal; bytes that are no UTF-8 become U+FFFD.

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Bounds of a line, for text that comes from outside: longer values are cut
// and end in "...", fields beyond the number are counted in "fields_dropped".
inline constexpr size_t kMaxLogMessageBytes = 2048;
inline constexpr size_t kMaxLogValueBytes = 1024;
inline constexpr size_t kMaxLogFields = 32;

// One key and value of a line. Keys are literals of ours in lower_snake_case;
// one that a line has already (time, level, service, msg or an earlier field)
// gets an underscore appended, so that no field can stand in for another.
class LogField {
 public:
  LogField(absl::string_view key, absl::string_view value);
  LogField(absl::string_view key, const char* value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, const std::string& value)
      : LogField(key, absl::string_view(value)) {}
  LogField(absl::string_view key, bool value);
  LogField(absl::string_view key, int value);
  LogField(absl::string_view key, unsigned value);
  LogField(absl::string_view key, int64_t value);
  LogField(absl::string_view key, uint64_t value);
  LogField(absl::string_view key, double value);
  // As absl::FormatDuration writes it: "1.5s".
  LogField(absl::string_view key, absl::Duration value);
  // Code and message, without payloads.
  LogField(absl::string_view key, const absl::Status& value);

  absl::string_view key() const { return key_; }
  // The value as JSON.
  absl::string_view json() const { return json_; }

 private:
  std::string key_;
  std::string json_;
};

// Where finished lines go. Implementations are safe for concurrent use and do
// not block for long: they are called on request threads.
class LogSink {
 public:
  virtual ~LogSink() = default;

  // Writes `line`, which has no line break, and a line break.
  virtual void Write(LogLevel level, absl::string_view line) = 0;
};

// Standard error, flushed after each line. A line that cannot be written is
// lost; logging never fails a request.
std::unique_ptr<LogSink> NewStderrLogSink();

// Makes lines and hands them to a sink. Passed to whoever logs; there is no
// global one. Safe for concurrent use.
class Logger {
 public:
  // Logs for `service`, from `min_level` up. Neither argument is owned; both
  // outlive the logger.
  Logger(absl::string_view service, LogLevel min_level, const Clock* clock,
         LogSink* sink);

  // Write one line, or nothing below the least level. `message` is a literal
  // of ours; what varies goes into fields.
  void Debug(absl::string_view message,
             std::initializer_list<LogField> fields = {}) const;
  void Info(absl::string_view message,
            std::initializer_list<LogField> fields = {}) const;
  void Warning(absl::string_view message,
               std::initializer_list<LogField> fields = {}) const;
  void Error(absl::string_view message,
             std::initializer_list<LogField> fields = {}) const;

  // True if a line of `level` would be written: asked before building fields
  // that cost something.
  bool IsEnabled(LogLevel level) const { return level >= min_level_; }

 private:
  void Log(LogLevel level, absl::string_view message,
           std::initializer_list<LogField> fields) const;

  const std::string service_json_;
  const LogLevel min_level_;
  const Clock* const clock_;
  LogSink* const sink_;
};

}  // namespace keyward

#endif  // KEYWARD_LIBS_BASE_LOG_H_
