// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/process_usage.h"

#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace keyward::bench {
namespace {

// In proc(5)'s numbering the state is field 3, the first after the name.
constexpr size_t kUserTime = 14 - 3;
constexpr size_t kSystemTime = 15 - 3;

absl::StatusOr<std::string> ReadProc(int pid, absl::string_view file) {
  const std::string path = absl::StrCat("/proc/", pid, "/", file);
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in || text.str().empty()) {
    return absl::NotFoundError(absl::StrCat(path, " cannot be read"));
  }
  return text.str();
}

absl::StatusOr<absl::Duration> CpuOf(int pid) {
  absl::StatusOr<std::string> text = ReadProc(pid, "stat");
  if (!text.ok()) return text.status();
  // The name stands in parentheses and may hold anything, spaces too.
  const std::vector<std::string> fields = absl::StrSplit(
      text->substr(text->rfind(')') + 1), ' ', absl::SkipEmpty());
  int64_t user = 0;
  int64_t system = 0;
  if (fields.size() <= kSystemTime ||
      !absl::SimpleAtoi(fields[kUserTime], &user) ||
      !absl::SimpleAtoi(fields[kSystemTime], &system)) {
    return absl::InternalError(absl::StrCat("/proc/", pid, "/stat: no times"));
  }
  return absl::Seconds(1) * (user + system) / sysconf(_SC_CLK_TCK);
}

absl::StatusOr<int64_t> ResidentBytesOf(int pid) {
  absl::StatusOr<std::string> text = ReadProc(pid, "status");
  if (!text.ok()) return text.status();
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    const std::vector<absl::string_view> words =
        absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
    int64_t kibibytes = 0;
    if (words.size() == 3 && words[0] == "VmRSS:" &&
        absl::SimpleAtoi(words[1], &kibibytes)) {
      return kibibytes * 1024;
    }
  }
  return absl::NotFoundError(absl::StrCat("process ", pid, " has ended"));
}

}  // namespace

absl::StatusOr<ProcessUsage> ReadUsage(const std::vector<int>& pids) {
  ProcessUsage all;
  for (const int pid : pids) {
    absl::StatusOr<absl::Duration> cpu = CpuOf(pid);
    if (!cpu.ok()) return cpu.status();
    absl::StatusOr<int64_t> resident = ResidentBytesOf(pid);
    if (!resident.ok()) return resident.status();
    all.cpu += *cpu;
    all.resident_bytes += *resident;
  }
  return all;
}

}  // namespace keyward::bench
