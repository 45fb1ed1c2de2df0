// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Fields that hold plaintext, as the contracts declare them with the option
// `(keyward.access.v1.sensitive)`: wiped after use, printed by no one.
//
// Driven by descriptors, so that a new field needs the option and no code. A
// message type is compiled once into the list of paths that lead to sensitive
// fields, through nested and repeated messages, oneofs and maps; wiping a
// message of a type without any costs a look-up. No gRPC here.
//
// All functions are safe for concurrent use on different messages.

#ifndef KEYWARD_LIBS_RPC_SENSITIVE_H_
#define KEYWARD_LIBS_RPC_SENSITIVE_H_

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace keyward::rpc {

// Whether messages of this type, or what they can contain, have a sensitive
// field. What a google.protobuf.Any holds is not looked at: only errors carry
// Any, and errors never carry a secret.
bool HasSensitiveFields(const google::protobuf::Descriptor* type);

// Overwrites every sensitive field of `*message` with zeros, all of what its
// string had reserved, and leaves it empty. On a map the option means the
// values. In types that have sensitive fields, unknown fields are wiped too:
// a newer client's may hold anything. Everything else stays as it is.
//
// Overwrites in place; what was copied out of the message before, or freed
// when a field grew, is not reached (the binaries' free() wipes the latter).
// The message must not be used by another thread meanwhile.
void WipeSensitive(google::protobuf::Message* message);

// The message in protobuf's text form for logs and tests, with "[REDACTED]"
// for each sensitive value and without unknown fields. Nothing else in
// Keyward prints a message.
std::string DebugStringRedacted(const google::protobuf::Message& message);

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_SENSITIVE_H_
