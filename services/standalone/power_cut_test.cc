// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// P4 where the cores meet: store, policy and audit on one disk in memory, whose
// power fails at every sync boundary of a run that does some of everything,
// from the first start on.

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/proof.h"
#include "libs/base/clock.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/mutex.h"
#include "libs/kv/test_kv.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/keys/v1/key_service.pb.h"
#include "proto/keyward/policy/v1/policy_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/audit/reconciler.h"
#include "services/standalone/cores_kit.h"
#include "services/store/store_core.h"

namespace keyward::standalone {
namespace {

namespace secrets = keyward::secrets::v1;

constexpr char kApp[] = "spiffe://keyward.internal/workload/app";
constexpr char kDb[] = "projects/default/secrets/db";
constexpr char kBinding[] = "projects/default/bindings/app";

// Every so manieth boundary is tried: all of them with nothing kept of what was
// not synced, and some with a part of it. A sanitizer takes too long for all.
size_t Stride(kv::TestKv::Cut cut) {
#if defined(__SANITIZE_ADDRESS__)
  constexpr size_t kStride = 29;
#else
  constexpr size_t kStride = 1;
#endif
  return cut == kv::TestKv::Cut::kUnsyncedLost ? kStride : 5 * kStride;
}

std::string KeyFile() {
  return absl::StrCat(testing::TempDir(), "/power_cut_test.log.key");
}

// The cores with their stores on a disk.
class Installation {
 public:
  explicit Installation(kv::TestDisk* disk) {
    store_ = Open(disk, "store", store::StoreFeeds());
    policy_ = Open(disk, "policy", {});
    audit_ = Open(disk, "audit", {});
    cores_ = std::make_unique<Cores>(
        Cores::Stores{store_.get(), policy_.get(), audit_.get()}, KeyFile(),
        &sink_);
  }

  Cores* cores() { return cores_.get(); }

  absl::Status Call(const std::string& method,
                    const google::protobuf::Message& request,
                    const std::string& principal = kAdmin) {
    reply_ = cores_->Call(method, request, principal);
    return reply_->status();
  }
  // The response of the last Call, which was answered OK.
  Reply& reply() { return *reply_; }

  absl::Status Create(const std::string& id, const std::string& value) {
    secrets::CreateSecretRequest request;
    request.set_parent("projects/default");
    request.set_secret_id(id);
    request.mutable_payload()->set_data(value);
    return Call("CreateSecret", request);
  }

  absl::Status Put(int number) {
    const std::string value = absl::StrCat("value ", number);
    if (number == 1) return Create("db", value);
    secrets::AddSecretVersionRequest request;
    request.set_parent(kDb);
    request.mutable_payload()->set_data(value);
    return Call("AddSecretVersion", request);
  }

  absl::Status Read(const std::string& name,
                    const std::string& principal = kAdmin) {
    secrets::AccessSecretVersionRequest request;
    request.set_name(name);
    return Call("AccessSecretVersion", request, principal);
  }

  absl::Status Bind(bool bound) {
    policy::v1::ApplyPolicyRequest request;
    request.set_parent("projects/default");
    if (bound) {
      policy::v1::Binding* binding = request.add_bindings();
      binding->set_name(kBinding);
      binding->set_role("roles/secrets.accessor");
      binding->add_principals(kApp);
      binding->set_resource(kDb);
    } else {
      request.add_removed(kBinding);
    }
    return Call("keyward.policy.v1.PolicyService.ApplyPolicy", request);
  }

  absl::Status Rotate() {
    keys::v1::RotateKeyRequest request;
    request.set_name("projects/default/keys/default");
    return Call("keyward.keys.v1.KeyService.RotateKey", request);
  }

  absl::Status Destroy() {
    secrets::DestroySecretVersionRequest request;
    request.set_name(absl::StrCat(kDb, "/versions/1"));
    return Call("DestroySecretVersion", request);
  }

  absl::Status MakeProject() {
    policy::v1::CreateProjectRequest request;
    request.set_project_id("other");
    return Call("keyward.policy.v1.PolicyService.CreateProject", request);
  }

  // What the services do by themselves, until there is nothing more to do.
  absl::Status Maintain() {
    const SteadyTime now = cores_->clock()->SteadyNow();
    audit_service::Reconciler reconciler(cores_->audit(), cores_->clock(),
                                         cores_->log());
    // As if all intents were old.
    reconciler.RunOnce(now + 2 * audit_service::Reconciler::kIntentAge);
    for (;;) {
      const absl::StatusOr<bool> more =
          cores_->store()->RunMaintenanceOnce(now + kPatience);
      if (!more.ok() || !*more) return more.status();
    }
  }

 private:
  std::unique_ptr<kv::KeyValueStore> Open(kv::TestDisk* disk,
                                          const std::string& name,
                                          std::vector<std::string> feeds) {
    kv::RocksDbOptions options;
    options.path = absl::StrCat("/data/", name);
    options.owner = name;
    options.clock = &clock_;
    options.feeds = std::move(feeds);
    options.erase_delay = absl::ZeroDuration();
    return disk->Open(options).value();
  }

  const SystemClock clock_;
  MemoryLogSink sink_;
  std::unique_ptr<kv::KeyValueStore> store_, policy_, audit_;
  std::unique_ptr<Cores> cores_;
  std::shared_ptr<Reply> reply_;
};

// The run's steps, in order.
struct Step {
  const char* name;
  std::function<absl::Status(Installation*)> run;
};

const std::vector<Step>& Steps() {
  using I = Installation*;
  static const auto* const steps = new std::vector<Step>{
      {"start", [](I i) { return i->cores()->Start(); }},
      {"put 1", [](I i) { return i->Put(1); }},
      {"put 2", [](I i) { return i->Put(2); }},
      {"grant", [](I i) { return i->Bind(true); }},
      {"read", [](I i) { return i->Read(kDb, kApp); }},
      {"destroy", [](I i) { return i->Destroy(); }},
      {"rotate", [](I i) { return i->Rotate(); }},
      {"put 3", [](I i) { return i->Put(3); }},
      {"maintain", [](I i) { return i->Maintain(); }},
      {"revoke", [](I i) { return i->Bind(false); }},
      {"project", [](I i) { return i->MakeProject(); }},
      {"read", [](I i) { return i->Read(kDb); }},
      {"put 4", [](I i) { return i->Put(4); }},
      {"maintain", [](I i) { return i->Maintain(); }},
  };
  return *steps;
}

// What callers had been told when the power failed, and what it left.
struct Moment {
  size_t told = 0;   // Steps that were answered.
  size_t begun = 0;  // Steps that were begun.
  std::string checkpoint;
  kv::TestDisk::Files lost;
  kv::TestDisk::Files torn;

  bool Told(const std::string& step) const { return Count(step, told) > 0; }
  bool Begun(const std::string& step) const { return Count(step, begun) > 0; }
  static int Count(const std::string& step, size_t steps) {
    int count = 0;
    for (size_t i = 0; i < steps; ++i) count += Steps()[i].name == step;
    return count;
  }
};

std::vector<Moment> ScriptedRun() {
  std::remove(KeyFile().c_str());
  Mutex mu;
  std::vector<Moment> moments;
  std::string checkpoint;
  std::atomic<size_t> told{0}, begun{0};
  kv::TestDisk disk;
  disk.BeforeEachSync([&] {
    Moment moment;
    // In this order: what is told later may be there, and what was begun
    // earlier may not.
    moment.told = told;
    {
      MutexLock l(&mu);
      moment.checkpoint = checkpoint;
    }
    moment.lost = disk.Left(kv::TestKv::Cut::kUnsyncedLost);
    moment.torn = disk.Left(kv::TestKv::Cut::kUnsyncedTorn);
    moment.begun = begun;
    MutexLock l(&mu);
    moments.push_back(std::move(moment));
  });
  Installation installation(&disk);
  for (const Step& step : Steps()) {
    ++begun;
    EXPECT_EQ(step.run(&installation), absl::OkStatus()) << step.name;
    const auto shown = installation.cores()->audit()->GetCheckpoint(0);
    EXPECT_TRUE(shown.ok()) << shown.status();
    if (shown.ok()) {
      MutexLock l(&mu);
      checkpoint = shown->checkpoint;
    }
    ++told;
  }
  return moments;
}

class PowerCutTest : public testing::TestWithParam<kv::TestKv::Cut> {
 protected:
  void CheckSecrets(Installation* installation, const Moment& moment) {
    for (int number = 1; number <= 4; ++number) {
      const std::string step = absl::StrCat("put ", number);
      const absl::Status read =
          installation->Read(absl::StrCat(kDb, "/versions/", number));
      if (read.ok()) {
        EXPECT_TRUE(moment.Begun(step)) << step;
        EXPECT_EQ(installation->reply()
                      .as<secrets::AccessSecretVersionResponse>()
                      .payload()
                      .data(),
                  absl::StrCat("value ", number));
        EXPECT_FALSE(number == 1 && moment.Told("destroy"));
        ++versions_;
        ++reads_here_;
      } else if (number == 1 && moment.Begun("destroy")) {
        EXPECT_EQ(read.code(), absl::StatusCode::kFailedPrecondition) << read;
        ++versions_;
      } else {
        EXPECT_EQ(read.code(), absl::StatusCode::kNotFound) << read;
        EXPECT_FALSE(moment.Told(step)) << step;
      }
    }
  }

  void CheckPolicy(Installation* installation, const Moment& moment) {
    const absl::Status read = installation->Read(kDb, kApp);
    reads_here_ += read.ok();
    if (moment.Told("grant") && !moment.Begun("revoke")) {
      EXPECT_EQ(read, absl::OkStatus());
    }
    if (!moment.Begun("grant") || moment.Told("revoke")) {
      EXPECT_EQ(read.code(), absl::StatusCode::kPermissionDenied) << read;
    }
    policy::v1::GetProjectRequest project;
    project.set_name("projects/other");
    const absl::Status got = installation->Call(
        "keyward.policy.v1.PolicyService.GetProject", project);
    if (moment.Told("project")) {
      EXPECT_EQ(got, absl::OkStatus());
    }
    if (!moment.Begun("project")) {
      EXPECT_FALSE(got.ok());
    }
  }

  // The log extends what a client was shown.
  static void CheckExtends(Installation* installation, const Moment& moment) {
    if (moment.checkpoint.empty()) return;
    const auto old = audit::ReadCheckpointUnverified(moment.checkpoint);
    ASSERT_TRUE(old.ok());
    const auto answer =
        installation->cores()->audit()->GetCheckpoint(old->size);
    ASSERT_TRUE(answer.ok()) << answer.status();
    const auto now = audit::ReadCheckpointUnverified(answer->checkpoint);
    const auto proof = audit::HashesFromBytes(answer->consistency_proof);
    ASSERT_TRUE(now.ok() && proof.ok());
    EXPECT_EQ(audit::VerifyConsistency(old->size, now->size, old->root,
                                       now->root, *proof),
              absl::OkStatus());
  }

  // Of what the moment's callers did: every answered read has its record, and
  // the intents' outcomes are the truth.
  void CheckRecords(Installation* installation, const Moment& moment) {
    audit::v1::QueryEntriesRequest query;
    query.set_parent("system");
    query.set_page_size(1000);
    ASSERT_EQ(
        installation->Call("keyward.audit.v1.AuditService.QueryEntries", query),
        absl::OkStatus());
    const auto& entries =
        installation->reply().as<audit::v1::QueryEntriesResponse>();
    int intents = 0, outcomes = 0, reads = 0, puts = 0;
    for (const auto& each : entries.entries()) {
      const audit::v1::AuditEntry& entry = each.entry();
      const bool applied = entry.outcome() == audit::v1::CHANGE_OUTCOME_APPLIED;
      const bool put =
          entry.method() == "keyward.secrets.v1.SecretService.CreateSecret" ||
          entry.method() == "keyward.secrets.v1.SecretService.AddSecretVersion";
      intents += entry.kind() == audit::v1::ENTRY_KIND_INTENT;
      outcomes += entry.kind() == audit::v1::ENTRY_KIND_OUTCOME &&
                  entry.outcome() != audit::v1::CHANGE_OUTCOME_UNKNOWN;
      puts += put && applied;
      reads += entry.kind() == audit::v1::ENTRY_KIND_ACCESS &&
               entry.code() == 0 && entry.action() == "secrets.access";
    }
    EXPECT_EQ(outcomes, intents);
    EXPECT_EQ(puts, versions_);
    EXPECT_GE(reads, Moment::Count("read", moment.told) + reads_here_);
  }

  // Of the moment that is looked at: versions that there are, and reads that
  // were answered since.
  int versions_ = 0;
  int reads_here_ = 0;
};

TEST_P(PowerCutTest, P4_AtEverySyncBoundaryOfAllServicesWhatWasToldSurvives) {
  const std::vector<Moment> moments = ScriptedRun();
  ASSERT_GT(moments.size(), 2 * Steps().size());
  for (size_t i = 0; i < moments.size(); i += Stride(GetParam())) {
    const Moment& moment = moments[i];
    SCOPED_TRACE(absl::StrCat("sync ", i, " of ", moments.size(), ", after ",
                              moment.told, " steps"));
    kv::TestDisk disk(GetParam() == kv::TestKv::Cut::kUnsyncedLost
                          ? moment.lost
                          : moment.torn);
    Installation installation(&disk);
    ASSERT_EQ(installation.cores()->Start(), absl::OkStatus());
    CheckExtends(&installation, moment);
    versions_ = reads_here_ = 0;
    CheckSecrets(&installation, moment);
    CheckPolicy(&installation, moment);
    EXPECT_EQ(installation.Maintain(), absl::OkStatus());
    EXPECT_EQ(installation.cores()->audit()->open_intents().size(), 0u);
    CheckRecords(&installation, moment);
    // And it goes on from there.
    EXPECT_EQ(installation.Create("next", "value"), absl::OkStatus());
    EXPECT_EQ(installation.Read("projects/default/secrets/next"),
              absl::OkStatus());
    if (HasFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(LostOrTorn, PowerCutTest,
                         testing::Values(kv::TestKv::Cut::kUnsyncedLost,
                                         kv::TestKv::Cut::kUnsyncedTorn));

}  // namespace
}  // namespace keyward::standalone
