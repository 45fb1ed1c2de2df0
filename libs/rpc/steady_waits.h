// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_STEADY_WAITS_H_
#define KEYWARD_LIBS_RPC_STEADY_WAITS_H_

#include <ctime>

namespace keyward::rpc {

// Linking this target into a binary makes the waits of gRPC keep their length
// when the system time is set.
//
// gRPC 1.51 measures time on the monotonic clock, but it waits by Abseil, and
// Abseil 20220623 waits until a moment of CLOCK_REALTIME. If that clock is set
// back by an hour, gRPC's timer thread sleeps an hour longer, and with it go
// the deadlines of its calls, its pings of silent peers, its reconnecting and
// the greatest age of its connections.
//
// What it replaces, by being first in the search order of the dynamic linker:
//
//   syscall   a futex wait until a moment of CLOCK_REALTIME becomes one until
//             the same distance from now on CLOCK_MONOTONIC; every other call
//             is passed on as it is
//
// Not covered are waits on the realtime clock inside glibc, which do not come
// by: pthread_cond_timedwait, of which RocksDB's housekeeping makes use.
//
// For server binaries and the command line, as a direct dependency of the
// cc_binary.

// Whether Abseil's calls end here, in this process.
bool WaitsAreSteady();

// The moment of the monotonic clock that is as far from `steady_now` as `until`
// is from `wall_now`; never before `steady_now`, and at most about 30 years
// after it. All are normalized: 0 <= tv_nsec < 1e9.
timespec ToSteady(const timespec& until, const timespec& wall_now,
                  const timespec& steady_now);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_STEADY_WAITS_H_
