// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_TARGET_ADDRESS_LOOKUP_H_
#define KEYWARD_LIBS_TARGET_ADDRESS_LOOKUP_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/base/clock.h"
#include "libs/base/steady_time.h"

namespace keyward::target {

// Names of servers and their addresses, for client libraries of targets that
// would look a name up themselves and wait for as long as the system's resolver
// likes. Safe for concurrent use.

// More addresses than this of one name are left out.
inline constexpr size_t kMaxAddresses = 8;

// Whether `host` has the form of a DNS name or of an address: 1 to 253 of
// [A-Za-z0-9._:-], the first of them no "." or "-". Whatever else a client
// library reads out of a host (lists, paths, zones, options) is not in it.
bool IsHost(absl::string_view host);

// The addresses of `host` as text, in the system's order, each once; at least
// one. An address is its own. INVALID_ARGUMENT unless IsHost; UNAVAILABLE if
// the name has none or nobody can say; DEADLINE_EXCEEDED if nobody said until
// `deadline` of `clock`: the look-up then goes on in a thread that nobody waits
// for, until the system's resolver gives up.
absl::StatusOr<std::vector<std::string>> LookUpAddresses(absl::string_view host,
                                                         const Clock& clock,
                                                         SteadyTime deadline);

}  // namespace keyward::target

#endif  // KEYWARD_LIBS_TARGET_ADDRESS_LOOKUP_H_
