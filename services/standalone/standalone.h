// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// All of Keyward in one process: the same classes as in five, calling each
// other directly.

#ifndef KEYWARD_SERVICES_STANDALONE_STANDALONE_H_
#define KEYWARD_SERVICES_STANDALONE_STANDALONE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/auth/reload_runner.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::standalone {

// Used by main's thread alone; destroying it stops everything, without a
// drain.
class Standalone : public rpc::RunningService {
 public:
  // Makes what first start makes, opens everything and listens; callers get
  // UNAVAILABLE until BringIntoService. The errors say what to do. What
  // `context` points to must outlive it.
  static absl::StatusOr<std::unique_ptr<rpc::RunningService>> Create(
      const config::v1::StandaloneConfig& config,
      const rpc::ProcessContext& context);

  ~Standalone() override;
  Standalone(const Standalone&) = delete;
  Standalone& operator=(const Standalone&) = delete;

  // Audit checks its log against what store and policy hold, then policy
  // brings its newest revision into force, then the gateway gets it.
  //
  // With the flag `recover-admin` policy makes that principal administrator
  // again instead, on record, and nothing is served.
  absl::Status BringIntoService(SteadyTime deadline) override;
  bool finished() const override;
  std::vector<auth::ReloadRunner::Set> files() override;
  void Drain(absl::Duration grace) override;

 private:
  struct Parts;

  explicit Standalone(std::unique_ptr<Parts> parts);

  absl::Status RecoverAdministrator(SteadyTime deadline);

  const std::unique_ptr<Parts> parts_;
};

// Makes what first start makes and nothing else: keys, the CA, identities.
absl::Status InitializeHome(const std::string& home,
                            const config::v1::StandaloneConfig& config);

}  // namespace keyward::standalone

#endif  // KEYWARD_SERVICES_STANDALONE_STANDALONE_H_
