// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// What services send each other, from a peer that is broken or lies: calls and
// their answers, records on their way to audit, errors with their details. The
// first byte says which the rest is.

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/status.pb.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/resource_name.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/append_codec.h"
#include "libs/rpc/call_codec.h"
#include "libs/rpc/call_methods.h"
#include "libs/rpc/rpc_status.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"
#include "proto/keyward/internal/call/v1/call.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/audit/checked_item.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

namespace audit_wire = keyward::internal::audit::v1;
namespace call_wire = keyward::internal::call::v1;
using rpc::CallMethods;
using rpc::Outcome;

constexpr char kService[] = "keyward.secrets.v1.SecretService.";

const CallMethods& Methods() {
  // Linked in by this: descriptors are found by name alone.
  keyward::secrets::v1::GetSecretRequest::descriptor();
  static const CallMethods& methods =
      *CallMethods::Create({"keyward.secrets.v1.SecretService"})
           .value()
           .release();
  return methods;
}

template <typename Message>
bool Parsed(absl::string_view bytes, Message* message) {
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void CheckCall(absl::string_view bytes) {
  call_wire::Call call;
  if (!Parsed(bytes, &call)) return;
  const SteadyTime now;
  auto decoded = rpc::DecodeCall(Methods(), now, &call);
  if (!decoded.ok()) {
    FUZZ_CHECK(absl::IsInvalidArgument(decoded.status()));
    FUZZ_CHECK(!absl::StrContains(decoded.status().message(), kCanary));
    return;
  }
  const CallMethods::Method* method = Methods().Find(decoded->context.method);
  FUZZ_CHECK(method != nullptr && decoded->request != nullptr);
  FUZZ_CHECK(decoded->request->GetDescriptor() ==
             method->request->GetDescriptor());
  // P1: no change without its intent on record.
  FUZZ_CHECK(decoded->context.intent_id.has_value() == method->changes);
  FUZZ_CHECK(!decoded->context.principal.empty());
  FUZZ_CHECK(decoded->context.deadline >= now &&
             decoded->context.deadline <= now + absl::Seconds(60));
  call_wire::Call again = rpc::EncodeCall(decoded->context, *decoded->request);
  *again.mutable_remaining() =
      rpc::EncodeRemaining(decoded->context.deadline - now);
  const auto same = rpc::DecodeCall(Methods(), now, &again);
  FUZZ_CHECK(same.ok());
  FUZZ_CHECK(same->context.resource == decoded->context.resource);
  FUZZ_CHECK(same->context.intent_id == decoded->context.intent_id);
  FUZZ_CHECK(same->context.deadline == decoded->context.deadline);
  FUZZ_CHECK(same->request->SerializeAsString() ==
             decoded->request->SerializeAsString());
}

void CheckResult(absl::string_view bytes) {
  for (const char* const name : {"GetSecret", "AccessSecretVersion",
                                 "CreateSecret", "AddSecretVersion"}) {
    call_wire::CallResult answer;
    if (!Parsed(bytes, &answer)) return;
    const CallMethods::Method& method =
        *Methods().Find(absl::StrCat(kService, name));
    const rpc::CallResult result = rpc::DecodeCallResult(method, &answer);
    FUZZ_CHECK((result.response != nullptr) == result.status.ok());
    FUZZ_CHECK((result.outcome != Outcome::kNone) == method.changes);
    if (result.status.ok()) {
      // P4: success means that it is known what became of it.
      FUZZ_CHECK(result.outcome != Outcome::kUnknown);
      FUZZ_CHECK(result.refusal == rpc::Refusal::kNone);
    }
    // The plaintext in it is gone.
    FUZZ_CHECK(!absl::StrContains(answer.response(), kCanary));
  }
}

void CheckAppend(absl::string_view bytes) {
  audit_wire::AppendItem item;
  if (Parsed(bytes, &item)) {
    const SteadyTime now;
    auto decoded = rpc::DecodeAppendItem(now, item);
    if (decoded.ok()) {
      const auto checked = audit_service::CheckItem(*std::move(decoded));
      if (checked.ok()) {
        FUZZ_CHECK(checked->leaves.size() <= rpc::kMaxItemEntries);
        for (const std::string& leaf : checked->leaves) {
          const auto entry = audit::ParseEntry(leaf);
          FUZZ_CHECK(entry.ok());
          FUZZ_CHECK(entry->kind() != audit::v1::ENTRY_KIND_IN_FORCE);
          // P2: no decision without the fence that it was made under.
          if (audit::IsDecision(*entry)) {
            FUZZ_CHECK(checked->fenced_revision == entry->policy_revision());
          }
        }
      } else {
        FUZZ_CHECK(absl::IsInvalidArgument(checked.status()));
      }
    } else {
      FUZZ_CHECK(absl::IsInvalidArgument(decoded.status()));
    }
  }
  audit_wire::AppendResult answer;
  if (!Parsed(bytes, &answer)) return;
  const auto result = rpc::DecodeAppendResult(answer, 7, "checkpoint");
  const bool failed = result.status == rpc::AppendStatus::kFailed ||
                      result.status == rpc::AppendStatus::kUnknown;
  FUZZ_CHECK(failed == !result.error.ok());
}

void CheckStatus(absl::string_view bytes) {
  google::rpc::Status wire;
  if (!Parsed(bytes, &wire)) return;
  const absl::Status status = rpc::FromRpcStatus(wire);
  FUZZ_CHECK(status.ok() == (wire.code() == 0));
  ErrorReason(status);
  RetryAfter(status);
  MessageWithoutCause(status);
  const google::rpc::Status once = rpc::ToRpcStatus(status);
  const google::rpc::Status twice = rpc::ToRpcStatus(rpc::FromRpcStatus(once));
  FUZZ_CHECK(once.SerializeAsString() == twice.SerializeAsString());
  FUZZ_CHECK(once.message().size() <= rpc::kMaxStatusMessageBytes);
  // Beside both: the code, and the message's tag and length.
  FUZZ_CHECK(once.ByteSizeLong() <=
             rpc::kMaxStatusMessageBytes + rpc::kMaxStatusDetailBytes + 16);
}

// Two names, between them a line feed.
void CheckResolved(absl::string_view text) {
  const size_t line = text.find('\n');
  if (line == absl::string_view::npos) return;
  const std::string asked(text.substr(0, line));
  const std::string answered(text.substr(line + 1));
  FUZZ_CHECK(rpc::IsResolvedName(asked, asked));
  if (!rpc::IsResolvedName(asked, answered) || asked == answered) return;
  // A version by its number, of the secret or key that was authorized.
  const auto name = ResourceName::Parse(asked);
  const auto resolved = ResourceName::Parse(answered);
  FUZZ_CHECK(name.ok() && resolved.ok());
  FUZZ_CHECK(resolved->version_number().has_value());
  FUZZ_CHECK(!name->version_number().has_value());
  FUZZ_CHECK(
      resolved->IsAtOrBelow(name->version().empty() ? *name : *name->parent()));
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  if (text.empty()) return 0;
  const absl::string_view rest = text.substr(1);
  switch (text[0]) {
    case 'c':
      CheckCall(rest);
      break;
    case 'r':
      CheckResult(rest);
      break;
    case 'a':
      CheckAppend(rest);
      break;
    case 's':
      CheckStatus(rest);
      break;
    default:
      CheckResolved(rest);
  }
  return 0;
}
