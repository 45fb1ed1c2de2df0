// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_KEY_READS_H_
#define KEYWARD_SERVICES_STORE_KEY_READS_H_

#include "absl/status/statusor.h"
#include "libs/rpc/call.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "services/store/secret_reads.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// The reads of keys, as SecretReads. Never key material, wrapped or not.
// Thread-safe.
class KeyReads {
 public:
  explicit KeyReads(const StoreParts* parts) : parts_(parts) {}

  absl::StatusOr<ReadAnswer> Get(
      const rpc::CallContext& context,
      const keyward::keys::v1::GetKeyRequest& request) const;
  absl::StatusOr<ReadAnswer> List(
      const rpc::CallContext& context,
      const keyward::keys::v1::ListKeysRequest& request) const;

 private:
  const StoreParts* const parts_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_KEY_READS_H_
