// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/answer_watch.h"

#include "grpc/status.h"

namespace keyward::rpc {

AnswerWatch::AnswerWatch(absl::Duration patience, absl::Duration period)
    : patience_(absl::ToChronoNanoseconds(patience)), period_(period) {
  thread_ = std::thread([this] { Loop(); });
}

AnswerWatch::~AnswerWatch() {
  {
    MutexLock lock(&mu_);
    stop_ = true;
    stopped_.SignalAll();
  }
  thread_.join();
}

AnswerWatch::Place AnswerWatch::Add(grpc_call* call) {
  MutexLock lock(&mu_);
  return answers_.insert(answers_.end(),
                         Entry{call, std::chrono::steady_clock::now()});
}

void AnswerWatch::Remove(Place place) {
  MutexLock lock(&mu_);
  answers_.erase(place);
}

size_t AnswerWatch::size() const {
  MutexLock lock(&mu_);
  return answers_.size();
}

void AnswerWatch::Loop() {
  for (;;) {
    {
      MutexLock lock(&mu_);
      if (!stop_) stopped_.WaitFor(&mu_, period_);
      if (stop_) return;
    }
    GiveUp(std::chrono::steady_clock::now() - patience_);
  }
}

void AnswerWatch::GiveUp(Instant answered_before) {
  std::vector<grpc_call*> calls;
  {
    MutexLock lock(&mu_);
    for (Entry& entry : answers_) {
      if (entry.answered > answered_before) break;
      if (entry.given_up) continue;
      entry.given_up = true;
      // It is there as long as its entry; from here on it may go.
      grpc_call_ref(entry.call);
      calls.push_back(entry.call);
    }
  }
  // Outside the lock: it ends in OnDone, perhaps on this thread.
  for (grpc_call* call : calls) {
    CancelCall(call, "the answer was not read");
    grpc_call_unref(call);
  }
}

void CancelCall(grpc_call* call, const char* why) {
  grpc_call_cancel_with_status(call, GRPC_STATUS_CANCELLED, why, nullptr);
}

}  // namespace keyward::rpc
