// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_RELOADING_PEER_H_
#define KEYWARD_LIBS_RPC_RELOADING_PEER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/repeated_field.h"
#include "libs/auth/reloadable_files.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/peer_channel.h"
#include "proto/keyward/config/v1/config.pb.h"

namespace keyward::rpc {

// Where a peer is, who it must be, and with what this service proves itself.
struct PeerSettings {
  // "store", and the ErrorInfo reason that means that it is away.
  std::string name;
  std::string reason;
  std::string address;
  std::string spiffe_id;
  std::string certificate_file;
  std::string key_file;
  // The authorities of the peer's own trust domain. Those of another must not
  // be able to name it.
  std::string bundle_file;
};

// From a service's configuration. INVALID_ARGUMENT, naming the field, if the
// peer's trust domain is none of `domains`.
absl::StatusOr<PeerSettings> PeerSettingsOf(
    const std::string& name, const std::string& reason,
    const config::v1::PeerConfig& peer, const config::v1::TlsConfig& own,
    const google::protobuf::RepeatedPtrField<config::v1::TrustDomainConfig>&
        domains);

// A channel to a peer that takes up changed certificates when its files are
// polled, and keeps the last good ones otherwise. Failures of the peer are
// logged, each new cause at once and a lasting one every ten seconds.
//
// Thread-safe.
class ReloadingPeer {
 public:
  // Reads the files; connects lazily. The errors of ReloadableFiles::Create and
  // of PeerChannel::Create. `log` and `clock` outlive it.
  static absl::StatusOr<std::unique_ptr<ReloadingPeer>> Create(
      PeerSettings settings, const Logger* log, const Clock* clock);

  // For the remote classes of libs/rpc, which this outlives.
  Peer peer();
  // For a ReloadRunner.
  auth::ReloadableFiles* files() { return files_.get(); }
  const std::string& name() const { return settings_.name; }

 private:
  ReloadingPeer(PeerSettings settings, const Logger* log, const Clock* clock);

  absl::Status Apply(const std::vector<auth::FileContent>& contents);
  void Report(const absl::Status& failure);

  const PeerSettings settings_;
  const Logger* const log_;
  const Clock* const clock_;
  // Set in Create, before anyone else has this object.
  std::unique_ptr<PeerChannel> channel_;
  std::unique_ptr<auth::ReloadableFiles> files_;

  Mutex mu_;
  absl::Status last_failure_ ABSL_GUARDED_BY(mu_);
  SteadyTime last_report_ ABSL_GUARDED_BY(mu_) = SteadyTime::InfinitePast();
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_RELOADING_PEER_H_
