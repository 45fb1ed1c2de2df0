// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/peer_channel.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/channel.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "grpcpp/security/tls_certificate_provider.h"
#include "grpcpp/security/tls_credentials_options.h"
#include "grpcpp/support/channel_arguments.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/peer_verifier.h"
#include "libs/rpc/tls_material.h"

namespace keyward::rpc {
namespace {

namespace ge = grpc::experimental;

// Longer than cancelled calls take to end, shorter than an operator waits for
// a process to.
constexpr absl::Duration kReleaseTime = absl::Seconds(10);

std::shared_ptr<grpc::ChannelCredentials> NewCredentials(
    const TlsMaterial& material, const std::string& spiffe_id) {
  std::string key(material.private_key.ExposeSecret());
  std::vector<ge::IdentityKeyCertPair> pairs = {
      {key, material.certificate_chain}};
  ge::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<ge::StaticDataCertificateProvider>(material.authorities,
                                                          pairs));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);
  options.set_certificate_verifier(NewPeerVerifier(spiffe_id));
  crypto::WipeString(&key);
  crypto::WipeString(&pairs[0].private_key);
  return ge::TlsCredentials(options);
}

grpc::ChannelArguments Arguments() {
  grpc::ChannelArguments args;
  args.SetMaxReceiveMessageSize(kInnerMaxMessageBytes);
  args.SetMaxSendMessageSize(kInnerMaxMessageBytes);
  // Without it, channels of the same address share connections.
  args.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A variable of the environment must not send internal traffic elsewhere,
  // nor a DNS record change how calls are made.
  args.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  args.SetInt(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1);
  // A retry is a decision of the access pipeline, which knows what a second
  // attempt means.
  args.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  // A peer that restarts is reached again within two seconds; the default
  // waits up to two minutes.
  args.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  args.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2000);
  args.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2000);
  // The internal servers permit a ping each 5 s (libs/rpc/server.cc).
  args.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 10'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  args.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  args.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  return args;
}

std::shared_ptr<grpc::Channel> NewChannel(const std::string& address,
                                          const std::string& spiffe_id,
                                          const TlsMaterial& material) {
  return grpc::CreateCustomChannel(address, NewCredentials(material, spiffe_id),
                                   Arguments());
}

}  // namespace

absl::StatusOr<std::unique_ptr<PeerChannel>> PeerChannel::Create(
    std::string address, std::string spiffe_id, TlsMaterial material,
    const Clock* clock) {
  auto channel = absl::WrapUnique(
      new PeerChannel(std::move(address), std::move(spiffe_id), clock));
  const absl::Status usable = channel->Update(std::move(material));
  if (!usable.ok()) return usable;
  return channel;
}

PeerChannel::PeerChannel(std::string address, std::string spiffe_id,
                         const Clock* clock)
    : address_(std::move(address)),
      spiffe_id_(std::move(spiffe_id)),
      clock_(clock) {}

// Counts one use of a generation for as long as it lives.
class PeerChannel::Lease {
 public:
  Lease(std::shared_ptr<State> state, uint64_t generation)
      : state_(std::move(state)), generation_(generation) {}
  ~Lease() {
    MutexLock lock(&state_->mu);
    --state_->generations[generation_].uses;
    state_->released.SignalAll();
  }
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

 private:
  const std::shared_ptr<State> state_;
  const uint64_t generation_;
};

PeerChannel::~PeerChannel() {
  // Taken out, so that it is this thread that destroys them and not whoever
  // holds the state last.
  std::map<uint64_t, Generation> generations;
  const SystemClock clock;
  const SteadyTime end = clock.SteadyNow() + kReleaseTime;
  MutexLock lock(&state_->mu);
  for (const auto& entry : state_->generations) {
    while (entry.second.uses > 0) {
      // What is not released by then keeps its channel.
      if (!state_->released.WaitUntil(&state_->mu, clock, end)) return;
    }
  }
  generations.swap(state_->generations);
}

absl::Status PeerChannel::Update(TlsMaterial material) {
  absl::Status usable = CheckTlsMaterial(material, clock_->Now());
  if (!usable.ok()) return usable;
  std::shared_ptr<grpc::Channel> channel =
      NewChannel(address_, spiffe_id_, material);
  std::vector<std::shared_ptr<grpc::Channel>> unused;
  MutexLock lock(&state_->mu);
  state_->generations[++state_->newest].channel = std::move(channel);
  // Channels whose last call has ended go now, on this thread.
  for (auto it = state_->generations.begin(); it->first != state_->newest;) {
    if (it->second.uses > 0) {
      ++it;
      continue;
    }
    unused.push_back(std::move(it->second.channel));
    it = state_->generations.erase(it);
  }
  return absl::OkStatus();
}

std::shared_ptr<grpc::Channel> PeerChannel::Get() {
  MutexLock lock(&state_->mu);
  const uint64_t newest = state_->newest;
  Generation& generation = state_->generations[newest];
  ++generation.uses;
  return std::shared_ptr<grpc::Channel>(std::make_shared<Lease>(state_, newest),
                                        generation.channel.get());
}

bool PeerChannel::Connected() {
  return Get()->GetState(/*try_to_connect=*/true) == GRPC_CHANNEL_READY;
}

}  // namespace keyward::rpc
