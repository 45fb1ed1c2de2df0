// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_REDIS_REDIS_SERVER_H_
#define KEYWARD_LIBS_TARGET_REDIS_REDIS_SERVER_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/target/redis/reply.h"
#include "libs/target/target.h"

namespace keyward::target {

struct RedisServerOptions {
  enum class Users { kAclFile, kConfigFile, kNowhere };

  Users users = Users::kAclFile;
  bool plaintext = false;
  // Lines of redis.conf.
  std::vector<std::string> settings;
};

// A Redis server of a test: Debian's, on 127.0.0.1 with a port, a certificate
// authority and a folder of its own, which is gone with it. It ends with the
// test's process, too. For one thread.
class RedisServer {
 public:
  // Whether this machine has Redis; skip the test if not.
  static bool IsInstalled();

  // Returns when it answers; an error with what it says if it never does.
  static absl::StatusOr<std::unique_ptr<RedisServer>> Start(
      RedisServerOptions options);

  ~RedisServer();

  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  // With its authority, and named by its address.
  Endpoint endpoint() const;

  // An administrator: `default` where users are kept nowhere.
  Credential admin() const;

  const std::string& folder() const { return folder_; }
  std::string acl_file() const { return folder_ + "/acl/users.acl"; }
  std::string config_file() const { return folder_ + "/redis.conf"; }
  std::string log_file() const { return folder_ + "/redis.log"; }

  // As a power cut does it (SIGKILL); orderly (SIGTERM). Does nothing if it is
  // not running.
  void Kill();
  void Stop();

  // Starts it again, on the same port and with the same files.
  absl::Status Restart();

  // Nothing is answered in between (SIGSTOP, SIGCONT).
  void Freeze();
  void Thaw();

  // Asks it something as the administrator. Ends the process if it does not
  // answer; an error of its own is a reply.
  std::unique_ptr<redis::Reply> Ask(
      const std::vector<absl::string_view>& words) const;

 private:
  explicit RedisServer(RedisServerOptions options);

  // The lines of its configuration.
  std::vector<std::string> Settings() const;
  absl::Status WriteFiles();
  absl::Status Run();
  void End(int signal);

  const RedisServerOptions options_;
  const SystemClock clock_;
  std::string folder_;
  std::string authority_;
  uint16_t port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_REDIS_REDIS_SERVER_H_
