// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A library to preload: the time of day that a process sees can be set while
// it runs, without setting that of the machine. The file that WALL_CLOCK_FILE
// names holds the difference in nanoseconds, as a native int64_t.
//
// As the kernel does when its clock is set: waits until a moment of the
// realtime clock go by the new time at once, and all others go on undisturbed.

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace {

constexpr int64_t kSecond = 1'000'000'000;

// A wait on the realtime clock looks this often whether that was set.
constexpr int64_t kSlice = kSecond / 50;

// No machine is up for so long, and no date lies before it.
constexpr int64_t kLongestUptime = int64_t{20} * 365 * 24 * 3600 * kSecond;

int64_t ToNanos(const timespec& time) {
  return int64_t{time.tv_sec} * kSecond + time.tv_nsec;
}

timespec FromNanos(int64_t nanos) {
  timespec time = {};
  time.tv_sec = nanos / kSecond;
  time.tv_nsec = nanos % kSecond;
  return time;
}

template <typename Function>
Function* Next(const char* name) {
  auto* const function = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  if (function == nullptr) std::abort();
  return function;
}

// The kernel's own, which this library has taken the place of.
int64_t Kernel(clockid_t clock) {
  static std::atomic<int (*)(clockid_t, timespec*)> read{nullptr};
  if (read == nullptr) read = Next<int(clockid_t, timespec*)>("clock_gettime");
  timespec now = {};
  (*read)(clock, &now);
  return ToNanos(now);
}

const std::atomic<int64_t>* OpenDifference() {
  static const std::atomic<int64_t> kNone{0};
  const char* const name = std::getenv("WALL_CLOCK_FILE");
  const int file = name == nullptr ? -1 : open(name, O_RDONLY | O_CLOEXEC);
  if (file < 0) return &kNone;
  void* const mapped =
      mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) return &kNone;
  return static_cast<const std::atomic<int64_t>*>(mapped);
}

std::atomic<const std::atomic<int64_t>*> difference{nullptr};

__attribute__((constructor)) void Open() { difference = OpenDifference(); }

int64_t WallNow() {
  const std::atomic<int64_t>* const opened = difference;
  return Kernel(CLOCK_REALTIME) + (opened == nullptr ? 0 : opened->load());
}

bool IsWall(clockid_t clock) {
  return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

// Calls wait(moment of the monotonic clock), which answers like errno, until it
// answers anything but ETIMEDOUT or the time of day has reached `until`.
template <typename Wait>
int WaitUntilWall(int64_t until, Wait wait) {
  for (;;) {
    const int64_t left = until - WallNow();
    const int64_t slice = std::clamp(left, int64_t{0}, kSlice);
    const int waited = wait(FromNanos(Kernel(CLOCK_MONOTONIC) + slice));
    if (waited != ETIMEDOUT || left <= 0) return waited;
  }
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  *time = FromNanos(IsWall(clock) ? WallNow() : Kernel(clock));
  return 0;
}

int gettimeofday(timeval* time, void*) noexcept {
  const int64_t now = WallNow();
  time->tv_sec = now / kSecond;
  time->tv_usec = now % kSecond / 1000;
  return 0;
}

time_t time(time_t* time) noexcept {
  const time_t now = WallNow() / kSecond;
  if (time != nullptr) *time = now;
  return now;
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
  static auto* const wait =
      Next<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>(
          "pthread_cond_clockwait");
  // Of which clock the condition is cannot be asked, but be seen.
  if (ToNanos(*until) < kLongestUptime) {
    return wait(condition, mutex, CLOCK_MONOTONIC, until);
  }
  return WaitUntilWall(ToNanos(*until), [&](const timespec& slice) {
    return wait(condition, mutex, CLOCK_MONOTONIC, &slice);
  });
}

long syscall(long number, ...) noexcept {                        // NOLINT
  static std::atomic<long (*)(long, ...)> next{nullptr};         // NOLINT
  if (next == nullptr) next = Next<long(long, ...)>("syscall");  // NOLINT
  long arguments[6];                                             // NOLINT
  va_list list;
  va_start(list, number);
  for (long& argument : arguments) argument = va_arg(list, long);  // NOLINT
  va_end(list);
  const auto call = [&] {
    return (*next)(number, arguments[0], arguments[1], arguments[2],
                   arguments[3], arguments[4], arguments[5]);
  };
  const bool on_wall = number == SYS_futex &&
                       (arguments[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
                       (arguments[1] & FUTEX_CLOCK_REALTIME) != 0 &&
                       arguments[3] != 0;
  if (!on_wall) return call();
  const int64_t until = ToNanos(*reinterpret_cast<timespec*>(arguments[3]));
  arguments[1] &= ~long{FUTEX_CLOCK_REALTIME};  // NOLINT
  const int error = WaitUntilWall(until, [&](timespec slice) {
    arguments[3] = reinterpret_cast<long>(&slice);  // NOLINT
    return call() == 0 ? 0 : errno;
  });
  if (error == 0) return 0;
  errno = error;
  return -1;
}

}  // extern "C"
