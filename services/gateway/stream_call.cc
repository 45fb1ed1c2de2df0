// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/gateway/stream_call.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/fault_point.h"
#include "services/gateway/audit_item.h"

namespace keyward::gateway {
namespace {

using audit::v1::AuditEntry;

// How long each step of a stream may take before it counts as an outage: the
// opening, and the check of one message.
constexpr absl::Duration kStepTime = absl::Seconds(10);

absl::Status CallerGone() {
  return MakeError(absl::StatusCode::kCancelled, kCallCancelled,
                   "the caller went away");
}

rpc::IncomingCall WithOpeningDeadline(const PipelineParts* parts,
                                      rpc::IncomingCall call) {
  call.deadline =
      std::min(call.deadline, parts->clock->SteadyNow() + kStepTime);
  return call;
}

}  // namespace

StreamCall::StreamCall(const PipelineParts* parts, const MethodRule* rule,
                       rpc::IncomingCall call,
                       std::shared_ptr<rpc::StreamWriter> writer, Opener opener)
    : PipelineCall(parts, rule, WithOpeningDeadline(parts, std::move(call))),
      writer_(std::move(writer)),
      opener_(std::move(opener)) {}

StreamCall::~StreamCall() {
  parts().streams.fetch_sub(1);
  if (counted_) {
    parts().stream_quota->Release(credential().principal().ToString());
  }
  if (listener_ != 0) parts().view->RemoveListener(listener_);
}

std::shared_ptr<StreamCall> StreamCall::self() {
  return std::static_pointer_cast<StreamCall>(shared_from_this());
}

void StreamCall::Authorized(SnapshotPtr snapshot) {
  AuditEntry entry = NewDecisionEntry(audit::v1::ENTRY_KIND_STREAM_OPENED,
                                      decision(), snapshot->revision());
  if (!counted_) {
    counted_ = parts().stream_quota->Take(credential().principal().ToString());
  }
  if (!counted_) {
    const absl::Status refused =
        MakeError(absl::StatusCode::kResourceExhausted, kQuotaExceeded,
                  "too many streams of this principal are open");
    entry.set_code(static_cast<int>(refused.code()));
    return Record({std::move(entry)}, snapshot->revision(),
                  [this, refused](rpc::AppendResult) { Answer(refused); });
  }
  Record({std::move(entry)}, snapshot->revision(),
         [this, snapshot](rpc::AppendResult) {
           KEYWARD_FAULT_POINT("gateway.stream.recorded");
           if (!answered()) Open(*snapshot);
         });
}

void StreamCall::Open(const policy::PolicySnapshot& snapshot) {
  opened_.store(true);
  WatchForEnd();
  absl::StatusOr<std::unique_ptr<StreamSource>> source =
      opener_(NewContext(snapshot, decision()), request());
  if (!source.ok()) return End(source.status());
  {
    MutexLock lock(&mu_);
    if (!end_.has_value()) source_ = *std::move(source);
  }
  Advance();
}

void StreamCall::WatchForEnd() {
  // Weak, so that none of these keeps a stream that is over.
  std::weak_ptr<StreamCall> weak = self();
  writer_->OnCancel([weak](absl::Status why) {
    if (auto call = weak.lock()) {
      call->End(std::move(why));
    }
  });
  {
    MutexLock lock(&mu_);
    believed_ = generation();
  }
  ExpireAt(credential().expire_time());
  credential_watch_ = parts().credential_watch->Add(self(), generation());
  const uint64_t listener = parts().view->AddListener(
      std::make_shared<absl::AnyInvocable<void()>>([weak] {
        if (auto call = weak.lock()) call->OnPolicyChanged();
      }));
  {
    MutexLock lock(&mu_);
    listener_ = listener;
  }
  // The policy may have moved on between the decision and the listener.
  OnPolicyChanged();
}

void StreamCall::ExpireAt(absl::Time time) {
  CallRegistry::Registration replaced =
      parts().registry->AddUntil(weak_from_this(), time);
  MutexLock lock(&mu_);
  expires_ = time;
  std::swap(expiry_, replaced);
}

void StreamCall::RecheckCredential() {
  const uint64_t generation = parts().authenticator->generation();
  {
    MutexLock lock(&mu_);
    if (end_.has_value() || believed_ >= generation) return;
  }
  const absl::StatusOr<auth::Credential> again =
      parts().authenticator->Reauthenticate(credential(), peer());
  if (!again.ok()) {
    return End(MakeError(
        absl::StatusCode::kUnauthenticated, kUnauthenticated,
        absl::StrCat("the stream's credential is no longer believed: ",
                     again.status().message())));
  }
  bool sooner = false;
  {
    MutexLock lock(&mu_);
    believed_ = std::max(believed_, generation);
    sooner = again->expire_time() < expires_;
  }
  if (sooner) ExpireAt(again->expire_time());
}

void StreamCall::OnPolicyChanged() {
  SnapshotPtr snapshot = parts().view->Current();
  if (snapshot == nullptr) return;
  RequestDecision decision = DecideUnder(*snapshot);
  if (!decision.allowed) End(DeniedError(decision));
}

void StreamCall::Expire() {
  if (!opened_.load()) return PipelineCall::Expire();
  bool expired = false;
  {
    MutexLock lock(&mu_);
    const SteadyTime now = parts().clock->SteadyNow();
    if (end_.has_value() && (!writing_ || now < ended_at_ + kLastWrite)) return;
    aborting_ = end_.has_value();
    expired = parts().clock->Now() >= expires_;
  }
  if (ended()) return AbortWrite();
  if (!expired) return;
  End(MakeError(absl::StatusCode::kUnauthenticated, kUnauthenticated,
                "the credential has expired"));
}

void StreamCall::AbortWrite() {
  writer_->Abort();
  {
    MutexLock lock(&mu_);
    aborting_ = false;
  }
  FinishIfIdle();
}

bool StreamCall::ended() {
  MutexLock lock(&mu_);
  return end_.has_value();
}

void StreamCall::Advance() {
  const std::shared_ptr<StreamCall> alive = self();
  if (steps_.fetch_add(1) > 0) return;
  do {
    Step();
  } while (steps_.fetch_sub(1) > 1);
}

void StreamCall::Step() {
  if (ended()) return;
  if (items_.empty() && bookmark_.has_value()) {
    items_.push_back(*std::move(bookmark_));
    bookmark_.reset();
  }
  if (items_.empty()) return FetchNext();
  parts().view->WhenReady(
      parts().clock->SteadyNow() + kStepTime,
      [call = self()](SnapshotPtr snapshot) {
        if (snapshot == nullptr) {
          return call->End(MakeError(
              absl::StatusCode::kUnavailable, kPolicyUnavailable,
              "this gateway does not have the policy that is in force"));
        }
        call->Authorize(std::move(snapshot));
      });
}

void StreamCall::FetchNext() {
  if (last_batch_) return End(absl::OkStatus());
  std::shared_ptr<StreamSource> source;
  {
    MutexLock lock(&mu_);
    source = source_;
  }
  if (source == nullptr) return;
  source->Next([call = self()](absl::StatusOr<StreamBatch> batch) {
    call->OnFetched(std::move(batch));
  });
}

void StreamCall::OnFetched(absl::StatusOr<StreamBatch> batch) {
  if (!batch.ok()) return End(batch.status());
  last_batch_ = batch->last;
  for (StreamItem& item : batch->items) items_.push_back(std::move(item));
  bookmark_ = std::move(batch->bookmark);
  Advance();
}

void StreamCall::Authorize(SnapshotPtr snapshot) {
  // Rules that changed a moment ago count for this message.
  RecheckCredential();
  if (ended()) return;
  RequestDecision whole = DecideUnder(*snapshot);
  if (!whole.allowed) return End(DeniedError(whole));
  const StreamItem& item = items_.front();
  if (item.resource.has_value()) {
    Target target{targets()[0].action, *item.resource, access::v1::KIND_NAME};
    if (!DecideTarget(*snapshot, target).allowed) {
      // Not for this caller: as if it had not been sent.
      {
        MutexLock lock(&mu_);
        position_ = item.position;
      }
      items_.pop_front();
      return Advance();
    }
  }
  Check(snapshot->revision());
}

void StreamCall::Check(uint64_t revision) {
  rpc::AppendItem item;
  item.fenced_revision = revision;
  item.deadline = parts().clock->SteadyNow() + kStepTime;
  parts().audit_log->Append(
      std::move(item), [call = self()](rpc::AppendResult result) {
        if (result.fence != 0) call->parts().view->OnFence(result.fence);
        if (result.status == rpc::AppendStatus::kFence) {
          return call->Advance();
        }
        if (result.status != rpc::AppendStatus::kAccepted) {
          return call->End(
              MakeError(absl::StatusCode::kUnavailable, kAuditUnavailable,
                        "the audit log could not confirm the policy in force"));
        }
        KEYWARD_FAULT_POINT("gateway.stream.checked");
        call->Write();
      });
}

void StreamCall::Write() {
  {
    MutexLock lock(&mu_);
    if (end_.has_value()) return;
    writing_ = true;
  }
  StreamItem item = std::move(items_.front());
  items_.pop_front();
  bookmark_.reset();
  writer_->Write(std::move(item.message),
                 [call = self(), position = std::move(item.position)](bool ok) {
                   {
                     MutexLock lock(&call->mu_);
                     call->writing_ = false;
                     if (ok) {
                       ++call->delivered_;
                       call->position_ = position;
                     }
                   }
                   if (!ok) {
                     call->End(CallerGone());
                   }
                   if (call->ended()) return call->FinishIfIdle();
                   call->Advance();
                 });
}

void StreamCall::End(absl::Status status) {
  // What waits in the source may be all that keeps the call.
  const std::shared_ptr<StreamCall> alive = self();
  std::shared_ptr<StreamSource> dropped;
  {
    MutexLock lock(&mu_);
    if (end_.has_value()) return;
    end_ = std::move(status);
    ended_at_ = parts().clock->SteadyNow();
    dropped = std::move(source_);
    if (writing_) {
      last_write_ =
          parts().registry->Add(weak_from_this(), ended_at_ + kLastWrite);
    }
  }
  dropped.reset();
  FinishIfIdle();
}

void StreamCall::FinishIfIdle() {
  AuditEntry entry = NewEntry(audit::v1::ENTRY_KIND_STREAM_CLOSED);
  entry.set_action(decision().action);
  entry.set_resource(decision().resource);
  absl::Status status;
  {
    MutexLock lock(&mu_);
    if (writing_ || aborting_ || finished_ || !end_.has_value()) return;
    finished_ = true;
    status = *end_;
    entry.set_count(delivered_);
    entry.set_detail(position_);
  }
  entry.set_code(static_cast<int>(status.code()));
  // The end is answered even if it cannot be put on record: nothing leaves
  // with it.
  AppendFact(
      parts().audit_log, std::move(entry),
      parts().clock->SteadyNow() + kStepTime,
      [call = self(), status](rpc::AppendResult) { call->Answer(status); });
}

void StreamCall::Deliver(absl::Status status,
                         std::unique_ptr<google::protobuf::Message>) {
  writer_->Finish(std::move(status));
}

}  // namespace keyward::gateway
