// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_PEER_H_
#define KEYWARD_SERVICES_AUDIT_PEER_H_

#include <string>
#include <vector>

#include "libs/rpc/owner_control.h"
#include "proto/keyward/audit/v1/audit_entry.pb.h"

namespace keyward::audit_service {

// A service that owns resources, as audit sees it: it keeps a checkpoint of
// the log, and knows what became of the changes that were sent to it.
struct Peer {
  // For messages: "store".
  std::string name;
  // Not owned; outlives whoever has the peer.
  rpc::OwnerControl* control = nullptr;
  // The packages of the public methods whose changes it makes:
  // "keyward.secrets.v1".
  std::vector<std::string> packages;
  // The principal of what it does by itself: "system:store".
  std::string principal;
  // Whether a folder of this service that lacks changes which the log says it
  // made keeps audit from starting. Not where the service notices that itself,
  // and has a way back of its own that needs audit: policy compares its
  // revision with the fence.
  bool must_have_its_changes = false;
};

// Which of `peers` made, or would make, the change of an intent; null if none
// is known to. A change that a service made by itself is its own, whatever the
// method is called.
const Peer* OwnerOf(const std::vector<Peer>& peers,
                    const audit::v1::AuditEntry& intent);

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_PEER_H_
