// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_PUBLIC_DESCRIPTORS_H_
#define KEYWARD_LIBS_RPC_PUBLIC_DESCRIPTORS_H_

#include <set>
#include <string>
#include <vector>

#include "google/protobuf/descriptor.h"

namespace keyward::rpc {

// What server reflection may tell: the files of the services that a server
// serves, all that they import, and nothing else. The program's pool holds
// more: a gateway is linked with the internal contracts, and gRPC's own
// reflection answers any name that is linked in.
//
// Immutable, safe for concurrent use. Descriptors are of the generated pool.
class PublicDescriptors {
 public:
  // Besides the services' files, those of the error details that calls end
  // with: no contract imports them, and clients print them by these types.
  explicit PublicDescriptors(
      std::vector<const google::protobuf::ServiceDescriptor*> services);

  const std::vector<const google::protobuf::ServiceDescriptor*>& services()
      const {
    return services_;
  }

  // The file of that name, of the file with that full name in it, or of the
  // extension of `type` with that number; null if there is none that is
  // public.
  const google::protobuf::FileDescriptor* FindFile(
      const std::string& name) const;
  const google::protobuf::FileDescriptor* FindSymbol(
      const std::string& full_name) const;
  const google::protobuf::FileDescriptor* FindExtension(const std::string& type,
                                                        int number) const;

  // The numbers of the public extensions of `type`, ascending.
  std::vector<int> ExtensionNumbers(const std::string& type) const;
  // Whether `type` is a public message.
  bool HasMessage(const std::string& type) const;

 private:
  void Add(const google::protobuf::FileDescriptor* file);
  const google::protobuf::FileDescriptor* IfPublic(
      const google::protobuf::FileDescriptor* file) const;

  const std::vector<const google::protobuf::ServiceDescriptor*> services_;
  std::set<const google::protobuf::FileDescriptor*> files_;
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_PUBLIC_DESCRIPTORS_H_
