// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/public_descriptors.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "google/protobuf/descriptor.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace keyward::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::ServiceDescriptor;

const DescriptorPool* Pool() { return DescriptorPool::generated_pool(); }

}  // namespace

PublicDescriptors::PublicDescriptors(
    std::vector<const ServiceDescriptor*> services)
    : services_(std::move(services)) {
  for (const ServiceDescriptor* service : services_) Add(service->file());
  Add(google::rpc::Status::descriptor()->file());
  Add(google::rpc::ErrorInfo::descriptor()->file());
}

void PublicDescriptors::Add(const FileDescriptor* file) {
  if (!files_.insert(file).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) Add(file->dependency(i));
}

const FileDescriptor* PublicDescriptors::IfPublic(
    const FileDescriptor* file) const {
  return files_.count(file) > 0 ? file : nullptr;
}

const FileDescriptor* PublicDescriptors::FindFile(
    const std::string& name) const {
  return IfPublic(Pool()->FindFileByName(name));
}

const FileDescriptor* PublicDescriptors::FindSymbol(
    const std::string& full_name) const {
  return IfPublic(Pool()->FindFileContainingSymbol(full_name));
}

const FileDescriptor* PublicDescriptors::FindExtension(const std::string& type,
                                                       int number) const {
  const Descriptor* message = Pool()->FindMessageTypeByName(type);
  if (message == nullptr) return nullptr;
  const FieldDescriptor* extension =
      Pool()->FindExtensionByNumber(message, number);
  return extension == nullptr ? nullptr : IfPublic(extension->file());
}

std::vector<int> PublicDescriptors::ExtensionNumbers(
    const std::string& type) const {
  const Descriptor* message = Pool()->FindMessageTypeByName(type);
  if (message == nullptr) return {};
  std::vector<const FieldDescriptor*> extensions;
  Pool()->FindAllExtensions(message, &extensions);
  std::vector<int> numbers;
  for (const FieldDescriptor* extension : extensions) {
    if (IfPublic(extension->file()) != nullptr) {
      numbers.push_back(extension->number());
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

bool PublicDescriptors::HasMessage(const std::string& type) const {
  const Descriptor* message = Pool()->FindMessageTypeByName(type);
  return message != nullptr && IfPublic(message->file()) != nullptr;
}

}  // namespace keyward::rpc
