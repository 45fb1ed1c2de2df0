// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/bench/request_source.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/random/uniform_int_distribution.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"
#include "grpcpp/support/byte_buffer.h"
#include "grpcpp/support/slice.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "tests/bench/load_options.h"

namespace keyward::bench {
namespace {

using google::protobuf::MessageLite;

constexpr char kSecrets[] = "/keyward.secrets.v1.SecretService/";
constexpr char kPolicy[] = "/keyward.policy.v1.PolicyService/";
constexpr char kProject[] = "projects/default";
constexpr char kNamePrefix[] = "projects/default/secrets/bench-";

grpc::ByteBuffer Serialized(const MessageLite& message) {
  grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<uint8_t*>(slice.begin()));
  return grpc::ByteBuffer(&slice, 1);
}

// Values are random, so that nothing on the way could make them smaller.
std::string RandomBytes(size_t size, std::mt19937_64* random) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>((*random)());
  return bytes;
}

// What the answer to a request with this number of secrets holds of them.
size_t LengthOfValues(const LoadOptions& options, size_t secrets) {
  return secrets * options.payload_bytes;
}

// Numbers of secrets: the first one, or uniform over all.
class Picker {
 public:
  Picker(const LoadOptions& options, bool uniform, size_t thread)
      : random_(0x6b657977 + thread),
        distribution_(options.first,
                      options.first + (uniform ? options.secrets : 1) - 1) {}

  uint64_t Next() { return distribution_(random_); }

 private:
  std::mt19937_64 random_;
  absl::uniform_int_distribution<uint64_t> distribution_;
};

class EchoSource final : public RequestSource {
 public:
  explicit EchoSource(const LoadOptions& options)
      : RequestSource("/keyward.bench.Echo/Echo"),
        bytes_(options.payload_bytes) {
    std::mt19937_64 random(1);
    const grpc::Slice slice(RandomBytes(bytes_, &random));
    request_ = grpc::ByteBuffer(&slice, 1);
  }

  bool Next(size_t /*slot*/, grpc::ByteBuffer* request) override {
    *request = request_;
    return true;
  }
  size_t LeastAnswer() const override { return bytes_; }

 private:
  const size_t bytes_;
  grpc::ByteBuffer request_;
};

class AccessSource final : public RequestSource {
 public:
  AccessSource(const LoadOptions& options, bool uniform, size_t thread)
      : RequestSource(absl::StrCat(kSecrets, "AccessSecretVersion")),
        picker_(options, uniform, thread),
        least_(LengthOfValues(options, 1)) {}

  bool Next(size_t /*slot*/, grpc::ByteBuffer* request) override {
    message_.set_name(SecretName(picker_.Next()));
    *request = Serialized(message_);
    return true;
  }
  size_t LeastAnswer() const override { return least_; }

 private:
  Picker picker_;
  const size_t least_;
  secrets::v1::AccessSecretVersionRequest message_;
};

class BatchSource final : public RequestSource {
 public:
  BatchSource(const LoadOptions& options, size_t thread)
      : RequestSource(absl::StrCat(kSecrets, "BatchAccessSecretVersions")),
        picker_(options, /*uniform=*/true, thread),
        least_(LengthOfValues(options, kBatchNames)) {}

  bool Next(size_t /*slot*/, grpc::ByteBuffer* request) override {
    message_.clear_names();
    for (size_t i = 0; i < kBatchNames; ++i) {
      message_.add_names(SecretName(picker_.Next()));
    }
    *request = Serialized(message_);
    return true;
  }
  size_t LeastAnswer() const override { return least_; }

 private:
  Picker picker_;
  const size_t least_;
  secrets::v1::BatchAccessSecretVersionsRequest message_;
};

class ListSource final : public RequestSource {
 public:
  explicit ListSource(const LoadOptions& options)
      : RequestSource(absl::StrCat(kSecrets, "ListSecrets")),
        least_(std::min<size_t>(options.secrets, kPageSecrets) *
               SecretName(0).size()) {
    secrets::v1::ListSecretsRequest message;
    message.set_parent(kProject);
    message.set_page_size(static_cast<int>(kPageSecrets));
    request_ = Serialized(message);
  }

  bool Next(size_t /*slot*/, grpc::ByteBuffer* request) override {
    *request = request_;
    return true;
  }
  size_t LeastAnswer() const override { return least_; }

 private:
  const size_t least_;
  grpc::ByteBuffer request_;
};

class AddSource final : public RequestSource {
 public:
  // With `by_slot` each of the calls in flight keeps to a secret of its own.
  AddSource(const LoadOptions& options, bool by_slot, size_t thread)
      : RequestSource(absl::StrCat(kSecrets, "AddSecretVersion")),
        first_(options.first),
        by_slot_(by_slot),
        picker_(options, /*uniform=*/true, thread) {
    std::mt19937_64 random(2 + thread);
    message_.mutable_payload()->set_data(
        RandomBytes(options.payload_bytes, &random));
  }

  bool Next(size_t slot, grpc::ByteBuffer* request) override {
    message_.set_parent(SecretName(by_slot_ ? first_ + slot : picker_.Next()));
    *request = Serialized(message_);
    return true;
  }
  size_t LeastAnswer() const override { return SecretName(0).size(); }

 private:
  const uint64_t first_;
  const bool by_slot_;
  Picker picker_;
  secrets::v1::AddSecretVersionRequest message_;
};

// Each of the calls in flight replaces a binding of its own, by one with
// another description: a new revision each time, and a policy that does not
// grow.
class PolicySource final : public RequestSource {
 public:
  PolicySource()
      : RequestSource(absl::StrCat(kPolicy, "ApplyPolicy")),
        // Not what a run before has left there.
        changes_(std::random_device()()) {
    message_.set_parent(kProject);
    policy::v1::Binding* const binding = message_.add_bindings();
    binding->set_role("roles/secrets.viewer");
    binding->add_principals("spiffe://keyward.internal/workload/bench-changed");
    binding->set_resource(absl::StrCat(kProject, "/secrets/changed-*"));
  }

  bool Next(size_t slot, grpc::ByteBuffer* request) override {
    policy::v1::Binding* const binding = message_.mutable_bindings(0);
    binding->set_name(absl::StrCat(kProject, "/bindings/bench-changed-", slot));
    binding->set_description(absl::StrCat("change ", ++changes_));
    *request = Serialized(message_);
    return true;
  }
  // A revision.
  size_t LeastAnswer() const override { return 2; }

 private:
  uint64_t changes_;
  policy::v1::ApplyPolicyRequest message_;
};

class CreateSource final : public RequestSource {
 public:
  CreateSource(const LoadOptions& options, size_t thread,
               SharedRequests* shared)
      : RequestSource(absl::StrCat(kSecrets, "CreateSecret")),
        first_(options.first),
        secrets_(options.secrets),
        shared_(shared) {
    std::mt19937_64 random(3 + thread);
    message_.set_parent(kProject);
    message_.mutable_payload()->set_data(
        RandomBytes(options.payload_bytes, &random));
  }

  bool Next(size_t /*slot*/, grpc::ByteBuffer* request) override {
    const uint64_t number = shared_->created.fetch_add(1);
    if (number >= secrets_) return false;
    const std::string name = SecretName(first_ + number);
    message_.set_secret_id(name.substr(name.rfind('/') + 1));
    *request = Serialized(message_);
    return true;
  }
  size_t LeastAnswer() const override { return SecretName(0).size(); }

 private:
  const uint64_t first_;
  const uint64_t secrets_;
  SharedRequests* const shared_;
  secrets::v1::CreateSecretRequest message_;
};

}  // namespace

std::vector<std::string> KnownOperations() {
  return {"echo",      "access-hot",  "access-uniform",      "batch-access",
          "list-page", "add-version", "add-version-by-slot", "policy-change",
          "create"};
}

absl::StatusOr<std::unique_ptr<RequestSource>> NewRequestSource(
    const LoadOptions& options, size_t thread, SharedRequests* shared) {
  const std::string& operation = options.operation;
  std::unique_ptr<RequestSource> source;
  if (operation == "echo") {
    source = std::make_unique<EchoSource>(options);
  } else if (operation == "access-hot" || operation == "access-uniform") {
    source = std::make_unique<AccessSource>(
        options, operation == "access-uniform", thread);
  } else if (operation == "batch-access") {
    source = std::make_unique<BatchSource>(options, thread);
  } else if (operation == "list-page") {
    source = std::make_unique<ListSource>(options);
  } else if (operation == "add-version" || operation == "add-version-by-slot") {
    source = std::make_unique<AddSource>(
        options, operation == "add-version-by-slot", thread);
  } else if (operation == "policy-change") {
    source = std::make_unique<PolicySource>();
  } else if (operation == "create") {
    source = std::make_unique<CreateSource>(options, thread, shared);
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no operation ", operation));
  }
  return source;
}

std::string SecretName(uint64_t number) {
  return absl::StrCat(kNamePrefix, absl::Dec(number, absl::kZeroPad7));
}

absl::StatusOr<uint64_t> SecretNumber(absl::string_view name) {
  uint64_t number = 0;
  if (!absl::StartsWith(name, kNamePrefix) ||
      !absl::SimpleAtoi(name.substr(sizeof(kNamePrefix) - 1), &number)) {
    return absl::InvalidArgumentError("no secret of the benchmark");
  }
  return number;
}

}  // namespace keyward::bench
