// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/process_hardening.h"

#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "libs/crypto/tls_policy.h"

namespace keyward::crypto {
namespace {

absl::Status CheckEnvironment() {
  const char* const trace = std::getenv("GRPC_TRACE");
  if (trace == nullptr || *trace == '\0') return absl::OkStatus();
  return absl::FailedPreconditionError(
      "GRPC_TRACE is set, which can print decrypted traffic to the log: unset "
      "it");
}

absl::Status TurnOffCoreDumps() {
  // The second also where the first is overridden: a core pattern that is a
  // pipe ignores the limit.
  const rlimit none = {0, 0};
  if (setrlimit(RLIMIT_CORE, &none) != 0 ||
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
    return absl::InternalError(
        absl::StrCat("cannot turn off core dumps: ", strerrordesc_np(errno)));
  }
  return absl::OkStatus();
}

// Whether the limit on locked memory does not apply to this process.
bool HasIpcLockCapability() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  return (data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &
          CAP_TO_MASK(CAP_IPC_LOCK)) != 0;
}

// Raises the limit on locked memory as far as it goes; the limit then.
rlim_t RaiseMemoryLockLimit() {
  const rlimit unlimited = {RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &unlimited) == 0) return RLIM_INFINITY;
  rlimit limit = {};
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  // Lowering nothing, this cannot fail; where it does, the old limit stays.
  if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0) {
    getrlimit(RLIMIT_MEMLOCK, &limit);
  }
  return limit.rlim_cur;
}

void LockMemory(HardeningReport* report) {
  const rlim_t limit = RaiseMemoryLockLimit();
  // Under a limit mlockall may succeed now, and then the first allocation that
  // reaches the limit fails and takes the process down.
  if (limit != RLIM_INFINITY && !HasIpcLockCapability()) {
    report->shortfalls.push_back(absl::StrCat(
        "memory outside of secret buffers can be swapped out: at most ", limit,
        " bytes may be locked; set LimitMEMLOCK=infinity (systemd), --ulimit "
        "memlock=-1 (containers) or turn swap off"));
    return;
  }
  if (mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0) {
    report->shortfalls.push_back(
        absl::StrCat("memory outside of secret buffers can be swapped out: ",
                     strerrordesc_np(errno)));
    return;
  }
  report->all_memory_locked = true;
}

}  // namespace

absl::StatusOr<HardeningReport> HardenProcess(const HardeningOptions& options) {
  if (absl::Status s = CheckEnvironment(); !s.ok()) return s;
  if (absl::Status s = TurnOffCoreDumps(); !s.ok()) return s;
  if (absl::Status s = RestrictTls(); !s.ok()) return s;
  HardeningReport report;
  if (options.lock_all_memory) {
    LockMemory(&report);
  } else {
    RaiseMemoryLockLimit();
    report.shortfalls.push_back(
        "memory outside of secret buffers can be swapped out, as configured");
  }
  return report;
}

}  // namespace keyward::crypto
