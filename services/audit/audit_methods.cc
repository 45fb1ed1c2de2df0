// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/audit/audit_methods.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "services/audit/log_query.h"
#include "services/audit/page_token.h"
#include "services/audit/query_request.h"

namespace keyward::audit_service {
namespace {

constexpr char kService[] = "keyward.audit.v1.AuditService.";

}  // namespace

template <typename Request>
void AuditMethods::Register(
    const char* method,
    Answer (AuditMethods::*handler)(const rpc::CallContext&, const Request&)) {
  handlers_[absl::StrCat(kService, method)] =
      [this, handler](const rpc::CallContext& context,
                      const google::protobuf::Message& request) -> Answer {
    const auto* typed = dynamic_cast<const Request*>(&request);
    if (typed == nullptr) {
      return absl::InvalidArgumentError(
          "the request is not of the method's type");
    }
    return (this->*handler)(context, *typed);
  };
}

AuditMethods::AuditMethods(Dependencies dependencies)
    : dependencies_(std::move(dependencies)) {
  Register("QueryEntries", &AuditMethods::QueryEntries);
  Register("GetCheckpoint", &AuditMethods::GetCheckpoint);
  Register("ProveEntry", &AuditMethods::ProveEntry);
}

bool AuditMethods::Has(const std::string& method) const {
  return handlers_.count(method) != 0;
}

AuditMethods::Answer AuditMethods::Run(
    const rpc::CallContext& context, const google::protobuf::Message& request) {
  const auto handler = handlers_.find(context.method);
  if (handler == handlers_.end()) {
    return MakeError(absl::StatusCode::kUnimplemented, kNotImplemented,
                     "audit does not run this method");
  }
  return handler->second(context, request);
}

AuditMethods::Answer AuditMethods::QueryEntries(
    const rpc::CallContext& context,
    const audit::v1::QueryEntriesRequest& request) {
  if (request.parent() != context.resource) {
    // What was authorized and what is asked for must be the same.
    return FieldError("parent", "must be the resource that was authorized");
  }
  absl::StatusOr<QuerySpec> spec = ParseQueryRequest(request);
  if (!spec.ok()) return spec.status();
  const std::string identity = QueryIdentity(request);
  const uint64_t size = dependencies_.view()->size();
  uint64_t position = spec->descending ? size : 0;
  if (!request.page_token().empty()) {
    absl::StatusOr<uint64_t> resumed =
        ReadPageToken(*dependencies_.page_token_key, context.principal,
                      identity, request.page_token());
    if (!resumed.ok()) return resumed.status();
    position = *resumed;
  }
  absl::StatusOr<QueryPage> page = RunQuery(
      *spec, *dependencies_.reader, dependencies_.index, size, position);
  if (!page.ok()) return page.status();
  auto response = std::make_unique<audit::v1::QueryEntriesResponse>();
  for (audit::v1::IndexedEntry& entry : page->entries) {
    *response->add_entries() = std::move(entry);
  }
  if (page->next.has_value()) {
    absl::StatusOr<std::string> token =
        MakePageToken(*dependencies_.page_token_key, context.principal,
                      identity, *page->next);
    if (!token.ok()) return token.status();
    response->set_next_page_token(*std::move(token));
  }
  return response;
}

AuditMethods::Answer AuditMethods::GetCheckpoint(
    const rpc::CallContext&, const audit::v1::GetCheckpointRequest& request) {
  absl::StatusOr<rpc::CheckpointAnswer> answer =
      dependencies_.prover->Checkpoint(*dependencies_.view(),
                                       request.old_size());
  if (!answer.ok()) return answer.status();
  auto response = std::make_unique<audit::v1::GetCheckpointResponse>();
  response->set_checkpoint(std::move(answer->checkpoint));
  for (std::string& hash : answer->consistency_proof) {
    response->add_consistency_proof(std::move(hash));
  }
  response->set_verifier_key(std::move(answer->verifier_key));
  return response;
}

AuditMethods::Answer AuditMethods::ProveEntry(
    const rpc::CallContext&, const audit::v1::ProveEntryRequest& request) {
  absl::StatusOr<EntryProof> proof = dependencies_.prover->Prove(
      *dependencies_.view(), request.index(), request.tree_size());
  if (!proof.ok()) return proof.status();
  auto response = std::make_unique<audit::v1::ProveEntryResponse>();
  response->set_leaf(std::move(proof->leaf));
  for (std::string& hash : proof->inclusion_proof) {
    response->add_inclusion_proof(std::move(hash));
  }
  response->set_tree_size(proof->tree_size);
  response->set_checkpoint(std::move(proof->checkpoint));
  return response;
}

}  // namespace keyward::audit_service
