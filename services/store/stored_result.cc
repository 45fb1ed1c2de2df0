// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/stored_result.h"

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "services/store/record_codec.h"

namespace keyward::store {

using keyward::internal::store::v1::StoredResult;

StoredResult MakeStoredResult(absl::string_view method,
                              const google::protobuf::Message& response,
                              absl::string_view resource) {
  StoredResult stored;
  stored.set_format(kRecordFormat);
  stored.set_method(std::string(method));
  stored.set_response(EncodeRecord(response));
  stored.set_resource(std::string(resource));
  return stored;
}

absl::StatusOr<std::unique_ptr<google::protobuf::Message>> StoredResponse(
    const StoredResult& stored, absl::string_view method) {
  if (stored.method() != method) {
    return absl::InternalError("a stored result is another method's");
  }
  const auto* const descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
          stored.method());
  if (descriptor == nullptr) {
    return absl::InternalError("a stored result is of no known method");
  }
  std::unique_ptr<google::protobuf::Message> response(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(descriptor->output_type())
          ->New());
  if (!response->ParseFromString(stored.response())) {
    return absl::DataLossError("a stored result cannot be parsed");
  }
  return response;
}

}  // namespace keyward::store
