// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CRYPTO_PROCESS_HARDENING_H_
#define KEYWARD_LIBS_CRYPTO_PROCESS_HARDENING_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace keyward::crypto {

struct HardeningOptions {
  // Lock all memory of the process, not only that of SecretBuffer, where the
  // system allows it: the copies that gRPC and protobuf make are then never
  // swapped out either.
  bool lock_all_memory = true;
};

// What HardenProcess could not have, for the start log and the operator
// status.
struct HardeningReport {
  bool all_memory_locked = false;
  // One sentence each, with what the operator can do; empty if all was had.
  std::vector<std::string> shortfalls;
};

// Makes this process keep its secrets from the system around it. Call it at
// the start of main, before there is a secret or a thread:
//
//   - no core dumps, and no debugger or /proc/PID/mem for other processes of
//     the same user (PR_SET_DUMPABLE, RLIMIT_CORE);
//   - TLS as RestrictTls() says;
//   - memory locked as far as RLIMIT_MEMLOCK or CAP_IPC_LOCK allow, raising
//     the soft limit to the hard one. Pages are locked as they are used
//     (MCL_ONFAULT); the address space of gRPC is far larger than what it
//     uses.
//
// FAILED_PRECONDITION if the environment has GRPC_TRACE: some of its values
// print decrypted traffic to the log. INTERNAL if core dumps cannot be turned
// off or TLS cannot be restricted. That memory cannot be locked is no error
// but a shortfall. May be called again.
absl::StatusOr<HardeningReport> HardenProcess(const HardeningOptions& options);

}  // namespace keyward::crypto

#endif  // KEYWARD_LIBS_CRYPTO_PROCESS_HARDENING_H_
