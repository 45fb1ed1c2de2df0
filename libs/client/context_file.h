// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_CLIENT_CONTEXT_FILE_H_
#define KEYWARD_LIBS_CLIENT_CONTEXT_FILE_H_

#include <cstddef>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace keyward::client {

// One gateway and how to reach it, as people name it: "prod", "laptop". No
// field is a secret; keys and tokens are named by file. An empty field is not
// set.
struct Context {
  std::string address;     // HOST:PORT
  std::string ca_file;     // PEM: who may have issued the gateway's certificate
  std::string cert_file;   // PEM: the caller's certificate chain
  std::string key_file;    // PEM: its key
  std::string token_file;  // a bearer token
  std::string project;     // the project's id
  std::string server_id;   // the gateway's SPIFFE id

  friend bool operator==(const Context& a, const Context& b) {
    return a.address == b.address && a.ca_file == b.ca_file &&
           a.cert_file == b.cert_file && a.key_file == b.key_file &&
           a.token_file == b.token_file && a.project == b.project &&
           a.server_id == b.server_id;
  }
};

// The file of contexts, contexts.yaml in the configuration folder. The format
// is in FORMAT.md.
struct ContextFile {
  // The context that commands use unless told otherwise; may be empty.
  std::string current;
  std::map<std::string, Context> contexts;
};

// As many contexts as a person could tell apart, and the longest value: a
// path's bound.
inline constexpr size_t kMaxContexts = 100;
inline constexpr size_t kMaxContextValueBytes = 4096;

// OK for [a-z0-9][a-z0-9_-]{0,62}; INVALID_ARGUMENT otherwise. A context's
// name becomes part of a file's name.
absl::Status CheckContextName(absl::string_view name);

// The contexts that `text` holds; `origin` names it in messages.
// INVALID_ARGUMENT, with the position, for whatever FORMAT.md does not allow,
// unknown keys included: a misspelt setting must not be ignored.
absl::StatusOr<ContextFile> ParseContextFile(absl::string_view text,
                                             absl::string_view origin);

// The text that ParseContextFile reads back. INVALID_ARGUMENT if a name or a
// value cannot be in the file.
absl::StatusOr<std::string> FormatContextFile(const ContextFile& file);

// Reads the file at `path`; one that does not exist is empty. Errors as
// ParseContextFile and ReadFileBounded.
absl::StatusOr<ContextFile> LoadContextFile(const std::string& path);

// Replaces the file at `path`, durably and with mode 0600: it says where the
// caller's keys are and which gateway is believed.
absl::Status SaveContextFile(const std::string& path, const ContextFile& file);

}  // namespace keyward::client

#endif  // KEYWARD_LIBS_CLIENT_CONTEXT_FILE_H_
