// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_TEST_WORLD_H_
#define KEYWARD_SERVICES_CLI_TEST_WORLD_H_

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "libs/base/fake_clock.h"
#include "libs/client/fake_transport.h"
#include "libs/crypto/random.h"
#include "services/cli/environment.h"

namespace keyward::cli {

// A process for commands under test: a gateway that answers as told, streams
// that are kept, a folder of its own, and no way to anything real.
class TestWorld {
 public:
  TestWorld();
  ~TestWorld();

  TestWorld(const TestWorld&) = delete;
  TestWorld& operator=(const TestWorld&) = delete;

  // Runs `keyward ARGUMENTS` and returns its exit code. What was printed
  // before is forgotten.
  int Run(const std::vector<std::string>& arguments);

  // The gateway.
  client::FakeTransport& gateway() { return transport_; }

  // What the last run printed, and what it printed by way of write_secret.
  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }
  const std::string& secret_out() const { return secret_out_; }

  // What the last run would have started, and with which variables.
  const std::vector<std::string>& started() const { return started_; }
  const std::map<std::string, std::string>& variables() const {
    return variables_;
  }

  // What the next run reads from standard input.
  void SetInput(absl::string_view input);
  void SetVariable(const std::string& name, const std::string& value) {
    environment_variables_[name] = value;
  }

  // A folder that is empty at first, and a file in it.
  const std::string& folder() const { return folder_; }
  std::string WriteFile(const std::string& name, absl::string_view text);
  static std::string ReadFile(const std::string& path);

  FakeClock& clock() { return clock_; }
  Environment& environment() { return environment_; }
  // How long the commands waited, in order.
  const std::vector<absl::Duration>& waits() const { return waits_; }
  int connections() const { return connections_; }

 private:
  std::string folder_;
  FakeClock clock_;
  crypto::SystemRandom random_;
  client::FakeTransport transport_;
  Environment environment_;
  std::map<std::string, std::string> environment_variables_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::string secret_out_;
  std::vector<std::string> started_;
  std::map<std::string, std::string> variables_;
  std::vector<absl::Duration> waits_;
  absl::Duration steady_now_;
  int connections_ = 0;
  int in_fd_ = -1;
};

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_TEST_WORLD_H_
