// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/reflection_service.h"

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpcpp/impl/codegen/server_callback_handlers.h"
#include "grpcpp/impl/rpc_method.h"
#include "grpcpp/impl/rpc_service_method.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/server_callback.h"
#include "grpcpp/support/status.h"
#include "libs/rpc/public_descriptors.h"
#include "libs/rpc/wiped_buffer.h"

namespace keyward::rpc {
namespace {

using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;
using grpc::reflection::v1::ServerReflectionRequest;
using grpc::reflection::v1::ServerReflectionResponse;

void SetNotFound(ServerReflectionResponse* response) {
  response->mutable_error_response()->set_error_code(
      grpc::StatusCode::NOT_FOUND);
  response->mutable_error_response()->set_error_message("not found");
}

// `file` and what it imports, each once a stream.
void AddFiles(const FileDescriptor* file, SentFiles* sent,
              grpc::reflection::v1::FileDescriptorResponse* response) {
  if (!sent->insert(file).second) return;
  FileDescriptorProto proto;
  file->CopyTo(&proto);
  response->add_file_descriptor_proto(proto.SerializeAsString());
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddFiles(file->dependency(i), sent, response);
  }
}

void SetFile(const FileDescriptor* file, SentFiles* sent,
             ServerReflectionResponse* response) {
  if (file == nullptr) {
    SetNotFound(response);
    return;
  }
  // Asked for again, a file is told again.
  sent->erase(file);
  AddFiles(file, sent, response->mutable_file_descriptor_response());
}

void SetExtensionNumbers(const PublicDescriptors& descriptors,
                         const std::string& type,
                         ServerReflectionResponse* response) {
  if (!descriptors.HasMessage(type)) {
    SetNotFound(response);
    return;
  }
  auto* numbers = response->mutable_all_extension_numbers_response();
  numbers->set_base_type_name(type);
  for (int number : descriptors.ExtensionNumbers(type)) {
    numbers->add_extension_number(number);
  }
}

}  // namespace

ServerReflectionResponse AnswerReflection(
    const PublicDescriptors& descriptors,
    const ServerReflectionRequest& request, SentFiles* sent) {
  ServerReflectionResponse response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case ServerReflectionRequest::kFileByFilename:
      SetFile(descriptors.FindFile(request.file_by_filename()), sent,
              &response);
      break;
    case ServerReflectionRequest::kFileContainingSymbol:
      SetFile(descriptors.FindSymbol(request.file_containing_symbol()), sent,
              &response);
      break;
    case ServerReflectionRequest::kFileContainingExtension: {
      const auto& extension = request.file_containing_extension();
      SetFile(descriptors.FindExtension(extension.containing_type(),
                                        extension.extension_number()),
              sent, &response);
      break;
    }
    case ServerReflectionRequest::kAllExtensionNumbersOfType:
      SetExtensionNumbers(descriptors, request.all_extension_numbers_of_type(),
                          &response);
      break;
    case ServerReflectionRequest::kListServices:
      response.mutable_list_services_response();
      for (const auto* service : descriptors.services()) {
        response.mutable_list_services_response()->add_service()->set_name(
            service->full_name());
      }
      break;
    case ServerReflectionRequest::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(
          grpc::StatusCode::INVALID_ARGUMENT);
      response.mutable_error_response()->set_error_message(
          "message_request: must be set");
      break;
  }
  return response;
}

// One stream: read a question, write its answer, and again.
class ReflectionService::Stream final
    : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit Stream(ReflectionService* service) : service_(service) {
    if (service_->streams_.fetch_add(1) >= kMaxStreams) {
      Finish(grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED,
                          "too many reflection streams are open"));
    } else {
      StartRead(&question_);
    }
  }

  void OnReadDone(bool ok) override {
    ServerReflectionRequest request;
    if (!ok) {
      Finish(grpc::Status::OK);
    } else if (++questions_ > kMaxQuestions ||
               !ParseAndWipe(question_, &request)) {
      Finish(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT,
                          "no reflection request, or one too many"));
    } else {
      answer_ = SerializeToWipedBuffer(
          AnswerReflection(*service_->descriptors_, request, &sent_));
      StartWrite(&answer_);
    }
  }

  void OnWriteDone(bool ok) override {
    if (ok) {
      question_.Clear();
      StartRead(&question_);
    } else {
      Finish(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override {
    service_->streams_.fetch_sub(1);
    delete this;
  }

 private:
  ReflectionService* const service_;
  grpc::ByteBuffer question_;
  grpc::ByteBuffer answer_;
  SentFiles sent_;
  int questions_ = 0;
};

ReflectionService::ReflectionService(const PublicDescriptors* descriptors)
    : descriptors_(descriptors) {
  Register(0, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
  Register(1, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo");
}

void ReflectionService::Register(int index, const char* path) {
  namespace gi = grpc::internal;
  AddMethod(
      new gi::RpcServiceMethod(path, gi::RpcMethod::BIDI_STREAMING, nullptr));
  MarkMethodRawCallback(
      index,
      new gi::CallbackBidiHandler<grpc::ByteBuffer, grpc::ByteBuffer>(
          [this](grpc::CallbackServerContext*) { return new Stream(this); }));
}

}  // namespace keyward::rpc
