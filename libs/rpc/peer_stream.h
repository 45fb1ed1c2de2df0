// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_PEER_STREAM_H_
#define KEYWARD_LIBS_RPC_PEER_STREAM_H_

#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/mutex.h"
#include "libs/base/timer.h"
#include "libs/rpc/peer_caller.h"

namespace keyward::rpc {

class PeerStreams;

// The messages of a server stream of a peer, one at a time and only when asked
// for. Destroying it ends the stream; a callback that still waits is then
// destroyed without being called.
//
// Thread-safe.
class PeerStream {
 public:
  using Message = google::protobuf::Message;
  using Done =
      absl::AnyInvocable<void(absl::StatusOr<std::unique_ptr<Message>>)>;

  // Calls `method` of `peer` with `request`. `max_silence` bounds the wait for
  // each message: a peer that owes one sooner and sends none is taken for hung.
  // `clock`, `timer` and the peer's channel outlive the stream. It is one of
  // `streams` from now on.
  PeerStream(Peer peer, const google::protobuf::MethodDescriptor* method,
             const Message& request, absl::Duration max_silence,
             const Clock* clock, Timer* timer,
             const std::shared_ptr<PeerStreams>& streams);
  ~PeerStream();

  PeerStream(const PeerStream&) = delete;
  PeerStream& operator=(const PeerStream&) = delete;

  // Calls `done` once, on any thread, with the next message or with why the
  // stream is over: what the peer said if it is about the request
  // (INVALID_ARGUMENT or FAILED_PRECONDITION with a reason of ours), otherwise
  // PeerAway. One call at a time.
  void Next(Done done);

 private:
  friend class PeerStreams;
  class Call;

  const std::shared_ptr<Call> call_;
};

// The streams that are open, so that all can be ended at once. Thread-safe.
class PeerStreams {
 public:
  // Ends every stream: whoever waits for a message is told PeerAway.
  void EndAll();

 private:
  friend class PeerStream;

  void Add(const std::shared_ptr<PeerStream::Call>& call);

  Mutex mu_;
  std::vector<std::weak_ptr<PeerStream::Call>> calls_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PEER_STREAM_H_
