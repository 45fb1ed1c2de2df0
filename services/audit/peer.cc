// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/peer.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace keyward::audit_service {

const Peer* OwnerOf(const std::vector<Peer>& peers,
                    const audit::v1::AuditEntry& intent) {
  for (const Peer& peer : peers) {
    if (!peer.principal.empty() && peer.principal == intent.principal()) {
      return &peer;
    }
  }
  for (const Peer& peer : peers) {
    for (const std::string& package : peer.packages) {
      // With the dot: "keyward.secrets.v1" is no part of "keyward.secrets.v10".
      if (absl::StartsWith(intent.method(), absl::StrCat(package, "."))) {
        return &peer;
      }
    }
  }
  return nullptr;
}

}  // namespace keyward::audit_service
