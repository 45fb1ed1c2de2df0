// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/peer_verifier.h"

#include <functional>
#include <utility>
#include <vector>

#include "grpcpp/support/status.h"
#include "grpcpp/support/string_ref.h"

namespace keyward::rpc {
namespace {

namespace ge = grpc::experimental;

class PeerVerifier final : public ge::ExternalCertificateVerifier {
 public:
  explicit PeerVerifier(std::string expected)
      : expected_(std::move(expected)) {}

  bool Verify(ge::TlsCustomVerificationCheckRequest* request,
              std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    // SPIFFE X509-SVID: a leaf with more than one URI SAN is refused. To look
    // for ours among several would trust whoever asked for the others.
    const std::vector<grpc::string_ref> uris = request->uri_names();
    if (uris.size() != 1 || uris[0] != expected_) {
      *sync_status =
          grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                       "the server is not " + expected_ +
                           ": another process has its port, or it was issued "
                           "another identity");
    }
    return true;
  }

  void Cancel(ge::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string expected_;
};

}  // namespace

std::shared_ptr<ge::CertificateVerifier> NewPeerVerifier(
    std::string spiffe_id) {
  return ge::ExternalCertificateVerifier::Create<PeerVerifier>(
      std::move(spiffe_id));
}

}  // namespace keyward::rpc
