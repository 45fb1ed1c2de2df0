// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/steady_waits.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace keyward::rpc {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

// Far from the end of a timespec, and for ever to a wait.
constexpr int64_t kLongestSeconds = 1'000'000'000;

// A system call takes up to six arguments, each as large as a register.
using Arguments = std::array<long, 6>;  // NOLINT: the type of syscall
using Function = long(long, ...);       // NOLINT

// The function that this file has taken the place of. Not a static of the
// function that asks: the guard of such a one may itself make a system call.
std::atomic<Function*> replaced{nullptr};  // NOLINT

Function* Replaced() {
  Function* function = replaced.load(std::memory_order_relaxed);
  if (function != nullptr) return function;
  function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, "syscall"));
  if (function == nullptr) {
    std::fputs("keyward: no syscall in the libraries\n", stderr);
    std::abort();
  }
  replaced.store(function, std::memory_order_relaxed);
  return function;
}

timespec Now(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return now;
}

// Whether it is a wait until a moment of the realtime clock. Of all waits only
// this operation takes a moment and a choice of clock.
bool WaitsOnTheWallClock(long number, const Arguments& arguments) {  // NOLINT
  const auto operation = static_cast<int>(arguments[1]);
  return number == SYS_futex &&
         (operation & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
         (operation & FUTEX_CLOCK_REALTIME) != 0 && arguments[3] != 0;
}

}  // namespace

bool WaitsAreSteady() {
  return dlsym(RTLD_DEFAULT, "syscall") == reinterpret_cast<void*>(&syscall);
}

timespec ToSteady(const timespec& until, const timespec& wall_now,
                  const timespec& steady_now) {
  int64_t seconds = int64_t{until.tv_sec} - int64_t{wall_now.tv_sec};
  int64_t nanos = int64_t{until.tv_nsec} - int64_t{wall_now.tv_nsec};
  if (nanos < 0) {
    --seconds;
    nanos += kNanosPerSecond;
  }
  if (seconds < 0) return steady_now;
  seconds = std::min(seconds, kLongestSeconds);
  timespec steady = steady_now;
  steady.tv_sec += seconds;
  steady.tv_nsec += nanos;
  if (steady.tv_nsec >= kNanosPerSecond) {
    ++steady.tv_sec;
    steady.tv_nsec -= kNanosPerSecond;
  }
  return steady;
}

}  // namespace keyward::rpc

extern "C" {

__attribute__((used)) long syscall(long number, ...) noexcept {  // NOLINT
  keyward::rpc::Arguments arguments;
  va_list list;
  va_start(list, number);
  for (auto& argument : arguments) argument = va_arg(list, long);  // NOLINT
  va_end(list);
  timespec until = {};
  if (keyward::rpc::WaitsOnTheWallClock(number, arguments)) {
    until = keyward::rpc::ToSteady(
        *reinterpret_cast<const timespec*>(arguments[3]),
        keyward::rpc::Now(CLOCK_REALTIME), keyward::rpc::Now(CLOCK_MONOTONIC));
    arguments[1] &= ~long{FUTEX_CLOCK_REALTIME};    // NOLINT
    arguments[3] = reinterpret_cast<long>(&until);  // NOLINT
  }
  return keyward::rpc::Replaced()(number, arguments[0], arguments[1],
                                  arguments[2], arguments[3], arguments[4],
                                  arguments[5]);
}

}  // extern "C"
