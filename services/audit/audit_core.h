// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_AUDIT_CORE_H_
#define KEYWARD_SERVICES_AUDIT_AUDIT_CORE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/audit/log_key.h"
#include "libs/audit/log_reader.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/base/worker.h"
#include "libs/kv/kv.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/call.h"
#include "services/audit/append_queue.h"
#include "services/audit/audit_methods.h"
#include "services/audit/block_index.h"
#include "services/audit/entry_feed.h"
#include "services/audit/log_prover.h"
#include "services/audit/log_view.h"
#include "services/audit/log_writer.h"
#include "services/audit/peer.h"

namespace keyward::audit_service {

// The audit service without its transport: the log, its proofs, its queries
// and its stream, as gateways, policy and store see them.
//
// It opens its state at once and serves nothing until Start has succeeded: a
// log that lost its end would otherwise give indexes, and so changes' ids, a
// second time, and sign a second history. Until then, and from Close on,
// everything is UNAVAILABLE with the reason AUDIT_UNAVAILABLE.
//
// Thread-safe. Callbacks run on any thread; see the interfaces.
class AuditCore final : public rpc::AuditLog,
                        public rpc::AuditFeed,
                        public rpc::Owner {
 public:
  struct Dependencies {
    // All but the key are not owned and outlive the core.
    kv::KeyValueStore* store = nullptr;
    audit::LogKey key;
    const Clock* clock = nullptr;
    Timer* timer = nullptr;
    const Logger* logger = nullptr;
    // Every service that keeps a checkpoint of the log.
    std::vector<Peer> peers;
  };

  struct Options {
    AppendQueue::Options queue;
    // The installation was restored from a backup: Start puts that on record,
    // under system:operator, and accepts the folder of a peer that lacks
    // changes of the log, never a log that lacks what a peer has seen. For one
    // start.
    bool restored = false;
  };

  // Opens the log, or makes an empty one. Blocks until `deadline` at the
  // latest. DATA_LOSS if the log is damaged; errors of the store.
  static absl::StatusOr<std::unique_ptr<AuditCore>> Create(
      Dependencies dependencies, const Options& options, SteadyTime deadline);

  // As Close.
  ~AuditCore() override;

  // Asks every peer for the checkpoint that it holds, and serves if the log
  // extends all of them and they have been handed its newest one, with its key:
  // so a peer whose changes audit relies on believes no gateway's checkpoint
  // unchecked. UNAVAILABLE, naming the peer, if one does not answer
  // by `deadline`: call again. FAILED_PRECONDITION if the log is not what it
  // was: it lost its end, was changed or is another one; or if a peer's folder
  // is older than the log (FindMissingChange). The message says what to do, and
  // no later call will help. OK if it serves already. One call at a time;
  // blocks.
  absl::Status Start(SteadyTime deadline);

  bool serving() const { return serving_; }

  // Refuses everything from now on, and answers all who wait.
  void Close();

  // rpc::AuditLog
  void Append(rpc::AppendItem item, rpc::AppendDone done) override;
  void AppendAll(std::vector<rpc::Appending> items) override;
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision,
                                      SteadyTime deadline) override;
  absl::StatusOr<rpc::LogState> GetLogState(SteadyTime deadline) override;

  // rpc::AuditFeed
  std::unique_ptr<rpc::EntryFollower> FollowEntries(
      std::optional<uint64_t> start_index) override;

  // rpc::Owner: the unary methods of keyward.audit.v1.AuditService. At most
  // kMaxCalls wait; more are UNAVAILABLE.
  static constexpr size_t kMaxCalls = 256;
  void Execute(const rpc::CallContext& context,
               const google::protobuf::Message& request,
               rpc::CallDone done) override;

  // The newest checkpoint, with the proof that it extends an older tree
  // (LogProver::Checkpoint). Blocks for some reads.
  absl::StatusOr<rpc::CheckpointAnswer> GetCheckpoint(uint64_t old_size);

  // For the reconciler and the index's builder.
  std::shared_ptr<const LogView> view() const { return writer_->view(); }
  const OpenIntents& open_intents() const { return writer_->open_intents(); }
  const audit::LogReader& reader() const { return reader_; }
  BlockIndex* index() { return &index_; }
  const std::vector<Peer>& peers() const { return dependencies_.peers; }

 private:
  AuditCore(Dependencies dependencies, const Options& options);

  absl::Status Open(SteadyTime deadline);
  // Adds to `restored` what a restore of the peer's folder has lost.
  absl::Status CheckPeer(const Peer& peer, SteadyTime deadline,
                         std::string* restored);
  absl::Status CheckChanges(const Peer& peer, absl::string_view held,
                            std::string* restored);
  absl::Status RecordRestore(const std::string& detail, SteadyTime deadline);
  // Gives every peer the newest checkpoint and the key that it is to believe
  // gateways' checkpoints under. What a peer lacks was accepted and is on
  // record by now: it is not asked about it again, even if this process ends
  // before the reconciler's first turn.
  absl::Status HandOutCheckpoint(SteadyTime deadline);
  // Appends without the gate, and waits.
  rpc::AppendResult AppendAndWait(rpc::AppendItem item);

  const Dependencies dependencies_;
  const Options options_;
  const audit::LogReader reader_;
  BlockIndex index_;
  LogProver prover_;
  std::atomic<bool> serving_{false};
  // By Start alone, of which one call runs at a time.
  bool restore_recorded_ = false;
  std::unique_ptr<LogWriter> writer_;
  std::unique_ptr<AuditMethods> methods_;
  std::shared_ptr<EntryFeed> feed_;
  // Last: destroyed first. Calls and streams do not wait for each other.
  Worker call_worker_;
  Worker feed_worker_;
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_AUDIT_CORE_H_
