// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/access.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/crypto/crc32c.h"
#include "libs/rpc/rpc_status.h"
#include "libs/rpc/sensitive.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"

namespace keyward::cli {
namespace {

using secrets::v1::AccessSecretVersionRequest;
using secrets::v1::AccessSecretVersionResponse;
using secrets::v1::BatchAccessSecretVersionsRequest;
using secrets::v1::BatchAccessSecretVersionsResponse;
using secrets::v1::BatchAccessSecretVersionsResult;

// Takes the value out of the answer, which is left without.
absl::StatusOr<AccessedValue> Take(AccessSecretVersionResponse* response) {
  AccessedValue accessed;
  accessed.name = response->name();
  accessed.value = crypto::SecretBuffer::TakeFrom(
      response->mutable_payload()->mutable_data());
  if (!response->payload().has_data_crc32c() ||
      crypto::Crc32c(accessed.value.ExposeSecret()) !=
          response->payload().data_crc32c()) {
    return absl::DataLossError(absl::StrCat(
        accessed.name, ": the value was damaged on its way; it is not used"));
  }
  return accessed;
}

// The same error, saying which of several secrets it is about.
absl::Status About(const std::string& name, const absl::Status& error) {
  absl::Status about(error.code(), absl::StrCat(name, ": ", error.message()));
  error.ForEachPayload(
      [&about](absl::string_view url, const absl::Cord& value) {
        about.SetPayload(url, value);
      });
  return about;
}

absl::StatusOr<AccessedValue> TakeOrFetch(
    const std::string& name, BatchAccessSecretVersionsResult* result,
    Session& session) {
  if (result->has_response()) return Take(result->mutable_response());
  const absl::Status error = rpc::FromRpcStatus(result->error());
  // What did not fit into the answer is fetched singly.
  if (absl::IsResourceExhausted(error)) return Access(name, session);
  if (!error.ok()) return error;
  return absl::InternalError("the gateway left out its answer");
}

}  // namespace

absl::StatusOr<AccessedValue> Access(const std::string& name,
                                     Session& session) {
  AccessSecretVersionRequest request;
  request.set_name(name);
  auto response = session.Call<AccessSecretVersionResponse>(request);
  if (!response.ok()) return response.status();
  absl::StatusOr<AccessedValue> value = Take(&*response);
  rpc::WipeSensitive(&*response);
  return value;
}

absl::StatusOr<std::vector<AccessedValue>> AccessAll(
    const std::vector<std::string>& names, Session& session) {
  BatchAccessSecretVersionsRequest request;
  for (const std::string& name : names) request.add_names(name);
  auto response = session.Call<BatchAccessSecretVersionsResponse>(request);
  if (!response.ok()) return response.status();
  std::vector<AccessedValue> values;
  absl::Status status;
  if (response->results_size() != static_cast<int>(names.size())) {
    status = absl::InternalError("the gateway answered for other secrets");
  }
  for (size_t i = 0; status.ok() && i < names.size(); ++i) {
    absl::StatusOr<AccessedValue> value = TakeOrFetch(
        names[i], response->mutable_results(static_cast<int>(i)), session);
    if (value.ok()) {
      values.push_back(*std::move(value));
    } else {
      status = About(names[i], value.status());
    }
  }
  rpc::WipeSensitive(&*response);
  if (!status.ok()) return status;
  return values;
}

}  // namespace keyward::cli
