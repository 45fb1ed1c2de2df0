// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_EVENT_READER_H_
#define KEYWARD_SERVICES_STORE_EVENT_READER_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/kv/kv.h"
#include "libs/rpc/change_feed.h"
#include "services/store/event_position.h"

namespace keyward::store {

// One reader's way through the events of one project: every event once, in
// order, or an error that says to list again. Not thread-safe.
class EventReader {
 public:
  // The most events of one answer.
  static constexpr size_t kMaxEvents = 256;

  // Begins after `position`, or, if that is empty, after the newest event. All
  // must outlive the reader. What is wrong is the answer of Next.
  EventReader(const kv::KeyValueReader* kv, const EventPositions* positions,
              std::string project_uid, const std::string& position);

  // The next events, none if there are none yet. Errors:
  //   INVALID_ARGUMENT, POSITION_FOREIGN  as EventPositions::Decode
  //   POSITION_FOREIGN     the position lies after the newest event: the data
  //                        folder is an older one than the position's
  //   POSITION_COMPACTED   events that should follow are gone
  //   UNAVAILABLE, DATA_LOSS
  absl::StatusOr<rpc::EventRange> Next();

  const std::string& project_uid() const { return project_uid_; }

 private:
  absl::Status CheckNothingMissed(uint64_t head,
                                  const kv::RangeResult& range) const;

  const kv::KeyValueReader* const kv_;
  const EventPositions* const positions_;
  const std::string project_uid_;
  absl::Status error_;
  uint64_t after_ = 0;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_EVENT_READER_H_
