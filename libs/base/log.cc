// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/base/log.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "nlohmann/json.hpp"
#include "spdlog/logger.h"
#include "spdlog/sinks/stdout_sinks.h"

namespace keyward {
namespace {

// A JSON string of at most `max_bytes` of `text`, in printable ASCII. The
// cut may split a character; what is left of it becomes U+FFFD.
std::string JsonText(absl::string_view text, size_t max_bytes) {
  std::string value(text.substr(0, max_bytes));
  if (text.size() > max_bytes) value.append("...");
  return nlohmann::json(std::move(value))
      .dump(/*indent=*/-1, /*indent_char=*/' ', /*ensure_ascii=*/true,
            nlohmann::json::error_handler_t::replace);
}

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

spdlog::level::level_enum SpdlogLevel(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

class StderrLogSink final : public LogSink {
 public:
  StderrLogSink()
      : logger_("keyward", std::make_shared<spdlog::sinks::stderr_sink_mt>()) {
    logger_.set_level(spdlog::level::trace);
    logger_.set_pattern("%v");
    logger_.flush_on(spdlog::level::trace);
    // By default spdlog prints its own failures, in another format.
    logger_.set_error_handler([](const std::string&) {});
  }

  void Write(LogLevel level, absl::string_view line) override {
    // As an argument: the line itself is no format string.
    logger_.log(SpdlogLevel(level), "{}",
                spdlog::string_view_t(line.data(), line.size()));
  }

 private:
  spdlog::logger logger_;
};

// The keys that a line has so far; few enough to look through.
class Keys {
 public:
  std::string Unused(absl::string_view key) {
    std::string unused(key);
    while (std::find(used_.begin(), used_.end(), unused) != used_.end()) {
      unused.push_back('_');
    }
    used_.push_back(unused);
    return unused;
  }

 private:
  std::vector<std::string> used_ = {"time", "level", "service", "msg",
                                    "fields_dropped"};
};

}  // namespace

LogField::LogField(absl::string_view key, absl::string_view value)
    : key_(key), json_(JsonText(value, kMaxLogValueBytes)) {}
LogField::LogField(absl::string_view key, bool value)
    : key_(key), json_(value ? "true" : "false") {}
LogField::LogField(absl::string_view key, int value)
    : key_(key), json_(absl::StrCat(value)) {}
LogField::LogField(absl::string_view key, unsigned value)
    : key_(key), json_(absl::StrCat(value)) {}
LogField::LogField(absl::string_view key, int64_t value)
    : key_(key), json_(absl::StrCat(value)) {}
LogField::LogField(absl::string_view key, uint64_t value)
    : key_(key), json_(absl::StrCat(value)) {}
// JSON has neither infinity nor NaN.
LogField::LogField(absl::string_view key, double value)
    : key_(key), json_(std::isfinite(value) ? absl::StrCat(value) : "null") {}
LogField::LogField(absl::string_view key, absl::Duration value)
    : LogField(key, absl::FormatDuration(value)) {}
LogField::LogField(absl::string_view key, const absl::Status& value)
    : LogField(key,
               value.ToString(absl::StatusToStringMode::kWithNoExtraData)) {}

std::unique_ptr<LogSink> NewStderrLogSink() {
  return std::make_unique<StderrLogSink>();
}

Logger::Logger(absl::string_view service, LogLevel min_level,
               const Clock* clock, LogSink* sink)
    : service_json_(JsonText(service, kMaxLogValueBytes)),
      min_level_(min_level),
      clock_(clock),
      sink_(sink) {}

void Logger::Debug(absl::string_view message,
                   std::initializer_list<LogField> fields) const {
  Log(LogLevel::kDebug, message, fields);
}
void Logger::Info(absl::string_view message,
                  std::initializer_list<LogField> fields) const {
  Log(LogLevel::kInfo, message, fields);
}
void Logger::Warning(absl::string_view message,
                     std::initializer_list<LogField> fields) const {
  Log(LogLevel::kWarning, message, fields);
}
void Logger::Error(absl::string_view message,
                   std::initializer_list<LogField> fields) const {
  Log(LogLevel::kError, message, fields);
}

void Logger::Log(LogLevel level, absl::string_view message,
                 std::initializer_list<LogField> fields) const {
  if (!IsEnabled(level)) return;
  std::string line = absl::StrCat(
      "{\"time\":\"",
      absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", clock_->Now(),
                       absl::UTCTimeZone()),
      "\",\"level\":\"", LevelName(level), "\",\"service\":", service_json_,
      ",\"msg\":", JsonText(message, kMaxLogMessageBytes));
  Keys keys;
  size_t written = 0;
  for (const LogField& field : fields) {
    if (written == kMaxLogFields) break;
    absl::StrAppend(&line, ",",
                    JsonText(keys.Unused(field.key()), kMaxLogValueBytes), ":",
                    field.json());
    ++written;
  }
  if (written < fields.size()) {
    absl::StrAppend(&line, ",\"fields_dropped\":", fields.size() - written);
  }
  line.push_back('}');
  sink_->Write(level, line);
}

}  // namespace keyward
