// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/peer_facts.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/string_ref.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/incoming_call.h"

namespace keyward::rpc {
namespace {

// Two are refused as a thousand would be.
constexpr size_t kMaxForwarded = 2;

// The value of a property that has exactly one; empty otherwise, so that no
// one chooses among several.
std::string OnlyValue(const grpc::AuthContext& context, const char* name) {
  const std::vector<grpc::string_ref> values = context.FindPropertyValues(name);
  return values.size() == 1 ? std::string(values[0].data(), values[0].size())
                            : std::string();
}

void ReadCertificate(const grpc::AuthContext& context, PeerFacts* facts) {
  // Without a verified certificate gRPC sets none of these properties with
  // the request types that Keyward uses; BUT_DONT_VERIFY would, and claim an
  // authenticated peer too, which is why no code here may ever ask for it.
  if (!context.IsPeerAuthenticated()) return;
  facts->certificate_pem = OnlyValue(context, GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (facts->certificate_pem.empty()) return;
  facts->chain_pem = OnlyValue(context, GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME);
  facts->session_resumed =
      OnlyValue(context, GRPC_SSL_SESSION_REUSED_PROPERTY) == "true";
  facts->spiffe_id = OnlyValue(context, GRPC_PEER_SPIFFE_ID_PROPERTY_NAME);
}

}  // namespace

PeerFacts ReadPeerFacts(const grpc::ServerContextBase& context,
                        std::string peer) {
  PeerFacts facts;
  facts.peer = std::move(peer);
  const auto& metadata = context.client_metadata();
  const auto tokens = metadata.equal_range("authorization");
  for (auto it = tokens.first; it != tokens.second; ++it) {
    facts.authorization.emplace_back(it->second.data(), it->second.size());
  }
  const auto forwarded = metadata.equal_range("x-forwarded-client-cert");
  for (auto it = forwarded.first;
       it != forwarded.second &&
       facts.forwarded_client_cert.size() < kMaxForwarded;
       ++it) {
    facts.forwarded_client_cert.emplace_back(it->second.data(),
                                             it->second.size());
  }
  const auto agent = metadata.find("user-agent");
  if (agent != metadata.end()) {
    facts.user_agent.assign(agent->second.data(), agent->second.size());
  }
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth != nullptr) ReadCertificate(*auth, &facts);
  return facts;
}

void WipeTokens(const grpc::ServerContextBase& context) {
  const auto tokens = context.client_metadata().equal_range("authorization");
  for (auto it = tokens.first; it != tokens.second; ++it) {
    // gRPC's own copy of what came for this call: without a header table
    // (server.cc) nothing else refers to it, and it is on the heap.
    crypto::WipeBytes(const_cast<char*>(it->second.data()), it->second.size());
  }
}

}  // namespace keyward::rpc
