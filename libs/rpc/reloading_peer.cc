// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/reloading_peer.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "libs/auth/reloadable_files.h"
#include "libs/auth/trust_bundles.h"
#include "libs/base/error.h"
#include "libs/base/mutex.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/peer_channel.h"
#include "libs/rpc/tls_material.h"

namespace keyward::rpc {
namespace {

// As for the server's own files (reloading_server_tls.cc).
constexpr size_t kMaxChainBytes = 64 << 10;
constexpr size_t kMaxKeyBytes = 16 << 10;

// How often a cause that lasts is logged again.
constexpr absl::Duration kReportPeriod = absl::Seconds(10);

// "spiffe://DOMAIN/PATH" -> "DOMAIN".
std::string DomainOf(absl::string_view spiffe_id) {
  absl::ConsumePrefix(&spiffe_id, "spiffe://");
  return std::string(spiffe_id.substr(0, spiffe_id.find('/')));
}

}  // namespace

absl::StatusOr<PeerSettings> PeerSettingsOf(
    const std::string& name, const std::string& reason,
    const config::v1::PeerConfig& peer, const config::v1::TlsConfig& own,
    const google::protobuf::RepeatedPtrField<config::v1::TrustDomainConfig>&
        domains) {
  PeerSettings settings;
  settings.name = name;
  settings.reason = reason;
  settings.address = peer.address();
  settings.spiffe_id = peer.spiffe_id();
  settings.certificate_file = own.cert_file();
  settings.key_file = own.key_file();
  const std::string wanted = DomainOf(peer.spiffe_id());
  for (const config::v1::TrustDomainConfig& domain : domains) {
    if (domain.name() == wanted) settings.bundle_file = domain.bundle_file();
  }
  if (settings.bundle_file.empty()) {
    return FieldError(absl::StrCat(name, ".spiffe_id"),
                      absl::StrCat("is of the trust domain ", wanted,
                                   ", which must be one of trust_domains"));
  }
  return settings;
}

absl::StatusOr<std::unique_ptr<ReloadingPeer>> ReloadingPeer::Create(
    PeerSettings settings, const Logger* log, const Clock* clock) {
  auto peer =
      absl::WrapUnique(new ReloadingPeer(std::move(settings), log, clock));
  const PeerSettings& of = peer->settings_;
  absl::StatusOr<std::unique_ptr<auth::ReloadableFiles>> files =
      auth::ReloadableFiles::Create(
          {{of.certificate_file, kMaxChainBytes, /*is_private=*/false},
           {of.key_file, kMaxKeyBytes, /*is_private=*/true},
           {of.bundle_file, auth::TrustBundles::kMaxBundleBytes,
            /*is_private=*/false}},
          clock,
          [self = peer.get()](const std::vector<auth::FileContent>& contents) {
            return self->Apply(contents);
          });
  if (!files.ok()) return files.status();
  peer->files_ = *std::move(files);
  return peer;
}

ReloadingPeer::ReloadingPeer(PeerSettings settings, const Logger* log,
                             const Clock* clock)
    : settings_(std::move(settings)), log_(log), clock_(clock) {}

absl::Status ReloadingPeer::Apply(
    const std::vector<auth::FileContent>& contents) {
  TlsMaterial material;
  material.certificate_chain = std::string(contents[0].ExposeBytes());
  material.private_key =
      crypto::SecretBuffer::CopyOf(contents[1].ExposeBytes());
  material.authorities = std::string(contents[2].ExposeBytes());
  absl::Status usable = auth::CheckTrustBundle(material.authorities);
  if (!usable.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(settings_.bundle_file, ": ", usable.message()));
  }
  if (channel_ != nullptr) return channel_->Update(std::move(material));
  absl::StatusOr<std::unique_ptr<PeerChannel>> channel = PeerChannel::Create(
      settings_.address, settings_.spiffe_id, std::move(material), clock_);
  if (!channel.ok()) return channel.status();
  channel_ = *std::move(channel);
  return absl::OkStatus();
}

Peer ReloadingPeer::peer() {
  Peer peer;
  peer.name = settings_.name;
  peer.reason = settings_.reason;
  peer.channel = channel_.get();
  peer.on_failure = [this](const absl::Status& failure) { Report(failure); };
  return peer;
}

void ReloadingPeer::Report(const absl::Status& failure) {
  {
    MutexLock lock(&mu_);
    const SteadyTime now = clock_->SteadyNow();
    if (failure == last_failure_ && now - last_report_ < kReportPeriod) return;
    last_failure_ = failure;
    last_report_ = now;
  }
  log_->Warning("a service does not answer",
                {{"service_called", settings_.name},
                 {"address", settings_.address},
                 {"error", failure}});
}

}  // namespace keyward::rpc
