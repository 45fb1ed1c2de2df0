// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Named points at which a test makes a process crash or stall:
//
//   KEYWARD_FAULT_POINT("gateway.change.intended");
//
// In what is deployed a point is nothing: no code, no name, not even its
// arguments are evaluated (tests/fault/point_names.py looks for them in the
// binaries). Only a build with --define=keyward_faults=on has them, in targets
// whose local_defines are FAULT_POINTS of fault_points.bzl. There the plan, the
// file that the environment's KEYWARD_FAULT_PLAN names, says what happens:
//
//   gateway.change.intended=crash        the process kills itself (SIGKILL)
//   store.change.durable=stall:2000      the thread sleeps, in milliseconds
//   kv.commit.written/audit=crash@3      at the third time, where it is "audit"
//
// One rule a line. The plan is read when a point is reached and it has changed,
// so a test can make one while the process runs; a rule happens once. A plan
// that cannot be read as such ends the process. What was reached for the first
// time, and what happened, is appended to the file KEYWARD_FAULT_LOG, a line
// each: `reached NAME`, `crash NAME`, `stall NAME`, `go NAME` after a stall.
//
// tests/fault/README.md lists all names. A name is SERVICE.THING.STEP; none is
// under a lock that a caller's deadline waits for.

#ifndef KEYWARD_LIBS_BASE_FAULT_POINT_H_
#define KEYWARD_LIBS_BASE_FAULT_POINT_H_

#include <string>

#ifdef KEYWARD_FAULT_POINTS

// KEYWARD_FAULT_POINT(name) or KEYWARD_FAULT_POINT(name, where).
#define KEYWARD_FAULT_POINT(...) ::keyward::fault::Reach(__VA_ARGS__)

namespace keyward::fault {

// Does what the plan says about the point, whose name is a literal, since it is
// looked for in binaries. Thread-safe. The plan and the counts are the
// process's, in a static: a point must not change what it stands in, and
// passing a registry through every constructor would.
void Reach(const char* name, const std::string& where = {});

}  // namespace keyward::fault

#else

#define KEYWARD_FAULT_POINT(...) static_cast<void>(0)

#endif  // KEYWARD_FAULT_POINTS

#endif  // KEYWARD_LIBS_BASE_FAULT_POINT_H_
