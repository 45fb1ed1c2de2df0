// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_SERVICE_STATE_H_
#define KEYWARD_LIBS_RPC_SERVICE_STATE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "libs/base/log.h"
#include "libs/kv/kv.h"
#include "libs/kv/rocksdb_kv.h"
#include "libs/rpc/service_process.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::rpc {

// Opens the folder of `service` in the data folder, with the embedded engine,
// whose failures and recoveries go to the log. Errors as kv::OpenRocksDb.
inline absl::StatusOr<std::unique_ptr<kv::KeyValueStore>> OpenServiceState(
    const ProcessContext& context, const config::v1::DataConfig& data,
    const std::string& service, std::vector<std::string> feeds) {
  kv::RocksDbOptions options;
  options.path = absl::StrCat(data.folder(), "/", service);
  options.owner = service;
  options.clock = context.clock;
  options.feeds = std::move(feeds);
  options.log = [log = context.log](absl::string_view line) {
    log->Warning("state", {{"what", line}});
  };
  return kv::OpenRocksDb(options);
}

// A core's refusal to start on `service`'s folder, with the folder's path: a
// core knows neither it nor that there are others.
inline absl::Status InServiceState(const absl::Status& refusal,
                                   const config::v1::DataConfig& data,
                                   const std::string& service) {
  if (refusal.ok()) return refusal;
  return absl::Status(refusal.code(), absl::StrCat(data.folder(), "/", service,
                                                   ": ", refusal.message()));
}

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SERVICE_STATE_H_
