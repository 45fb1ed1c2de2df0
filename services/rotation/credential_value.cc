// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/rotation/credential_value.h"

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "libs/crypto/wipe.h"
#include "nlohmann/json.hpp"

namespace keyward::rotation {
namespace {

using nlohmann::json;

// Wipes every text of a document before its memory goes back: passwords lie in
// the parser's strings.
class WipedJson {
 public:
  explicit WipedJson(json document) : document_(std::move(document)) {}
  WipedJson(WipedJson&& other) noexcept = default;
  WipedJson& operator=(WipedJson&&) = delete;
  ~WipedJson() { Wipe(&document_); }
  json* operator->() { return &document_; }
  json& operator*() { return document_; }

 private:
  // As deep as the parser went: a value that is no credential is secret too.
  // Not by recursion, which 64 KiB of brackets would take through the stack.
  static void Wipe(json* document) {
    std::vector<json*> left = {document};
    while (!left.empty()) {
      json* const value = left.back();
      left.pop_back();
      if (value->is_string()) {
        crypto::WipeString(value->get_ptr<std::string*>());
      } else if (value->is_structured()) {
        for (json& element : *value) left.push_back(&element);
      }
    }
  }

  json document_;
};

absl::Status NoCredential() {
  return absl::FailedPreconditionError(
      "the secret's value is no database credential: a JSON object with "
      "engine, host, port, username and password");
}

absl::StatusOr<WipedJson> Parse(const crypto::SecretBuffer& payload) {
  const absl::string_view text = payload.ExposeSecret();
  WipedJson document(json::parse(text.begin(), text.end(), nullptr,
                                 /*allow_exceptions=*/false));
  if (!document->is_object()) return NoCredential();
  return document;
}

// The member's text, or nullptr.
std::string* Text(json* document, const char* name) {
  const auto member = document->find(name);
  if (member == document->end() || !member->is_string()) return nullptr;
  std::string* const text = member->get_ptr<std::string*>();
  return text->empty() ? nullptr : text;
}

}  // namespace

absl::StatusOr<CredentialValue> ParseCredentialValue(
    const crypto::SecretBuffer& payload) {
  absl::StatusOr<WipedJson> document = Parse(payload);
  if (!document.ok()) return document.status();
  const std::string* const engine = Text(&**document, "engine");
  const std::string* const host = Text(&**document, "host");
  const std::string* const user = Text(&**document, "username");
  const std::string* const password = Text(&**document, "password");
  const auto port = (**document).find("port");
  if (engine == nullptr || host == nullptr || user == nullptr ||
      password == nullptr || port == (**document).end() ||
      !port->is_number_integer()) {
    return NoCredential();
  }
  const int64_t number = port->get<int64_t>();
  if (number < 1 || number > 65535) return NoCredential();
  CredentialValue value;
  value.engine = *engine;
  value.host = *host;
  value.port = static_cast<uint16_t>(number);
  value.credential.user = *user;
  value.credential.password = crypto::SecretBuffer::CopyOf(*password);
  return value;
}

absl::StatusOr<crypto::SecretBuffer> ReplaceCredential(
    const crypto::SecretBuffer& payload, const target::Credential& fresh) {
  absl::StatusOr<WipedJson> document = Parse(payload);
  if (!document.ok()) return document.status();
  std::string* const user = Text(&**document, "username");
  std::string* const password = Text(&**document, "password");
  if (user == nullptr || password == nullptr) return NoCredential();
  *user = fresh.user;
  crypto::WipeString(password);
  // In place: a short text would stay behind in a temporary.
  const absl::string_view fresh_password = fresh.password.ExposeSecret();
  password->assign(fresh_password.data(), fresh_password.size());
  // Text that is no UTF-8 is replaced, which the comparison below finds.
  std::string text = (**document)
                         .dump(-1, ' ', /*ensure_ascii=*/false,
                               json::error_handler_t::replace);
  crypto::SecretBuffer replaced = crypto::SecretBuffer::TakeFrom(&text);
  const absl::StatusOr<CredentialValue> again = ParseCredentialValue(replaced);
  if (!again.ok()) return again.status();
  if (again->credential.user != fresh.user ||
      !again->credential.password.Equals(fresh.password)) {
    return absl::InvalidArgumentError("a user or password is no UTF-8 text");
  }
  return replaced;
}

}  // namespace keyward::rotation
