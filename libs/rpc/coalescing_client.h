// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Items that arrive while a call is in flight travel together in the next one.
// No gRPC here: the transport of a batch is a parameter, so that every way in
// which a peer can fail is tested without a network.

#ifndef KEYWARD_LIBS_RPC_COALESCING_CLIENT_H_
#define KEYWARD_LIBS_RPC_COALESCING_CLIENT_H_

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/base/timer.h"
#include "libs/rpc/batch_transport.h"
#include "libs/rpc/coalescing_core.h"

namespace keyward::rpc {

// Sends items to one peer in batches and answers each by itself.
//
// While no batch is in flight an item is sent at once, alone. While one is,
// items wait, and leave together when it is answered, in the order in which
// they came: so batches grow with the load and cost nothing without it. A
// batch that is unanswered for `hold` no longer holds back the next; when
// `max_in_flight` batches are unanswered, items are refused at once.
//
// Each item is answered exactly once, at its deadline at the latest, whatever
// the peer does (P8): the deadlines are kept here, on a timer, and not by the
// peer or the transport. Once an item's deadline has passed its late answer is
// wiped and forgotten.
//
// The answers of a batch must be exactly those of its items, each once: an
// answer given to another caller's item would be a plaintext given to another
// caller. If one does not match, every item of the batch is refused with the
// reason RESPONSE_MISMATCH, those that did match too: a peer or a transport
// that confuses one answer may have confused any.
//
// Traits:
//   Item, Answer   movable types
//   Expectation    what an answer is compared with; the item itself is gone
//   size_t Bytes(const Item&)    of the item in a batch, about
//   size_t Units(const Item&)    what max_units counts, at least 1
//   Expectation Expect(const Item&)
//   Key KeyOf(const Expectation&), Key KeyOf(const Answer&)
//                  what finds the item of an answer; hashable, unique in a
//                  batch
//   bool Matches(const Expectation&, const Answer&)   beyond the key
//   void Wipe(Item*), void Wipe(Answer*)   of plaintext, when one is dropped
// All of them static.
//
// Thread-safe. Destroying the client answers what is open, and returns when no
// callback runs any more; so none may destroy it. Callbacks of the transport
// that come later are ignored.
template <typename Traits>
class CoalescingClient {
 public:
  using Item = typename Traits::Item;
  using Answer = typename Traits::Answer;
  using Result = typename coalescing::CoalescingCore<Traits>::Result;
  using Done = typename coalescing::CoalescingCore<Traits>::Done;
  using Transport = BatchTransport<Item, Answer>;

  // `clock` and `timer` outlive the client.
  CoalescingClient(CoalescingOptions options,
                   std::unique_ptr<Transport> transport, const Clock* clock,
                   Timer* timer)
      : core_(std::make_shared<coalescing::CoalescingCore<Traits>>(
            std::move(options), std::move(transport), clock, timer)) {}

  ~CoalescingClient() { core_->Close(); }

  // Answers what is open, and returns when no callback runs any more; what is
  // submitted later is answered at once. May be called more than once.
  void Close() { core_->Close(); }

  CoalescingClient(const CoalescingClient&) = delete;
  CoalescingClient& operator=(const CoalescingClient&) = delete;

  // Sends `item`. `done` is called exactly once, at `deadline` at the latest,
  // on any thread, possibly before Submit returns, with no lock held; it must
  // not block. What it is told is Result's.
  void Submit(Item item, SteadyTime deadline, Done done) {
    core_->Submit(std::move(item), deadline, std::move(done));
  }

 private:
  const std::shared_ptr<coalescing::CoalescingCore<Traits>> core_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_COALESCING_CLIENT_H_
