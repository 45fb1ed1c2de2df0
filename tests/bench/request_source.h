// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_TESTS_BENCH_REQUEST_SOURCE_H_
#define KEYWARD_TESTS_BENCH_REQUEST_SOURCE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "grpcpp/support/byte_buffer.h"
#include "tests/bench/load_options.h"

namespace keyward::bench {

// The requests of one operation, one after the other.
//
// Not thread-safe: each thread has its own.
class RequestSource {
 public:
  explicit RequestSource(std::string method) : method_(std::move(method)) {}
  RequestSource(const RequestSource&) = delete;
  RequestSource& operator=(const RequestSource&) = delete;
  virtual ~RequestSource() = default;

  // "/package.Service/Method".
  const std::string& method() const { return method_; }

  // The next request of one of the calls in flight, numbered from 0 over all
  // threads. False if there is none any more.
  virtual bool Next(size_t slot, grpc::ByteBuffer* request) = 0;

  // No right answer is shorter. An answer that is counted holds what was asked
  // for, and looking at its length costs the measurement nothing.
  virtual size_t LeastAnswer() const = 0;

 private:
  const std::string method_;
};

// What the sources of one run share.
struct SharedRequests {
  // How many secrets `create` has begun to make.
  std::atomic<uint64_t> created{0};
};

// All operations, in the order of the documentation: echo, access-hot,
// access-uniform, batch-access, list-page, add-version, add-version-by-slot,
// policy-change, create.
std::vector<std::string> KnownOperations();

// The source of one thread. INVALID_ARGUMENT if the operation is not known.
// `shared` outlives it.
absl::StatusOr<std::unique_ptr<RequestSource>> NewRequestSource(
    const LoadOptions& options, size_t thread, SharedRequests* shared);

// The full name of the secret with that number, and the number of a name;
// INVALID_ARGUMENT if it is no such name.
std::string SecretName(uint64_t number);
absl::StatusOr<uint64_t> SecretNumber(absl::string_view name);

}  // namespace keyward::bench

#endif  // KEYWARD_TESTS_BENCH_REQUEST_SOURCE_H_
