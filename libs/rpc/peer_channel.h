// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_PEER_CHANNEL_H_
#define KEYWARD_LIBS_RPC_PEER_CHANNEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/channel.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/rpc/tls_material.h"

namespace keyward::rpc {

// The largest answer of a batch: 256 payloads of 64 KiB and what surrounds
// them.
inline constexpr int kInnerMaxMessageBytes = 20 << 20;

// A mutual TLS connection to one other service of Keyward, which is known by
// its SPIFFE id: the server's certificate must chain to our authorities and
// have that id as its only URI SAN. Its host name proves nothing and is not
// looked at.
//
// A peer that has gone silent (stopped, cut off) is noticed by pings within
// 15 s, and its calls fail UNAVAILABLE; callers' own deadlines are far shorter
// and do not rest on it.
//
// Thread-safe.
class PeerChannel {
 public:
  // Connects lazily, so the peer need not be there. The errors of
  // CheckTlsMaterial. `clock` outlives the object.
  static absl::StatusOr<std::unique_ptr<PeerChannel>> Create(
      std::string address, std::string spiffe_id, TlsMaterial material,
      const Clock* clock);

  // Waits, for ten seconds at most, until all that Get() gave is released.
  // gRPC's callback threads end with the last channel and server of a process,
  // and one that dropped the last channel itself would wait for its own end.
  ~PeerChannel();

  PeerChannel(const PeerChannel&) = delete;
  PeerChannel& operator=(const PeerChannel&) = delete;

  // Uses the new material from the next call on, over a new connection; calls
  // in flight end on the old one. The errors of CheckTlsMaterial; the last good
  // material then stays in use.
  absl::Status Update(TlsMaterial material);

  // The channel to use now. Ask again for each call, and release it after its
  // context.
  std::shared_ptr<grpc::Channel> Get();

  // Whether a connection stands now; if none does, begins to make one.
  bool Connected();

  const std::string& address() const { return address_; }

  // The clock that the deadlines of calls through it are of.
  const Clock& clock() const { return *clock_; }

 private:
  // A channel and how many calls use it.
  struct Generation {
    std::shared_ptr<grpc::Channel> channel;
    int uses = 0;
  };
  // Shared with what Get() gave.
  struct State {
    Mutex mu;
    CondVar released;
    std::map<uint64_t, Generation> generations ABSL_GUARDED_BY(mu);
    uint64_t newest ABSL_GUARDED_BY(mu) = 0;
  };
  class Lease;

  PeerChannel(std::string address, std::string spiffe_id, const Clock* clock);

  const std::string address_;
  const std::string spiffe_id_;
  const Clock* const clock_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PEER_CHANNEL_H_
