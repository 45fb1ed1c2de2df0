// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/target/address_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "libs/base/mutex.h"

namespace keyward::target {
namespace {

using Addresses = absl::StatusOr<std::vector<std::string>>;

// Shared by the caller and the thread that looks up; the last one frees it.
struct LookUp {
  Mutex mu;
  CondVar done_cv;
  bool done ABSL_GUARDED_BY(mu) = false;
  Addresses addresses ABSL_GUARDED_BY(mu);
};

bool IsAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

Addresses AskResolver(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), nullptr, &hints, &list) != 0) {
    return absl::UnavailableError("the name of the target has no address");
  }
  std::vector<std::string> addresses;
  for (const addrinfo* entry = list;
       entry != nullptr && addresses.size() < kMaxAddresses;
       entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof(text),
                    nullptr, 0, NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::find(addresses.begin(), addresses.end(), text) ==
        addresses.end()) {
      addresses.push_back(text);
    }
  }
  freeaddrinfo(list);
  if (addresses.empty()) {
    return absl::UnavailableError("the name of the target has no address");
  }
  return addresses;
}

}  // namespace

bool IsHost(absl::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  if (host.front() == '.' || host.front() == '-') return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return absl::ascii_isalnum(c) || c == '.' || c == '_' || c == ':' ||
           c == '-';
  });
}

absl::StatusOr<std::vector<std::string>> LookUpAddresses(absl::string_view host,
                                                         const Clock& clock,
                                                         SteadyTime deadline) {
  if (!IsHost(host)) {
    return absl::InvalidArgumentError(
        "the host of the target is neither a DNS name nor an address");
  }
  std::string name(host);
  if (IsAddress(name)) return std::vector<std::string>{std::move(name)};
  const absl::Status late = absl::DeadlineExceededError(
      "the address of the target was not found in time");
  // Not even if the answer would be there at once.
  if (clock.SteadyNow() >= deadline) return late;

  auto look_up = std::make_shared<LookUp>();
  std::thread([look_up, name = std::move(name)] {
    Addresses addresses = AskResolver(name);
    MutexLock l(&look_up->mu);
    look_up->addresses = std::move(addresses);
    look_up->done = true;
    look_up->done_cv.SignalAll();
  }).detach();

  MutexLock l(&look_up->mu);
  while (!look_up->done) {
    if (!look_up->done_cv.WaitUntil(&look_up->mu, clock, deadline)) break;
  }
  if (!look_up->done) return late;
  return look_up->addresses;
}

}  // namespace keyward::target
