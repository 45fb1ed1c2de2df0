// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// A client's call as the transport hands it to the access pipeline. No gRPC
// here: the pipeline is tested without a network.

#ifndef KEYWARD_LIBS_RPC_INCOMING_CALL_H_
#define KEYWARD_LIBS_RPC_INCOMING_CALL_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/shared_text.h"

namespace keyward::rpc {

// What the transport knows of the peer. Nothing in it is trusted but the
// certificate, whose chain the TLS handshake has verified.
struct PeerFacts {
  // Every value of the `authorization` metadata, as sent. More than one is
  // refused by the authenticator.
  std::vector<std::string> authorization;
  // The values of the `x-forwarded-client-cert` metadata, two at most: more
  // than one is refused, and who sends a thousand makes nobody keep them.
  // Whether they mean anything is the authenticator's to say.
  std::vector<std::string> forwarded_client_cert;
  // The verified leaf, PEM, and what else the peer sent; empty without one.
  SharedText certificate_pem;
  SharedText chain_pem;
  // The verified leaf's SPIFFE id, if its only URI SAN is one that gRPC takes
  // for such: its characters are not checked, so compare it with ids that are
  // known to be well-formed, or parse it. Empty otherwise, also for a verified
  // certificate with two URI SANs.
  std::string spiffe_id;
  // Whether the connection resumed an earlier TLS session, whose certificate
  // this handshake then did not verify.
  bool session_resumed = false;
  // "ipv4:127.0.0.1:51234".
  std::string peer;
  std::string user_agent;
};

struct IncomingCall {
  const google::protobuf::MethodDescriptor* method = nullptr;
  // Null if the bytes did not parse as the method's request: the pipeline
  // still authenticates the caller, puts the failure on record, and refuses.
  std::unique_ptr<google::protobuf::Message> request;
  PeerFacts peer;
  // The caller's deadline, already bounded by the transport (10 s if the
  // caller gave none, 60 s at most; streams: infinite future).
  SteadyTime deadline;
  // Unary calls: keeps something, which the handler hands over before it
  // answers, until the transport is done with the call: its answer was sent, or
  // given up because nobody took it. Once at most. Empty if there is no
  // transport. What is kept is destroyed on any thread, within the answer's
  // sending too, and must neither block nor call the transport.
  absl::AnyInvocable<void(std::shared_ptr<void>)> keep_until_sent;
};

// The response is null unless the status is OK. The receiver sends it and
// wipes its sensitive fields.
using UnaryDone = absl::AnyInvocable<void(
    absl::Status, std::unique_ptr<google::protobuf::Message>)>;

// Streams of its clients that one gateway keeps open. Each is a stream to one
// owner, on a connection that carries nothing else.
constexpr size_t kMaxGatewayStreams = 4096;

// The transport's end of a server stream. Thread-safe.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;

  // Writes one message; `done(true)` when the transport took it and another
  // may be written, `done(false)` when the stream is over. At most one write
  // at a time.
  virtual void Write(std::unique_ptr<google::protobuf::Message> message,
                     absl::AnyInvocable<void(bool)> done) = 0;

  // Cuts the stream off: a write in flight comes back with false soon, whether
  // the peer reads or not. Finish must still be called, after Abort returned.
  virtual void Abort() = 0;

  // Ends the stream. Once; no write may be in flight.
  virtual void Finish(absl::Status status) = 0;

  // `cancelled` is called once, at once if that has happened: with CANCELLED if
  // the peer went away, with UNAVAILABLE if the server drains, so that the peer
  // opens the stream again elsewhere. Finish must still be called.
  virtual void OnCancel(absl::AnyInvocable<void(absl::Status)> cancelled) = 0;
};

// Thread-safe. No method blocks.
class CallHandler {
 public:
  virtual ~CallHandler() = default;

  // `done` is called exactly once, at the latest soon after the deadline.
  virtual void HandleUnary(IncomingCall call, UnaryDone done) = 0;

  // The handler ends the stream with writer->Finish, always.
  virtual void HandleStream(IncomingCall call,
                            std::shared_ptr<StreamWriter> writer) = 0;

  // The transport has refused a call with `status` by itself, before it knew
  // who calls: because too many are open, or because there is no such method,
  // for which `method` is null. The handler is told, for its records.
  virtual void OnRefused(const PeerFacts& peer,
                         const google::protobuf::MethodDescriptor* method,
                         const absl::Status& status) {
    static_cast<void>(peer);
    static_cast<void>(method);
    static_cast<void>(status);
  }
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_INCOMING_CALL_H_
