// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_ANSWER_WATCH_H_
#define KEYWARD_LIBS_RPC_ANSWER_WATCH_H_

#include <chrono>  // NOLINT: the monotonic clock
#include <cstddef>
#include <list>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "grpc/grpc.h"
#include "libs/base/mutex.h"

namespace keyward::rpc {

// Gives up the answers that nobody takes.
//
// gRPC keeps an answer until HTTP/2's flow control and the socket have let all
// of it go. A caller that never reads would keep it, plaintext included, until
// its own deadline, or without one for as long as its connection lives. Here
// the call is cancelled a fixed time after it was answered: gRPC then frees
// what it holds for it at once.
//
// Thread-safe. Has a thread of its own, which waits mostly.
class AnswerWatch {
 private:
  using Instant = std::chrono::steady_clock::time_point;
  struct Entry {
    grpc_call* call;
    Instant answered;
    bool given_up = false;
  };

 public:
  using Place = std::list<Entry>::iterator;

  // Gives an answer up when it is `patience` old, or at most `period` later.
  AnswerWatch(absl::Duration patience, absl::Duration period);
  // Gives up no more. Every place must have been left.
  ~AnswerWatch();

  AnswerWatch(const AnswerWatch&) = delete;
  AnswerWatch& operator=(const AnswerWatch&) = delete;

  // The call is answered now: before Finish of its reactor.
  Place Add(grpc_call* call);
  // gRPC is done with the call: in OnDone of its reactor, whose call is still
  // there.
  void Remove(Place place);

  // Answers that are on their way.
  size_t size() const;

 private:
  void Loop();
  void GiveUp(Instant answered_before);

  const std::chrono::nanoseconds patience_;
  const absl::Duration period_;

  mutable Mutex mu_;
  CondVar stopped_;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;
  // The oldest first; those that were given up too, until they are removed.
  std::list<Entry> answers_ ABSL_GUARDED_BY(mu_);

  std::thread thread_;  // Last: it uses all of the above.
};

// Cancels a call and frees what gRPC holds for it, whether its peer reads or
// not. The call's reactor must still Finish if it has not. `why` is what the
// peer is told, a constant.
void CancelCall(grpc_call* call, const char* why);

// Why a call is cancelled that is one of too many.
inline constexpr char kTooManyCalls[] = "too many calls are open";

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_ANSWER_WATCH_H_
