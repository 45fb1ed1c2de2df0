// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_SECRET_READS_H_
#define KEYWARD_SERVICES_STORE_SECRET_READS_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/rpc/call.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/store/store_parts.h"

namespace keyward::store {

// What a read answers.
struct ReadAnswer {
  std::unique_ptr<google::protobuf::Message> response;
  // The resource, with the resolved version number where there is one.
  std::string resource;
};

// The reads of secrets and versions; the contract of each is its comment in
// secret_service.proto. Each reads the state that is there when it is called,
// without waiting for anything but the local store.
//
// Thread-safe.
class SecretReads {
 public:
  explicit SecretReads(const StoreParts* parts) : parts_(parts) {}

  absl::StatusOr<ReadAnswer> Get(
      const rpc::CallContext& context,
      const keyward::secrets::v1::GetSecretRequest& request) const;
  absl::StatusOr<ReadAnswer> List(
      const rpc::CallContext& context,
      const keyward::secrets::v1::ListSecretsRequest& request) const;
  absl::StatusOr<ReadAnswer> GetVersion(
      const rpc::CallContext& context,
      const keyward::secrets::v1::GetSecretVersionRequest& request) const;
  absl::StatusOr<ReadAnswer> ListVersions(
      const rpc::CallContext& context,
      const keyward::secrets::v1::ListSecretVersionsRequest& request) const;

  // Two point reads, and the key ring's memory. The payload is in the answer
  // alone, which its receiver wipes.
  absl::StatusOr<ReadAnswer> Access(
      const rpc::CallContext& context,
      const keyward::secrets::v1::AccessSecretVersionRequest& request) const;

 private:
  const StoreParts* const parts_;
};

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_SECRET_READS_H_
