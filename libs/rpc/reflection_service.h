// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_LIBS_RPC_REFLECTION_SERVICE_H_
#define KEYWARD_LIBS_RPC_REFLECTION_SERVICE_H_

#include <atomic>
#include <set>
#include <string>

#include "google/protobuf/descriptor.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpcpp/impl/service_type.h"
#include "libs/rpc/public_descriptors.h"

namespace keyward::rpc {

// The files that one reflection stream has been given.
using SentFiles = std::set<const google::protobuf::FileDescriptor*>;

// The answer to one question. Names that are not public are NOT_FOUND, as
// those that do not exist. Pure, but for `*sent`.
grpc::reflection::v1::ServerReflectionResponse AnswerReflection(
    const PublicDescriptors& descriptors,
    const grpc::reflection::v1::ServerReflectionRequest& request,
    SentFiles* sent);

// Server reflection that tells only public contracts, under the names
// grpc.reflection.v1 and v1alpha: older clients ask only the latter. Needs no
// credential, like the contracts themselves.
//
// Thread-safe. Must outlive the server that it is registered with.
class ReflectionService final : public grpc::Service {
 public:
  // Streams open at once; anyone may open them, and each costs memory.
  static constexpr int kMaxStreams = 64;
  // Questions in one stream: far above what describing every contract takes.
  static constexpr int kMaxQuestions = 1000;

  // `descriptors` outlives the service.
  explicit ReflectionService(const PublicDescriptors* descriptors);

 private:
  class Stream;

  void Register(int index, const char* path);

  const PublicDescriptors* const descriptors_;
  std::atomic<int> streams_{0};
};

}  // namespace keyward::rpc

#endif  // KEYWARD_LIBS_RPC_REFLECTION_SERVICE_H_
