// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_DATABASE_CREDENTIALS_H_
#define KEYWARD_SERVICES_STORE_DATABASE_CREDENTIALS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace keyward::store {

// OK if `text` is what a DATABASE_CREDENTIALS payload must be: one JSON object
// (RFC 8259) with the members
//
//   engine, host, username, password   non-empty strings
//   port                               an integer from 1 to 65535
//   database                           a string; optional
//   params                             an object of strings; optional
//
// no other member and none twice: two parsers that pick different duplicates
// would connect to different places. INVALID_ARGUMENT about `payload.data`
// otherwise. The message names members of this list and nothing of the text.
//
// Keeps no value and copies none beyond the parser's own buffer. A pure
// function; `text` is bounded by its caller.
absl::Status CheckDatabaseCredentials(absl::string_view text);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_DATABASE_CREDENTIALS_H_
