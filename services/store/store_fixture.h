// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_STORE_STORE_FIXTURE_H_
#define KEYWARD_SERVICES_STORE_STORE_FIXTURE_H_

#include <cstdint>
#include <future>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "libs/audit/signed_checkpoint_for_testing.h"
#include "libs/base/fake_clock.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/steady_time.h"
#include "libs/crypto/fake_seal.h"
#include "libs/crypto/random.h"
#include "libs/kv/faulty_kv.h"
#include "libs/kv/test_kv.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/store/fake_audit_log.h"
#include "services/store/store_core.h"

namespace keyward::store {

inline constexpr char kTestProject[] = "projects/pay";
inline constexpr char kTestProjectUid[] = "puid1";

// The store's core over a real engine on a disk in memory, whose faults a test
// sets, with a clock that a test moves. A call is made as the gateway would,
// under a new intent, and waited for.
class StoreFixture : public ::testing::Test {
 protected:
  StoreFixture();
  ~StoreFixture() override;

  // Ends the core and opens a new one over the same state. The status is that
  // of opening.
  absl::Status Reopen(bool restored = false);
  // The same, with what `change` did to the engine in between.
  void CloseCore() { core_.reset(); }

  // "projects/pay/secrets/ID".
  static std::string Name(const std::string& secret_id);

  // A context for the request: its method, a new intent if it is a change, and
  // the resource it names. Tests change it before they call.
  rpc::CallContext ContextFor(const google::protobuf::Message& request);

  // Begins a call; the future has the answer. `request` must outlive it.
  std::future<rpc::CallResult> Begin(const rpc::CallContext& context,
                                     const google::protobuf::Message& request);
  rpc::CallResult Call(const rpc::CallContext& context,
                       const google::protobuf::Message& request);
  rpc::CallResult Call(const google::protobuf::Message& request);

  // The response, or the status.
  template <typename Response>
  absl::StatusOr<Response> Ask(const google::protobuf::Message& request) {
    const rpc::CallResult result = Call(request);
    if (!result.status.ok()) return result.status;
    return static_cast<const Response&>(*result.response);
  }

  // The everyday calls; a failure is the test's.
  keyward::secrets::v1::Secret Create(const std::string& id,
                                      const std::string& value = "");
  keyward::secrets::v1::SecretVersion Add(const std::string& id,
                                          const std::string& value);
  keyward::secrets::v1::SecretVersion AddPending(const std::string& id,
                                                 const std::string& value);
  keyward::secrets::v1::Secret Get(const std::string& id);
  absl::Status Delete(const std::string& id, bool now = false);
  // The payload; `version` may be empty.
  absl::StatusOr<std::string> Access(const std::string& id,
                                     const std::string& version = "");

  // The same as text: what went wrong, if it did.
  std::string Read(const std::string& id, const std::string& version = "");

  // Runs maintenance until nothing is due.
  absl::Status Maintain();

  // Hands the core a checkpoint as audit does: it pins the log's key.
  absl::Status Hold(uint64_t size) {
    return core_->HoldCheckpoint({log_.Note(size), log_.key()}, Deadline());
  }
  std::string Held() { return core_->GetHeldCheckpoint(Deadline()).value(); }

  SteadyTime Deadline() const { return clock_.SteadyNow() + absl::Seconds(10); }
  kv::KeyValueStore* engine() { return disk_.store(); }

  FakeClock clock_;
  crypto::SystemRandom random_;
  crypto::FakeSeal seal_;
  FakeAuditLog audit_;
  MemoryLogSink log_sink_;
  Logger logger_{"store", LogLevel::kInfo, &clock_, &log_sink_};
  // What signs the checkpoints.
  const audit::CheckpointsForTesting log_;
  kv::TestKv disk_;
  std::unique_ptr<kv::FaultyKv> faults_;
  std::unique_ptr<StoreCore> core_;
  uint64_t next_intent_ = 1;
};

// A create request for "projects/pay/secrets/ID"; no value if it is empty.
keyward::secrets::v1::CreateSecretRequest CreateRequest(
    const std::string& id, const std::string& value);
keyward::secrets::v1::AddSecretVersionRequest AddRequest(
    const std::string& id, const std::string& value);
keyward::secrets::v1::AccessSecretVersionRequest AccessRequest(
    const std::string& name);

}  // namespace keyward::store

#endif  // KEYWARD_SERVICES_STORE_STORE_FIXTURE_H_
