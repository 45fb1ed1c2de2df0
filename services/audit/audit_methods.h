// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_AUDIT_AUDIT_METHODS_H_
#define KEYWARD_SERVICES_AUDIT_AUDIT_METHODS_H_

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "google/protobuf/message.h"
#include "libs/audit/log_reader.h"
#include "libs/crypto/secret_buffer.h"
#include "libs/rpc/call.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/audit/block_index.h"
#include "services/audit/log_prover.h"
#include "services/audit/log_view.h"

namespace keyward::audit_service {

// The public methods of keyward.audit.v1.AuditService as this service runs
// them for the gateway, which has authorized them. It never decides who may
// ask; but an answer shows only what lies in the resource that was authorized.
//
// Each call takes many reads of the store: never on a thread that serves other
// calls. Thread-safe. The dependencies outlive it.
class AuditMethods {
 public:
  struct Dependencies {
    const audit::LogReader* reader = nullptr;
    BlockIndex* index = nullptr;
    LogProver* prover = nullptr;
    const crypto::SecretBuffer* page_token_key = nullptr;
    // The newest durable state.
    std::function<std::shared_ptr<const LogView>()> view;
  };

  explicit AuditMethods(Dependencies dependencies);

  // Whether `method`, a full name, is run here. The streams, which the gateway
  // drives through the feed, are not.
  bool Has(const std::string& method) const;

  // Runs a call. UNIMPLEMENTED if Has() is false; INVALID_ARGUMENT if the
  // request is of another type or breaks a rule; otherwise errors of the
  // method (audit_service.proto) and of the store.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Run(
      const rpc::CallContext& context,
      const google::protobuf::Message& request);

 private:
  using Answer = absl::StatusOr<std::unique_ptr<google::protobuf::Message>>;
  using Handler = std::function<Answer(const rpc::CallContext&,
                                       const google::protobuf::Message&)>;

  template <typename Request>
  void Register(const char* method,
                Answer (AuditMethods::*handler)(const rpc::CallContext&,
                                                const Request&));

  Answer QueryEntries(const rpc::CallContext& context,
                      const audit::v1::QueryEntriesRequest& request);
  Answer GetCheckpoint(const rpc::CallContext& context,
                       const audit::v1::GetCheckpointRequest& request);
  Answer ProveEntry(const rpc::CallContext& context,
                    const audit::v1::ProveEntryRequest& request);

  const Dependencies dependencies_;
  std::map<std::string, Handler> handlers_;
};

}  // namespace keyward::audit_service

#endif  // KEYWARD_SERVICES_AUDIT_AUDIT_METHODS_H_
