// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_TEST_CERTIFICATES_H_
#define KEYWARD_LIBS_RPC_TEST_CERTIFICATES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "libs/rpc/tls_material.h"

namespace keyward::rpc {

// A certificate authority for tests, which also issues what no proper one
// would: expired leaves, leaves with two identities. Not for anything else: its
// keys lie in plain strings.
class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);
  ~TestAuthority();

  struct Leaf {
    std::vector<std::string> uris;
    absl::Time not_before = absl::Now() - absl::Hours(1);
    absl::Time not_after = absl::Now() + absl::Hours(1);
  };

  // Its own certificate.
  const std::string& pem() const { return pem_; }

  // A leaf with its key, which trusts this authority. Valid for both sides of
  // a connection.
  TlsMaterial Issue(const Leaf& leaf) const;
  TlsMaterial Issue(const std::string& spiffe_id) const {
    return Issue(Leaf{{spiffe_id}});
  }

 private:
  struct State;
  std::unique_ptr<State> state_;
  std::string pem_;
};

// A copy, for handing the same material to two.
TlsMaterial CopyOf(const TlsMaterial& material);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_TEST_CERTIFICATES_H_
