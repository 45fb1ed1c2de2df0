// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// How a batch reaches a peer, and the bounds of batches.

#ifndef KEYWARD_LIBS_RPC_BATCH_TRANSPORT_H_
#define KEYWARD_LIBS_RPC_BATCH_TRANSPORT_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/error_reason.h"
#include "libs/base/steady_time.h"

namespace keyward::rpc {

// What is known of an item once its waiting is over.
enum class Delivery {
  // The peer answered it.
  kAnswered,
  // It never left this process: certainly nothing was done.
  kUnsent,
  // It left, and no usable answer came: the peer may have done it.
  kUnknown,
};

// What became of a batch.
template <typename Answer>
struct BatchReply {
  // OK, or why there are no answers.
  absl::Status status;
  // If `status` is an error: whether the batch may have reached the peer.
  bool sent = true;
  std::vector<Answer> answers;
};

// One peer. Thread-safe.
template <typename Item, typename Answer>
class BatchTransport {
 public:
  using Done = absl::AnyInvocable<void(BatchReply<Answer>)>;

  virtual ~BatchTransport() = default;

  // Sends the items in one call and wipes them. `done` is called once, soon
  // after `deadline` at the latest, on any thread, possibly before Send
  // returns.
  virtual void Send(std::vector<Item> items, SteadyTime deadline,
                    Done done) = 0;
};

// The bounds are those of the internal contracts.
struct CoalescingOptions {
  // The peer's name in errors ("store"), and the reason of those that mean
  // that it is away.
  std::string peer = "peer";
  std::string reason = kStoreUnavailable;

  // A batch holds at most so much. An item that alone is larger is refused.
  size_t max_units = 256;
  size_t max_bytes = size_t{1} << 20;

  // How long an unanswered batch holds back the next: longer than a slow disk
  // takes to sync, far shorter than a caller's patience.
  absl::Duration hold = absl::Seconds(1);
  // Unanswered batches: a hung peer costs at most four batches of memory, and
  // its callers learn it after about four holds.
  size_t max_in_flight = 4;

  // What waits to be sent: several times what one gateway serves at once, of
  // batch calls too, each of which has up to 100 items here. Beyond that more
  // waiting is only more memory.
  size_t max_queued_items = 16384;
  size_t max_queued_bytes = size_t{16} << 20;

  // Called with the cause when a batch has failed, for the log: what callers
  // are told names neither addresses nor certificates. May be empty. Must not
  // block.
  std::function<void(const absl::Status&)> on_failure;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_BATCH_TRANSPORT_H_
