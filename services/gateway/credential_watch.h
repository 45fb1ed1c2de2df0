// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The streams whose credential must hold for longer than a call.

#ifndef KEYWARD_SERVICES_GATEWAY_CREDENTIAL_WATCH_H_
#define KEYWARD_SERVICES_GATEWAY_CREDENTIAL_WATCH_H_

#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "libs/base/mutex.h"

namespace keyward::gateway {

// Something that was opened with a credential.
class CredentialHolder {
 public:
  virtual ~CredentialHolder() = default;

  // The rules by which callers are believed have changed since the credential
  // was verified: asks for it again, and ends if it is no longer believed.
  // Without blocking.
  virtual void RecheckCredential() = 0;
};

// Has every holder recheck its credential after a change of those rules, a few
// at a time: a certificate costs up to a millisecond to verify, on the thread
// that also ends calls at their deadlines. Thread-safe.
class CredentialWatch {
 public:
  // So many of one Sweep. With one each 20 ms the 4,096 streams that a gateway
  // has at most are through in 5 s.
  static constexpr size_t kMaxPerSweep = 16;

  CredentialWatch() = default;
  CredentialWatch(const CredentialWatch&) = delete;
  CredentialWatch& operator=(const CredentialWatch&) = delete;

 private:
  struct Entry {
    std::weak_ptr<CredentialHolder> holder;
    uint64_t generation = 0;
  };

 public:
  // Keeps a holder watched until it is destroyed, which must be before the
  // watch is.
  class Registration {
   public:
    Registration() = default;
    Registration(Registration&& other) noexcept { *this = std::move(other); }
    Registration& operator=(Registration&& other) noexcept {
      Release();
      watch_ = std::exchange(other.watch_, nullptr);
      entry_ = other.entry_;
      return *this;
    }
    ~Registration() { Release(); }

   private:
    friend class CredentialWatch;
    void Release();

    CredentialWatch* watch_ = nullptr;
    std::list<Entry>::iterator entry_;
  };

  // Watches `holder`, whose credential was verified under `generation` of the
  // rules or a later one.
  Registration Add(std::weak_ptr<CredentialHolder> holder, uint64_t generation);

  // Rechecks up to kMaxPerSweep holders that have not been since `generation`
  // came into force. Costs a lock when there are none.
  void Sweep(uint64_t generation);

 private:
  Mutex mu_;
  // Those that were checked under the oldest generation first.
  std::list<Entry> entries_ ABSL_GUARDED_BY(mu_);
};

}  // namespace keyward::gateway

#endif  // KEYWARD_SERVICES_GATEWAY_CREDENTIAL_WATCH_H_
