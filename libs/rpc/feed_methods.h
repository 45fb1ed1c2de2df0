// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The streaming methods of internal services: what stands behind the remote
// feeds.

#ifndef KEYWARD_LIBS_RPC_FEED_METHODS_H_
#define KEYWARD_LIBS_RPC_FEED_METHODS_H_

#include "libs/rpc/audit_log.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/internal_service.h"

namespace keyward::rpc {

// Each follows its feed for as long as the peer stays, with one message in
// flight, and ends with the feed's error. The feed outlives the method.
StreamMethod FollowEventsMethod(SecretEventFeed* feed);
StreamMethod FollowSnapshotsMethod(SnapshotFeed* feed);
StreamMethod FollowEntriesMethod(AuditFeed* feed);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_FEED_METHODS_H_
