// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/stored_result.h"

#include "absl/status/status.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "services/policy/records.h"

namespace keyward::policy_service {

using google::protobuf::Message;
using keyward::internal::policy::v1::StoredResult;

StoredResult MakeStoredResult(absl::string_view method, const Message& response,
                              absl::string_view resource, uint64_t revision) {
  StoredResult stored;
  stored.set_format(kRecordFormat);
  stored.set_method(std::string(method));
  stored.set_response(EncodeRecord(response));
  stored.set_resource(std::string(resource));
  stored.set_revision(revision);
  return stored;
}

absl::StatusOr<std::unique_ptr<Message>> StoredResponse(
    const StoredResult& stored, absl::string_view method) {
  if (stored.method() != method) {
    return absl::InternalError("a stored result is another method's");
  }
  const google::protobuf::FileDescriptor* file =
      policy::v1::GetPolicyRequest::descriptor()->file();
  const google::protobuf::MethodDescriptor* descriptor =
      file->pool()->FindMethodByName(stored.method());
  if (descriptor == nullptr) {
    return absl::InternalError("a stored result is of no known method");
  }
  std::unique_ptr<Message> response(
      google::protobuf::MessageFactory::generated_factory()
          ->GetPrototype(descriptor->output_type())
          ->New());
  if (!response->ParseFromString(stored.response())) {
    return absl::DataLossError("a stored result cannot be read");
  }
  return response;
}

}  // namespace keyward::policy_service
