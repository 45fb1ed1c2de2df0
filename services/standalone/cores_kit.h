// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STANDALONE_CORES_KIT_H_
#define KEYWARD_SERVICES_STANDALONE_CORES_KIT_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/clock.h"
#include "libs/base/log.h"
#include "libs/base/mutex.h"
#include "libs/base/timer.h"
#include "libs/crypto/fake_seal.h"
#include "libs/crypto/random.h"
#include "libs/kv/kv.h"
#include "services/audit/audit_core.h"
#include "services/gateway/caller_authenticator.h"
#include "services/gateway/pipeline.h"
#include "services/gateway/policy_follower.h"
#include "services/policy/policy_core.h"
#include "services/standalone/deferred_audit_log.h"
#include "services/store/store_core.h"

namespace keyward::standalone {

inline constexpr char kAdmin[] = "spiffe://keyward.internal/operator/admin";

// More than any step takes in a test, sanitizers included.
inline constexpr absl::Duration kPatience = absl::Seconds(20);

// An answer that comes whenever it comes. Thread-safe.
class Reply {
 public:
  void Set(absl::Status status,
           std::unique_ptr<google::protobuf::Message> response);

  // Whether it comes within `time`.
  bool ArrivesWithin(absl::Duration time);

  // Waits for it. DEADLINE_EXCEEDED if it does not come.
  absl::Status status();
  bool has_response();
  // The response as text; "" without one.
  std::string text();
  // The response, which must be a T.
  template <typename T>
  T as() {
    MutexLock l(&mu_);
    return dynamic_cast<const T&>(*response_);
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool arrived_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<google::protobuf::Message> response_ ABSL_GUARDED_BY(mu_);
};

// The gateway's pipeline and the cores of store, policy and audit as
// keyward-standalone puts them together, without the transport. Not
// thread-safe.
class Cores {
 public:
  // What each keeps its state in; all outlive the cores.
  struct Stores {
    kv::KeyValueStore* store = nullptr;
    kv::KeyValueStore* policy = nullptr;
    kv::KeyValueStore* audit = nullptr;
  };

  // Makes them. `key_file` is the audit log's, made if it is missing; `sink`
  // gets their log.
  Cores(const Stores& stores, const std::string& key_file, LogSink* sink);
  // Waits for the calls.
  ~Cores();
  Cores(const Cores&) = delete;
  Cores& operator=(const Cores&) = delete;

  // Brings them into service: audit first, then policy, then the gateway.
  absl::Status Start();

  // Calls a method of SecretService, or of any service by its full name.
  std::shared_ptr<Reply> Call(const std::string& method,
                              const google::protobuf::Message& request,
                              const std::string& principal = kAdmin,
                              absl::Duration time = absl::Seconds(10));

  store::StoreCore* store() { return store_.get(); }
  audit_service::AuditCore* audit() { return audit_.get(); }
  const Clock* clock() const { return &clock_; }
  const Logger* log() const { return &log_; }

 private:
  // Who calls is what the test writes into the peer.
  class NamedCallers final : public gateway::CallerAuthenticator {
   public:
    absl::StatusOr<auth::Credential> Authenticate(
        const rpc::PeerFacts& peer) override;
    uint64_t generation() const override { return 1; }
    absl::StatusOr<auth::Credential> Reauthenticate(
        const auth::Credential& credential, const rpc::PeerFacts&) override {
      return credential;
    }
  };

  void MakeStore();
  void MakePolicy();
  void MakeAudit(const std::string& key_file);
  void MakePipeline();

  const Stores stores_;
  SystemClock clock_;
  ThreadTimer timer_{&clock_};
  crypto::SystemRandom random_;
  crypto::FakeSeal seal_;
  Logger log_;
  NamedCallers callers_;
  DeferredAuditLog audit_log_;
  std::unique_ptr<store::StoreCore> store_;
  std::unique_ptr<policy_service::PolicyCore> policy_;
  std::unique_ptr<audit_service::AuditCore> audit_;
  std::unique_ptr<gateway::Pipeline> pipeline_;
  std::unique_ptr<gateway::PolicyFollower> follower_;
  std::vector<std::thread> threads_;
};

}  // namespace keyward::standalone

#endif  // KEYWARD_SERVICES_STANDALONE_CORES_KIT_H_
