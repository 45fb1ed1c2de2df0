// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/test_world.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "gtest/gtest.h"
#include "services/cli/command_line.h"

namespace keyward::cli {
namespace {

// Sessions own their transport; this one belongs to the world.
class Borrowed final : public client::Transport {
 public:
  explicit Borrowed(client::Transport* transport) : transport_(transport) {}

  absl::Status Unary(const google::protobuf::MethodDescriptor& method,
                     const google::protobuf::Message& request,
                     absl::Duration timeout,
                     google::protobuf::Message* response) override {
    return transport_->Unary(method, request, timeout, response);
  }

  absl::Status Stream(
      const google::protobuf::MethodDescriptor& method,
      const google::protobuf::Message& request, absl::Duration timeout,
      google::protobuf::Message* message,
      absl::FunctionRef<absl::Status(google::protobuf::Message*)> each)
      override {
    return transport_->Stream(method, request, timeout, message, each);
  }

 private:
  client::Transport* const transport_;
};

std::string NewFolder() {
  std::string path = absl::StrCat(::testing::TempDir(), "cliXXXXXX");
  EXPECT_NE(mkdtemp(path.data()), nullptr);
  return path;
}

}  // namespace

TestWorld::TestWorld()
    : folder_(NewFolder()),
      clock_(absl::FromCivil(absl::CivilSecond(2026, 8, 1, 12, 0, 0),
                             absl::UTCTimeZone())) {
  environment_.variable =
      [this](const std::string& name) -> absl::optional<std::string> {
    const auto it = environment_variables_.find(name);
    if (it == environment_variables_.end()) return absl::nullopt;
    return it->second;
  };
  environment_.out = &out_;
  environment_.err = &err_;
  environment_.write_secret = [this](absl::string_view secret) {
    absl::StrAppend(&secret_out_, secret);
    return absl::OkStatus();
  };
  environment_.clock = &clock_;
  environment_.random = &random_;
  environment_.sleep = [this](absl::Duration delay) {
    waits_.push_back(delay);
    steady_now_ += delay;
  };
  environment_.steady_now = [this] { return steady_now_; };
  environment_.connect = [this](const client::Settings&) {
    ++connections_;
    return absl::StatusOr<std::unique_ptr<client::Transport>>(
        std::make_unique<Borrowed>(&transport_));
  };
  environment_.execute = [this](const std::vector<std::string>& command,
                                const std::vector<SecretVariable>& variables) {
    started_ = command;
    for (const SecretVariable& variable : variables) {
      variables_[variable.name] = std::string(variable.value.ExposeSecret());
    }
    return absl::OkStatus();
  };
  environment_.program_folder = "/opt/keyward/bin";
  environment_.home = folder_ + "/home";
  environment_.config_folder = folder_ + "/config";
  SetInput("");
}

TestWorld::~TestWorld() {
  close(in_fd_);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

int TestWorld::Run(const std::vector<std::string>& arguments) {
  out_.str("");
  err_.str("");
  secret_out_.clear();
  started_.clear();
  variables_.clear();
  waits_.clear();
  return RunCommandLine(arguments, environment_);
}

void TestWorld::SetInput(absl::string_view input) {
  const std::string path = WriteFile("input", input);
  if (in_fd_ >= 0) close(in_fd_);
  in_fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  environment_.in_fd = in_fd_;
}

std::string TestWorld::WriteFile(const std::string& name,
                                 absl::string_view text) {
  const std::string path = absl::StrCat(folder_, "/", name);
  std::ofstream(path, std::ios::binary) << text;
  return path;
}

std::string TestWorld::ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.good()) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace keyward::cli
