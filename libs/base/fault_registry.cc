// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Built into nothing but fault tests. The standard library alone: whatever it
// used besides could not have points of its own.

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "libs/base/fault_point.h"

namespace keyward::fault {
namespace {

// No stall is longer: a test that forgets one does not hang.
constexpr uint64_t kMaxStallMs = 60000;

struct Rule {
  std::string point;
  bool crash = false;
  std::chrono::milliseconds stall{0};
  uint64_t times = 1;
  bool happened = false;
};

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "fault plan: %s\n", why.c_str());
  std::abort();
}

// Takes digits off the beginning of `text`.
uint64_t TakeNumber(std::string* text, const std::string& line) {
  uint64_t number = 0;
  size_t digits = 0;
  while (digits < text->size() && digits < 9 && (*text)[digits] >= '0' &&
         (*text)[digits] <= '9') {
    number = 10 * number + ((*text)[digits++] - '0');
  }
  if (digits == 0) Die("no number in '" + line + "'");
  text->erase(0, digits);
  return number;
}

bool TakePrefix(const std::string& prefix, std::string* text) {
  if (text->compare(0, prefix.size(), prefix) != 0) return false;
  text->erase(0, prefix.size());
  return true;
}

Rule ParseRule(const std::string& line) {
  Rule rule;
  const size_t equals = line.find('=');
  if (equals == std::string::npos) Die("no '=' in '" + line + "'");
  rule.point = line.substr(0, equals);
  std::string rest = line.substr(equals + 1);
  if (TakePrefix("crash", &rest)) {
    rule.crash = true;
  } else if (TakePrefix("stall:", &rest)) {
    const uint64_t milliseconds = TakeNumber(&rest, line);
    if (milliseconds > kMaxStallMs) Die("too long a stall in '" + line + "'");
    rule.stall = std::chrono::milliseconds(milliseconds);
  } else {
    Die("neither crash nor stall in '" + line + "'");
  }
  if (TakePrefix("@", &rest)) rule.times = TakeNumber(&rest, line);
  if (!rest.empty() || rule.times == 0) Die("cannot read '" + line + "'");
  return rule;
}

class Registry {
 public:
  Registry()
      : plan_(Environment("KEYWARD_FAULT_PLAN")),
        log_(Environment("KEYWARD_FAULT_LOG")) {}

  // What happens now at the point: the rule, or one that does nothing.
  Rule Note(const std::string& point) {
    std::lock_guard<std::mutex> lock(mu_);
    if (reached_.insert(point).second) Log("reached", point);
    ReadPlan();
    for (Rule& rule : rules_) {
      if (rule.point != point || rule.happened || --rule.times > 0) continue;
      rule.happened = true;
      Log(rule.crash ? "crash" : "stall", point);
      return rule;
    }
    return Rule();
  }

  void NoteEnd(const std::string& point) {
    std::lock_guard<std::mutex> lock(mu_);
    Log("go", point);
  }

 private:
  // Of the plan that was read: its inode, and when it was written.
  using Identity = std::tuple<ino_t, time_t, long>;  // NOLINT: as the kernel's

  static std::string Environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
  }

  // One write each: processes may share the file, and one may be killed.
  void Log(const char* what, const std::string& point) {
    if (log_.empty()) return;
    const std::string line = std::string(what) + " " + point + "\n";
    const int fd =
        open(log_.c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) Die("cannot open " + log_);
    if (write(fd, line.data(), line.size()) !=
        static_cast<ssize_t>(line.size())) {
      Die("cannot write " + log_);
    }
    close(fd);
  }

  // A test replaces the file whole, and it is read again if it is another.
  void ReadPlan() {
    if (plan_.empty()) return;
    struct stat info = {};
    if (stat(plan_.c_str(), &info) != 0) {
      rules_.clear();
      read_ = {};
      return;
    }
    const Identity found{info.st_ino, info.st_mtim.tv_sec,
                         info.st_mtim.tv_nsec};
    if (found == read_) return;
    read_ = found;
    rules_.clear();
    std::ifstream file(plan_);
    for (std::string line; std::getline(file, line);) {
      if (!line.empty()) rules_.push_back(ParseRule(line));
    }
  }

  const std::string plan_;
  const std::string log_;
  std::mutex mu_;
  Identity read_ = {};
  std::vector<Rule> rules_;
  std::set<std::string> reached_;
};

Registry& TheRegistry() {
  // Never destroyed: threads reach points while the process ends.
  static Registry* const registry = new Registry();
  return *registry;
}

}  // namespace

void Reach(const char* name, const std::string& where) {
  std::string point = name;
  if (!where.empty()) point += "/" + where;
  const Rule rule = TheRegistry().Note(point);
  if (rule.crash) {
    // As from outside: nothing is flushed, no destructor runs.
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  if (rule.stall.count() == 0) return;
  std::this_thread::sleep_for(rule.stall);
  TheRegistry().NoteEnd(point);
}

}  // namespace keyward::fault
