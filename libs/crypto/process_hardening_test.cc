// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/process_hardening.h"

#include <openssl/ssl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

using testing::HasSubstr;

// What happens to a process cannot be undone, so each test has a child of its
// own. The child's exit code: 0 if `check` is true.
int InChild(const std::function<bool()>& check) {
  const pid_t child = fork();
  if (child == 0) _exit(check() ? 0 : 1);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(HardenProcessTest, P5_TurnsOffCoreDumpsAndDebuggers) {
  EXPECT_EQ(InChild([] {
              if (!HardenProcess({}).ok()) return false;
              rlimit limit = {1, 1};
              return prctl(PR_GET_DUMPABLE) == 0 &&
                     getrlimit(RLIMIT_CORE, &limit) == 0 &&
                     limit.rlim_cur == 0 && limit.rlim_max == 0;
            }),
            0);
}

TEST(HardenProcessTest, RestrictsTls) {
  EXPECT_EQ(InChild([] {
              if (!HardenProcess({}).ok()) return false;
              SSL_CTX* const context = SSL_CTX_new(TLS_method());
              return SSL_CTX_get_min_proto_version(context) == TLS1_3_VERSION &&
                     SSL_CTX_get_num_tickets(context) == 0;
            }),
            0);
}

TEST(HardenProcessTest, P5_RefusesTracing) {
  for (const char* value : {"all", "secure_endpoint", "http"}) {
    setenv("GRPC_TRACE", value, 1);
    const absl::Status status = HardenProcess({}).status();
    unsetenv("GRPC_TRACE");
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(status.message()), HasSubstr("unset it"));
  }
}

TEST(HardenProcessTest, AnEmptyTraceVariableTracesNothing) {
  EXPECT_EQ(InChild([] {
              setenv("GRPC_TRACE", "", 1);
              return HardenProcess({}).ok();
            }),
            0);
}

TEST(HardenProcessTest, P5_LocksAllMemoryOrSaysWhyNot) {
  EXPECT_EQ(InChild([] {
              const auto report = HardenProcess({});
              if (!report.ok()) return false;
              return report->all_memory_locked == report->shortfalls.empty();
            }),
            0);
}

TEST(HardenProcessTest, P5_ReportsALimitOnLockedMemory) {
  EXPECT_EQ(InChild([] {
              const rlimit small = {4096, 8192};
              if (setrlimit(RLIMIT_MEMLOCK, &small) != 0) return false;
              // Without the privileges that override the limit.
              if (geteuid() == 0 && setuid(65534) != 0) return false;
              const auto report = HardenProcess({});
              return report.ok() && !report->all_memory_locked &&
                     report->shortfalls.size() == 1 &&
                     absl::StrContains(report->shortfalls[0],
                                       "at most 8192 bytes") &&
                     absl::StrContains(report->shortfalls[0],
                                       "LimitMEMLOCK=infinity");
            }),
            0);
}

TEST(HardenProcessTest, RaisesTheSoftLimitToTheHardOne) {
  EXPECT_EQ(InChild([] {
              const rlimit small = {4096, 1 << 20};
              if (setrlimit(RLIMIT_MEMLOCK, &small) != 0) return false;
              if (geteuid() == 0 && setuid(65534) != 0) return false;
              HardeningOptions options;
              options.lock_all_memory = false;
              rlimit limit = {};
              return HardenProcess(options).ok() &&
                     getrlimit(RLIMIT_MEMLOCK, &limit) == 0 &&
                     limit.rlim_cur == 1 << 20;
            }),
            0);
}

TEST(HardenProcessTest, NotLockingIsAShortfallThatIsReported) {
  EXPECT_EQ(InChild([] {
              HardeningOptions options;
              options.lock_all_memory = false;
              const auto report = HardenProcess(options);
              return report.ok() && !report->all_memory_locked &&
                     report->shortfalls.size() == 1;
            }),
            0);
}

TEST(HardenProcessTest, CanBeRepeated) {
  EXPECT_EQ(
      InChild([] { return HardenProcess({}).ok() && HardenProcess({}).ok(); }),
      0);
}

}  // namespace
}  // namespace keyward::crypto
