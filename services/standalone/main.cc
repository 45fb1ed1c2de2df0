// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// keyward-standalone: a whole Keyward in one process, for one machine.

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "libs/config/loader.h"
#include "libs/crypto/process_hardening.h"
#include "libs/rpc/service_flags.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "services/standalone/standalone.h"

namespace keyward::standalone {
namespace {

rpc::ServiceSpec Spec() {
  rpc::ServiceSpec spec;
  spec.name = "standalone";
  spec.description =
      "Keyward in one process: stores secrets, decides who may use them, and "
      "proves who did.";
  spec.flags = {
      {"init", "make keys, CA and identities if they are missing, and exit"},
      {"restored", "this is the first start after a restore from a backup"},
      {"recover-admin",
       "PRINCIPAL; makes it administrator of `system` again, on record, and "
       "ends",
       /*has_value=*/true},
  };
  return spec;
}

// What --init does: nothing is opened, nothing served.
absl::Status Initialize(const rpc::ServiceFlags& flags) {
  absl::StatusOr<crypto::HardeningReport> hardened =
      crypto::HardenProcess(crypto::HardeningOptions());
  if (!hardened.ok()) return hardened.status();
  absl::StatusOr<std::string> home = rpc::HomeOf(flags);
  if (!home.ok()) return home.status();
  const config::LoadOptions load{*home, flags.overrides};
  absl::StatusOr<config::v1::StandaloneConfig> config =
      flags.config_file.empty()
          ? config::Parse<config::v1::StandaloneConfig>("", "flags", load)
          : config::Load<config::v1::StandaloneConfig>(flags.config_file, load);
  if (!config.ok()) return config.status();
  return InitializeHome(*home, *config);
}

int Main(int argc, char** argv) {
  const rpc::ServiceSpec spec = Spec();
  rpc::ParsedFlags parsed = rpc::ParseServiceFlags(
      argc, argv, "keyward-standalone", spec.description, spec.flags);
  if (!parsed.flags.has_value()) return parsed.exit_code;
  if (parsed.flags->extra.count("init") > 0) {
    absl::Status status = Initialize(*parsed.flags);
    if (status.ok()) return 0;
    std::fprintf(stderr, "keyward-standalone: %s\n",
                 std::string(status.message()).c_str());
    return 1;
  }
  return rpc::RunService<config::v1::StandaloneConfig>(
      argc, argv, spec,
      [](const config::v1::StandaloneConfig& config,
         const rpc::ProcessContext& context) {
        return Standalone::Create(config, context);
      });
}

}  // namespace
}  // namespace keyward::standalone

int main(int argc, char** argv) {
  return keyward::standalone::Main(argc, argv);
}
