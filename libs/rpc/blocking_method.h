// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_BLOCKING_METHOD_H_
#define KEYWARD_LIBS_RPC_BLOCKING_METHOD_H_

#include <functional>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/steady_time.h"
#include "libs/base/thread_pool.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/internal_service.h"

namespace keyward::rpc {

// Takes a request and a deadline and may block until then.
using BlockingRun =
    std::function<absl::StatusOr<std::unique_ptr<google::protobuf::Message>>(
        const google::protobuf::Message& request, SteadyTime deadline)>;

// A method that blocks, run on `pool`, which outlives it. UNAVAILABLE if the
// pool is full.
inline UnaryMethod BlockingMethod(ThreadPool* pool, BlockingRun run) {
  return [pool, run = std::move(run)](
             std::unique_ptr<google::protobuf::Message> request,
             SteadyTime deadline, UnaryDone done) {
    // Shared, because a pool that is full destroys what it was given.
    auto shared_done = std::make_shared<UnaryDone>(std::move(done));
    const absl::Status submitted = pool->Submit(
        [run, deadline, request = std::move(request), shared_done] {
          absl::StatusOr<std::unique_ptr<google::protobuf::Message>> response =
              run(*request, deadline);
          if (response.ok()) {
            (*shared_done)(absl::OkStatus(), *std::move(response));
          } else {
            (*shared_done)(response.status(), nullptr);
          }
        });
    if (!submitted.ok()) (*shared_done)(submitted, nullptr);
  };
}

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_BLOCKING_METHOD_H_
