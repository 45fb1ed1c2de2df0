// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_EXECUTE_TRANSPORT_H_
#define KEYWARD_LIBS_RPC_EXECUTE_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/batch_transport.h"
#include "libs/rpc/peer_caller.h"
#include "proto/keyward/internal/call/v1/call.pb.h"

namespace keyward::rpc {

// A call on its way to an owner.
struct ExecuteItem {
  keyward::internal::call::v1::Call call;
  SteadyTime deadline;
};

// How calls of internal Execute are batched and matched: see CoalescingClient.
// An answer belongs to a call if request id and element are the call's and the
// resource is its resource, or the version that this was resolved to.
struct ExecuteTraits {
  using Item = ExecuteItem;
  using Answer = keyward::internal::call::v1::CallResult;
  struct Expectation {
    std::string request_id;
    uint32_t element = 0;
    std::string resource;
  };
  using Key = std::pair<std::string, uint32_t>;

  static size_t Bytes(const ExecuteItem& item);
  static size_t Units(const ExecuteItem&) { return 1; }
  static Expectation Expect(const ExecuteItem& item);
  static Key KeyOf(const Expectation& expected) {
    return {expected.request_id, expected.element};
  }
  static Key KeyOf(const Answer& answer) {
    return {answer.request_id(), answer.element()};
  }
  static bool Matches(const Expectation& expected, const Answer& answer);
  static void Wipe(ExecuteItem* item);
  static void Wipe(Answer* answer);
};

// Sends batches by a service's internal Execute.
class ExecuteTransport final
    : public BatchTransport<ExecuteItem, ExecuteTraits::Answer> {
 public:
  // `execute` is the method Execute of an internal service, whose request has
  // the repeated field `calls` and whose response has `results`. `clock`
  // outlives the transport.
  ExecuteTransport(Peer peer, const google::protobuf::MethodDescriptor* execute,
                   const Clock* clock);

  void Send(std::vector<ExecuteItem> items, SteadyTime deadline,
            Done done) override;

 private:
  const Peer peer_;
  const google::protobuf::MethodDescriptor* const execute_;
  const Clock* const clock_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_EXECUTE_TRANSPORT_H_
