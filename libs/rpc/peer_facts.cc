// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/peer_facts.h"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "grpc/grpc_security_constants.h"
#include "grpcpp/security/auth_context.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/string_ref.h"
#include "libs/crypto/wipe.h"
#include "libs/rpc/incoming_call.h"
#include "libs/rpc/shared_text.h"

namespace keyward::rpc {
namespace {

// Two are refused as a thousand would be.
constexpr size_t kMaxForwarded = 2;

absl::string_view View(grpc::string_ref text) {
  return absl::string_view(text.data(), text.size());
}

// A property by its only value; empty if it has none or several, so that no one
// chooses among several.
class OnlyValue {
 public:
  void Add(absl::string_view value) {
    value_ = ++count_ == 1 ? value : absl::string_view();
  }
  absl::string_view Get() const { return value_; }

 private:
  int count_ = 0;
  absl::string_view value_;
};

void ReadCertificate(const std::shared_ptr<const grpc::AuthContext>& context,
                     PeerFacts* facts) {
  // Without a verified certificate gRPC sets none of these properties with
  // the request types that Keyward uses; BUT_DONT_VERIFY would, and claim an
  // authenticated peer too, which is why no code here may ever ask for it.
  if (!context->IsPeerAuthenticated()) return;
  OnlyValue certificate;
  OnlyValue chain;
  OnlyValue reused;
  OnlyValue spiffe_id;
  // Once through all of them: a look-up by name makes copies of the name.
  const grpc::AuthPropertyIterator end = context->end();
  for (grpc::AuthPropertyIterator it = context->begin(); it != end; ++it) {
    const grpc::AuthProperty property = *it;
    const absl::string_view name = View(property.first);
    const absl::string_view value = View(property.second);
    if (name == GRPC_X509_PEM_CERT_PROPERTY_NAME) {
      certificate.Add(value);
    } else if (name == GRPC_X509_PEM_CERT_CHAIN_PROPERTY_NAME) {
      chain.Add(value);
    } else if (name == GRPC_SSL_SESSION_REUSED_PROPERTY) {
      reused.Add(value);
    } else if (name == GRPC_PEER_SPIFFE_ID_PROPERTY_NAME) {
      spiffe_id.Add(value);
    }
  }
  if (certificate.Get().empty()) return;
  // The context's memory; nobody changes it once the handshake is over.
  facts->certificate_pem = SharedText(context, certificate.Get());
  facts->chain_pem = SharedText(context, chain.Get());
  facts->session_resumed = reused.Get() == "true";
  facts->spiffe_id = std::string(spiffe_id.Get());
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
  if (auth != nullptr) ReadCertificate(auth, &facts);
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
