// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_EVENT_NUMBERS_H_
#define KEYWARD_SERVICES_STORE_EVENT_NUMBERS_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "libs/base/mutex.h"
#include "libs/kv/kv.h"

namespace keyward::store {

// Foretells the numbers of a project's events, so that many changes of one
// project can be on their way to the disk together: the state layer decides
// them one after the other and makes all of them durable with one sync.
//
// With no transaction of the project under way the next number is the durable
// head's successor; otherwise it is the successor of the number that was given
// last, which holds if all of them apply. If one does not, those behind it find
// another head than was foretold (AppendEvent compares it) and change nothing;
// so no number is ever left out. From then on no number of that project is
// given until none of its transactions is under way, and the durable head is
// read again.
//
// Nothing rests on a prophecy for correctness: another process may give the
// same number, and the transaction's preconditions find it out.
//
// Thread-safe, apart from Take.
class EventNumbers {
 public:
  // Transactions of one project that may be under way. It is several groups of
  // the state layer's, and few enough that their deadlines do not pass while
  // they wait there: each one that is dropped has those behind it made again.
  static constexpr size_t kMaxUnderWay = 1024;
  // Beyond this many waiting changes of one project more are refused: they
  // would not be reached within their deadlines.
  static constexpr size_t kMaxWaiting = 4096;

  using Again = absl::AnyInvocable<void()>;

  // `reader` outlives this.
  explicit EventNumbers(const kv::KeyValueReader* reader) : reader_(reader) {}
  EventNumbers(const EventNumbers&) = delete;
  EventNumbers& operator=(const EventNumbers&) = delete;

  // The number of the project's next event, for the transaction that is handed
  // to the state layer next: whoever calls this has its turn, alone, until it
  // has done that. Return must follow, once.
  //
  // Absent if none can be given now: `again` is called when it may be, by
  // whoever returns one, and asks anew or not. Otherwise it is not called.
  // Errors as LoadNumber; RESOURCE_EXHAUSTED if too many wait.
  absl::StatusOr<absl::optional<uint64_t>> Take(const std::string& project_uid,
                                                Again again);

  // The outcome of a transaction with a taken number is known; `applied`: it
  // has taken the number.
  void Return(const std::string& project_uid, bool applied);

  // Projects with transactions under way: all that is remembered.
  size_t size() const;

 private:
  struct Sequence {
    uint64_t next = 0;
    size_t under_way = 0;
    // One that is or was under way has not taken its number.
    bool broken = false;
    std::deque<Again> waiting;
  };

  const kv::KeyValueReader* const reader_;
  mutable Mutex mu_;
  absl::flat_hash_map<std::string, Sequence> sequences_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_EVENT_NUMBERS_H_
