// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/service_process.h"

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::rpc {
namespace {

using Config = config::v1::RotationConfig;

// A service that becomes ready at the third attempt and then stops itself.
class FakeService final : public RunningService {
 public:
  explicit FakeService(absl::Status forever) : forever_(std::move(forever)) {}

  absl::Status BringIntoService(SteadyTime) override {
    if (!forever_.ok()) return forever_;
    if (++attempts_ < 3) return absl::UnavailableError("audit");
    raise(SIGTERM);
    return absl::OkStatus();
  }
  std::vector<auth::ReloadRunner::Set> files() override { return {}; }
  void Drain(absl::Duration) override { std::fprintf(stderr, "drained\n"); }

 private:
  const absl::Status forever_;
  int attempts_ = 0;
};

// Runs a process to its end, in a child of the test's.
void RunChild(std::vector<const char*> arguments, absl::Status start,
              absl::Status ready) {
  arguments.insert(arguments.begin(),
                   {"keyward-rotation", "--home", "/nonexistent", "--metrics",
                    "127.0.0.1:0"});
  // Else it would start this test again.
  setenv("LD_BIND_NOW", "1", 1);
  std::exit(RunService<Config>(
      static_cast<int>(arguments.size()), arguments.data(),
      {"rotation", "For tests.", {}},
      [&](const Config&, const ProcessContext&)
          -> absl::StatusOr<std::unique_ptr<RunningService>> {
        if (!start.ok()) return start;
        return std::make_unique<FakeService>(ready);
      }));
}

TEST(ServiceProcessDeathTest, ServesUntilASignalAndDrains) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(RunChild({}, absl::OkStatus(), absl::OkStatus()),
              testing::ExitedWithCode(0),
              "waiting.*UNAVAILABLE: audit.*\n(.*\n)*.*serving.*\n"
              "(.*\n)*.*draining.*\n(.*\n)*drained");
}

TEST(ServiceProcessDeathTest, AServiceThatCannotStartSaysWhy) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(RunChild({}, absl::FailedPreconditionError("the port is taken"),
                       absl::OkStatus()),
              testing::ExitedWithCode(1),
              "keyward-rotation: the port is taken");
}

TEST(ServiceProcessDeathTest, AnErrorThatWaitingDoesNotMendEndsIt) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(RunChild({}, absl::OkStatus(), absl::DataLossError("damaged")),
              testing::ExitedWithCode(1), "keyward-rotation: damaged");
}

TEST(ServiceProcessDeathTest, AnUnknownKeyInTheConfigurationIsRefused) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(RunChild({"--set", "lisen.address=x"}, absl::OkStatus(),
                       absl::OkStatus()),
              testing::ExitedWithCode(1), "lisen");
}

TEST(ServiceProcessDeathTest, AWrongFlagExitsWithTwo) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(RunChild({"--nonsense"}, absl::OkStatus(), absl::OkStatus()),
              testing::ExitedWithCode(2), "nonsense");
}

TEST(ServiceProcessDeathTest, P5_ATraceThatPrintsPlaintextIsRefused) {
  testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        setenv("GRPC_TRACE", "secure_endpoint", 1);
        RunChild({}, absl::OkStatus(), absl::OkStatus());
      },
      testing::ExitedWithCode(1), "GRPC_TRACE");
}

}  // namespace
}  // namespace keyward::rpc
