// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_WORKLOAD_IDENTITY_H_
#define KEYWARD_LIBS_RPC_WORKLOAD_IDENTITY_H_

#include "libs/auth/authenticator.h"
#include "libs/rpc/internal_service.h"

namespace keyward::rpc {

// The identity of an internal service's caller, as libs/auth proves it by its
// certificate alone. gRPC's own SPIFFE id is not enough where several trust
// domains are configured: its handshake takes a certificate of any of their
// authorities, and one domain's could name another's workloads.
//
// `authenticator` outlives the function.
CallerIdentity VerifiedWorkload(auth::Authenticator* authenticator);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_WORKLOAD_IDENTITY_H_
