// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/audit_core.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/mutex.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"
#include "services/audit/missing_change.h"
#include "services/audit/unavailable.h"

namespace keyward::audit_service {
namespace {

// A stream waits for one read at a time, and Serve takes all of them.
constexpr size_t kFeedCapacity = 16;

// What the writer's own timer may be late by, before whoever waits here stops
// believing in it.
constexpr absl::Duration kGrace = absl::Seconds(1);

constexpr char kNotStarted[] =
    "it has not yet compared itself with the checkpoints that other services "
    "hold";

rpc::AppendResult Failed(absl::Status error) {
  rpc::AppendResult result;
  result.status = rpc::AppendStatus::kFailed;
  result.error = std::move(error);
  return result;
}

// Where a blocking call waits for an answer that may come later than it.
struct Slot {
  Mutex mu;
  CondVar arrived;
  std::optional<rpc::AppendResult> result ABSL_GUARDED_BY(mu);
};

rpc::AppendDone Into(std::shared_ptr<Slot> slot) {
  return [slot = std::move(slot)](rpc::AppendResult result) {
    MutexLock l(&slot->mu);
    slot->result = std::move(result);
    slot->arrived.SignalAll();
  };
}

// A call on its way to an answer: it gets exactly one, at the latest when
// nobody holds the call any more.
class PendingCall {
 public:
  PendingCall(std::string resource, rpc::CallDone done)
      : resource_(std::move(resource)), done_(std::move(done)) {}
  ~PendingCall() {
    if (done_) Answer(AuditUnavailable("the call cannot be taken up"));
  }
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  void Answer(
      absl::StatusOr<std::unique_ptr<google::protobuf::Message>> response) {
    rpc::CallResult result;
    result.resource = std::move(resource_);
    result.status = response.status();
    if (response.ok()) result.response = *std::move(response);
    // What the store says of itself has no reason that clients know.
    if (absl::IsUnavailable(result.status) &&
        ErrorReason(result.status).empty()) {
      result.status = AuditFailed(result.status.message());
    }
    std::exchange(done_, nullptr)(std::move(result));
  }

 private:
  std::string resource_;
  rpc::CallDone done_;
};

// Waits for `budget` at most.
rpc::AppendResult Await(Slot* slot, absl::Duration budget) {
  MutexLock l(&slot->mu);
  while (!slot->result.has_value()) {
    if (!slot->arrived.WaitFor(&slot->mu, budget)) break;
  }
  if (slot->result.has_value()) return *std::move(slot->result);
  rpc::AppendResult unknown;
  unknown.status = rpc::AppendStatus::kUnknown;
  unknown.error = AuditUnknown("no answer came in time");
  return unknown;
}

}  // namespace

AuditCore::AuditCore(Dependencies dependencies, const Options& options)
    : dependencies_(std::move(dependencies)),
      options_(options),
      reader_(dependencies_.store),
      index_(dependencies_.store, &reader_, &dependencies_.key.index_key,
             dependencies_.clock),
      prover_(&reader_, dependencies_.key.signer.get()),
      call_worker_(kMaxCalls),
      feed_worker_(kFeedCapacity) {}

absl::StatusOr<std::unique_ptr<AuditCore>> AuditCore::Create(
    Dependencies dependencies, const Options& options, SteadyTime deadline) {
  std::unique_ptr<AuditCore> core(
      new AuditCore(std::move(dependencies), options));
  if (absl::Status status = core->Open(deadline); !status.ok()) return status;
  return core;
}

absl::Status AuditCore::Open(SteadyTime deadline) {
  LogWriter::Dependencies writer;
  writer.store = dependencies_.store;
  writer.signer = dependencies_.key.signer.get();
  writer.clock = dependencies_.clock;
  writer.timer = dependencies_.timer;
  writer.logger = dependencies_.logger;
  absl::StatusOr<std::unique_ptr<LogWriter>> opened =
      LogWriter::Open(writer, options_.queue, deadline);
  if (!opened.ok()) return opened.status();
  writer_ = *std::move(opened);
  AuditMethods::Dependencies methods;
  methods.reader = &reader_;
  methods.index = &index_;
  methods.prover = &prover_;
  methods.page_token_key = &dependencies_.key.page_token_key;
  methods.view = [this] { return writer_->view(); };
  methods_ = std::make_unique<AuditMethods>(std::move(methods));
  EntryFeed::Dependencies feed;
  feed.reader = &reader_;
  feed.clock = dependencies_.clock;
  feed.timer = dependencies_.timer;
  feed.worker = &feed_worker_;
  feed.size = [this] { return writer_->view()->size(); };
  feed.serving = [this] { return serving_.load(); };
  feed_ = std::make_shared<EntryFeed>(std::move(feed));
  writer_->OnGrowth([this] { feed_->Grown(); });
  return absl::OkStatus();
}

AuditCore::~AuditCore() {
  Close();
  // Before the feed goes, which the writer tells of every append.
  if (writer_ != nullptr) writer_->Shutdown();
}

void AuditCore::Close() {
  serving_ = false;
  if (writer_ != nullptr) writer_->Close();
  if (feed_ != nullptr) feed_->Close();
}

absl::Status AuditCore::Start(SteadyTime deadline) {
  if (serving_) return absl::OkStatus();
  std::string restored = "the installation was restored from a backup";
  for (const Peer& peer : dependencies_.peers) {
    absl::Status status = CheckPeer(peer, deadline, &restored);
    if (!status.ok()) return status;
  }
  if (options_.restored && !restore_recorded_) {
    absl::Status status = RecordRestore(restored, deadline);
    if (!status.ok()) return status;
    restore_recorded_ = true;
  }
  absl::Status status = HandOutCheckpoint(deadline);
  if (!status.ok()) return status;
  serving_ = true;
  return absl::OkStatus();
}

absl::Status AuditCore::CheckPeer(const Peer& peer, SteadyTime deadline,
                                  std::string* restored) {
  absl::StatusOr<std::string> held = peer.control->GetHeldCheckpoint(deadline);
  if (!held.ok()) {
    return AuditUnavailable(absl::StrCat("it waits for the checkpoint that ",
                                         peer.name,
                                         " holds: ", held.status().message()));
  }
  const absl::Status status =
      held->empty() ? absl::OkStatus() : prover_.CheckExtends(*view(), *held);
  if (status.ok()) return CheckChanges(peer, *held, restored);
  if (!absl::IsFailedPrecondition(status)) return status;
  return absl::FailedPreconditionError(absl::StrCat(
      "the audit log does not extend the checkpoint that ", peer.name,
      " holds: ", status.message(),
      ". Put the newest audit folder back; if there is none, restore all data "
      "folders from the same backup and start once with --restored"));
}

absl::Status AuditCore::CheckChanges(const Peer& peer, absl::string_view held,
                                     std::string* restored) {
  if (!peer.must_have_its_changes) return absl::OkStatus();
  uint64_t held_size = 0;
  if (!held.empty()) {
    const absl::StatusOr<audit::Checkpoint> checkpoint =
        audit::ReadCheckpointUnverified(held);
    if (!checkpoint.ok()) return checkpoint.status();
    held_size = checkpoint->size;
  }
  const absl::StatusOr<absl::optional<uint64_t>> missing = FindMissingChange(
      reader_, dependencies_.peers, peer, held_size, view()->size());
  if (!missing.ok()) return missing.status();
  if (!missing->has_value()) return absl::OkStatus();
  if (options_.restored) {
    absl::StrAppend(restored, "; the folder of ", peer.name,
                    " is older than this log and lacks changes from intent ",
                    **missing, " on");
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the data folder of ", peer.name,
      " is older than the audit log: it lacks the change of intent ", **missing,
      ", which was made. Put the newest folder back; if there is none, start "
      "once with --restored, which puts the loss on record"));
}

absl::Status AuditCore::HandOutCheckpoint(SteadyTime deadline) {
  const absl::StatusOr<rpc::CheckpointAnswer> newest =
      prover_.Checkpoint(*view(), 0);
  if (!newest.ok()) return newest.status();
  for (const Peer& peer : dependencies_.peers) {
    const absl::Status held = peer.control->HoldCheckpoint(
        {newest->checkpoint, newest->verifier_key}, deadline);
    if (held.ok()) continue;
    const std::string refusal = absl::StrCat(
        peer.name, " does not take a checkpoint: ", held.message());
    if (absl::IsFailedPrecondition(held)) {
      return absl::FailedPreconditionError(refusal);
    }
    // Its changes are found by the checkpoints that come with them, which it
    // keeps only once it knows the key.
    if (peer.must_have_its_changes) return AuditUnavailable(refusal);
    // The reconciler hands it over again.
    dependencies_.logger->Warning("a checkpoint was not held",
                                  {{"owner", peer.name}, {"error", held}});
  }
  return absl::OkStatus();
}

absl::Status AuditCore::RecordRestore(const std::string& detail,
                                      SteadyTime deadline) {
  audit::v1::AuditEntry entry;
  entry.mutable_time()->set_seconds(
      absl::ToUnixSeconds(dependencies_.clock->Now()));
  entry.set_kind(audit::v1::ENTRY_KIND_INSTALLATION);
  entry.set_principal("system:operator");
  entry.set_authentication("local");
  entry.set_resource("system");
  entry.set_detail(detail);
  absl::StatusOr<std::string> leaf = audit::SerializeEntry(std::move(entry));
  if (!leaf.ok()) return leaf.status();
  rpc::AppendItem item;
  item.entries.push_back(*std::move(leaf));
  item.deadline = deadline;
  const rpc::AppendResult result = AppendAndWait(std::move(item));
  if (result.status == rpc::AppendStatus::kAccepted) return absl::OkStatus();
  return result.error;
}

rpc::AppendResult AuditCore::AppendAndWait(rpc::AppendItem item) {
  auto slot = std::make_shared<Slot>();
  const absl::Duration budget =
      item.deadline - dependencies_.clock->SteadyNow() + kGrace;
  writer_->Append(std::move(item), Into(slot));
  return Await(slot.get(), budget);
}

void AuditCore::Append(rpc::AppendItem item, rpc::AppendDone done) {
  if (!serving_) {
    done(Failed(AuditUnavailable(kNotStarted)));
    return;
  }
  writer_->Append(std::move(item), std::move(done));
}

void AuditCore::AppendAll(std::vector<rpc::Appending> items) {
  if (serving_) {
    writer_->AppendAll(std::move(items));
    return;
  }
  for (rpc::Appending& each : items) {
    each.done(Failed(AuditUnavailable(kNotStarted)));
  }
}

absl::StatusOr<uint64_t> AuditCore::RaiseFence(uint64_t revision,
                                               SteadyTime deadline) {
  if (!serving_) return AuditUnavailable(kNotStarted);
  auto slot = std::make_shared<Slot>();
  const absl::Duration budget =
      deadline - dependencies_.clock->SteadyNow() + kGrace;
  writer_->RaiseFence(revision, deadline, Into(slot));
  const rpc::AppendResult result = Await(slot.get(), budget);
  if (result.status == rpc::AppendStatus::kAccepted) return result.fence;
  return result.error;
}

absl::StatusOr<rpc::LogState> AuditCore::GetLogState(SteadyTime) {
  if (!serving_) return AuditUnavailable(kNotStarted);
  const std::shared_ptr<const LogView> view = this->view();
  rpc::LogState state;
  state.fence = view->fence;
  state.size = view->size();
  state.open_intents = open_intents().size();
  return state;
}

std::unique_ptr<rpc::EntryFollower> AuditCore::FollowEntries(
    std::optional<uint64_t> start_index) {
  return feed_->Follow(start_index);
}

void AuditCore::Execute(const rpc::CallContext& context,
                        const google::protobuf::Message& request,
                        rpc::CallDone done) {
  auto call = std::make_shared<PendingCall>(context.resource, std::move(done));
  if (!serving_) {
    call->Answer(AuditUnavailable(kNotStarted));
    return;
  }
  // If it is not run after all, the call's destructor answers.
  (void)call_worker_.Post([this, context, &request, call] {
    if (dependencies_.clock->SteadyNow() >= context.deadline) {
      call->Answer(AuditUnavailable("the call was not taken up in time"));
      return;
    }
    call->Answer(methods_->Run(context, request));
  });
}

absl::StatusOr<rpc::CheckpointAnswer> AuditCore::GetCheckpoint(
    uint64_t old_size) {
  if (!serving_) return AuditUnavailable(kNotStarted);
  return prover_.Checkpoint(*view(), old_size);
}

}  // namespace keyward::audit_service
