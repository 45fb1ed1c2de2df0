// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Server streams: watch, tail and export.
//
// Opening is on record, durably, before the first message; the end has a
// record with the number of messages and the last position. At most one
// message is in flight, and it is authorized just before it is written: decided
// under the snapshot in force, and checked with audit to be decided at the
// fence. The stream ends UNAUTHENTICATED when its credential expires or is no
// longer believed, because an authority, an issuer or its key was taken out,
// and PERMISSION_DENIED when the policy no longer allows it, idle or not.

#ifndef KEYWARD_SERVICES_GATEWAY_STREAM_CALL_H_
#define KEYWARD_SERVICES_GATEWAY_STREAM_CALL_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "services/gateway/pipeline_call.h"

namespace keyward::gateway {

// One message that waits to be delivered.
struct StreamItem {
  // The resource that the message is about, which is decided by itself; absent
  // for what the stream's own target covers.
  std::optional<ResourceName> resource;
  std::unique_ptr<google::protobuf::Message> message;
  // Where the stream stands once it is delivered, for the closing record.
  std::string position;
};

// What a source has next.
struct StreamBatch {
  std::vector<StreamItem> items;
  // Written if none of the items is: so that a caller who may see little still
  // learns how far the stream is, and can go on from there.
  std::optional<StreamItem> bookmark;
  // The stream is complete after these.
  bool last = false;
};

// Where a stream's messages come from. One call of Next at a time.
//
// Destroying it drops a Next that waits, and with it whatever its callback
// owns. One that is being answered just then may still answer, on another
// thread and after the source is gone: no callback may use the source.
class StreamSource {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<StreamBatch>)>;

  virtual ~StreamSource() = default;
  virtual void Next(Done done) = 0;
};

class StreamCall : public PipelineCall, public CredentialHolder {
 public:
  // How long the write in flight may take once the stream is over.
  static constexpr absl::Duration kLastWrite = absl::Seconds(1);

  // Makes the source for an authorized stream; an error ends the stream with
  // it, on record.
  using Opener =
      absl::AnyInvocable<absl::StatusOr<std::unique_ptr<StreamSource>>(
          const rpc::CallContext& context,
          const google::protobuf::Message& request)>;

  // The caller has counted it in parts->streams.
  StreamCall(const PipelineParts* parts, const MethodRule* rule,
             rpc::IncomingCall call, std::shared_ptr<rpc::StreamWriter> writer,
             Opener opener);
  ~StreamCall() override;

  void RecheckCredential() override;

 protected:
  void Authorized(SnapshotPtr snapshot) override;
  void Deliver(absl::Status status,
               std::unique_ptr<google::protobuf::Message> response) override;
  void Expire() override;

 private:
  std::shared_ptr<StreamCall> self();

  // Once, after the opening record is durable.
  void Open(const policy::PolicySnapshot& snapshot);
  // Ends the stream by itself: the peer is gone, the credential expires, or
  // the policy no longer allows it.
  void WatchForEnd();
  void OnPolicyChanged();
  // Sets the moment at which the credential expires.
  void ExpireAt(absl::Time time);

  // The loop: fetch, then for each message decide, check, write. A step that
  // is done calls Advance, which takes the next one, unless a step is on the
  // stack: that one then goes on. So the stack stays flat however many items
  // the caller may not see, and whatever answers at once.
  void Advance();
  void Step();
  void FetchNext();
  void OnFetched(absl::StatusOr<StreamBatch> batch);
  void Authorize(SnapshotPtr snapshot);
  void Check(uint64_t revision);
  void Write();

  // Ends the stream with `status`, once; as soon as no write is in flight. A
  // write that a client does not take is given up after kLastWrite: whoever
  // stops reading must not keep a stream that was revoked.
  void End(absl::Status status);
  void FinishIfIdle();
  void AbortWrite();
  bool ended();

  std::shared_ptr<rpc::StreamWriter> writer_;
  Opener opener_;
  std::atomic<bool> opened_{false};

  // Steps that are asked for; whoever raises it from 0 takes them.
  std::atomic<int> steps_{0};
  // Only the loop touches these, one step at a time.
  std::deque<StreamItem> items_;
  std::optional<StreamItem> bookmark_;
  bool last_batch_ = false;

  Mutex mu_;
  // Gone with the end: a source that waits owns the callback that owns the
  // call, and would keep both until its feed has something to say. Shared with
  // the Next that is being called.
  std::shared_ptr<StreamSource> source_ ABSL_GUARDED_BY(mu_);
  uint64_t delivered_ ABSL_GUARDED_BY(mu_) = 0;
  std::string position_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  // Finish waits for it.
  bool aborting_ ABSL_GUARDED_BY(mu_) = false;
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);
  SteadyTime ended_at_ ABSL_GUARDED_BY(mu_);
  uint64_t listener_ ABSL_GUARDED_BY(mu_) = 0;
  // It has one of the principal's places among the streams.
  bool counted_ = false;
  // Of the rules under which the credential was last verified.
  uint64_t believed_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Time expires_ ABSL_GUARDED_BY(mu_);
  CallRegistry::Registration expiry_ ABSL_GUARDED_BY(mu_);
  CredentialWatch::Registration credential_watch_;
  CallRegistry::Registration last_write_ ABSL_GUARDED_BY(mu_);
};

// The openers of the public contracts' streams; null for a method that is no
// stream.
StreamCall::Opener MakeOpener(const PipelineParts* parts,
                              const MethodRule* rule);

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_STREAM_CALL_H_
