// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The remote audit log, control and feeds against their internal services,
// over TLS on loopback.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/mutex.h"
#include "libs/base/steady_time.h"
#include "libs/base/thread_pool.h"
#include "libs/base/timer.h"
#include "libs/rpc/audit_log.h"
#include "libs/rpc/audit_methods.h"
#include "libs/rpc/change_feed.h"
#include "libs/rpc/feed_methods.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/owner_control.h"
#include "libs/rpc/owner_methods.h"
#include "libs/rpc/peer_caller.h"
#include "libs/rpc/process_standing.h"
#include "libs/rpc/project_purger.h"
#include "libs/rpc/remote_audit_log.h"
#include "libs/rpc/remote_feeds.h"
#include "libs/rpc/remote_owner_control.h"
#include "libs/rpc/standing_methods.h"
#include "libs/rpc/test_peers.h"
#include "proto/keyward/internal/audit/v1/audit_log_service.pb.h"
#include "proto/keyward/internal/policy/v1/policy_service.pb.h"
#include "proto/keyward/internal/rotation/v1/rotation_service.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {
namespace {

namespace audit_wire = keyward::internal::audit::v1;
namespace policy_wire = keyward::internal::policy::v1;
namespace rotation_wire = keyward::internal::rotation::v1;
namespace store_wire = keyward::internal::store::v1;
using google::protobuf::Message;
using google::protobuf::ServiceDescriptor;

// A service of which a test fills in some methods; the others fail.
class ServiceTest : public testing::Test {
 protected:
  void Serve(const ServiceDescriptor* service, InternalMethods methods) {
    InternalCallers callers;
    for (int i = 0; i < service->method_count(); ++i) {
      const std::string& name = service->method(i)->name();
      callers[name] = {kTestClientId};
      if (service->method(i)->server_streaming()) {
        methods.streams.emplace(name, [](std::unique_ptr<Message>,
                                         std::shared_ptr<StreamWriter> writer) {
          writer->Finish(absl::InternalError("not here"));
        });
      } else {
        methods.unary.emplace(
            name, [](std::unique_ptr<Message>, SteadyTime, UnaryDone done) {
              done(absl::InternalError("not here"), nullptr);
            });
      }
    }
    auto internal = InternalService::Create(service, std::move(methods),
                                            callers, TestIdentity);
    EXPECT_TRUE(internal.ok()) << internal.status();
    service_ = *std::move(internal);
    ServerOptions options;
    options.services = {{service, service_.get()}};
    options.limits = InternalServerLimits();
    server_ = std::make_unique<TestServer>(
        std::move(options), ClientCertificate::kRequired, &clock_);
    auto channel =
        PeerChannel::Create(server_->address(), kTestServerId,
                            server_->authority().Issue(kTestClientId), &clock_);
    EXPECT_TRUE(channel.ok());
    channel_ = *std::move(channel);
    peer_.name = "peer";
    peer_.reason = kAuditUnavailable;
    peer_.channel = channel_.get();
  }

  SteadyTime Soon() const { return clock_.SteadyNow() + absl::Seconds(10); }

  void ExpectAway(const absl::Status& status) {
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    EXPECT_EQ(ErrorReason(status), kAuditUnavailable);
  }

  SystemClock clock_;
  ThreadTimer timer_{&clock_};
  ThreadPool pool_{2, 8};
  std::unique_ptr<InternalService> service_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<PeerChannel> channel_;
  Peer peer_;
};

// An audit log that keeps what it is given.
class FakeLog final : public AuditLog {
 public:
  void Append(AppendItem item, AppendDone done) override {
    AppendResult result;
    {
      MutexLock lock(&mu_);
      result.fence = 7;
      if (item.fenced_revision.value_or(7) != 7) {
        result.status = AppendStatus::kFence;
      } else {
        result.status = AppendStatus::kAccepted;
        result.first_index = entries_.size();
        result.checkpoint = absl::StrCat("note ", entries_.size());
        for (auto& entry : item.entries) entries_.push_back(std::move(entry));
      }
    }
    done(std::move(result));
  }
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override {
    if (revision == 13) return absl::UnavailableError("not that one");
    return revision + 1;
  }
  absl::StatusOr<LogState> GetLogState(SteadyTime) override {
    return LogState{7, 100, 3};
  }

 private:
  Mutex mu_;
  std::vector<std::string> entries_ ABSL_GUARDED_BY(mu_);
};

class RemoteAuditLogTest : public ServiceTest {
 protected:
  RemoteAuditLogTest() {
    InternalMethods methods;
    AddAuditMethods(
        &log_,
        [](uint64_t old_size, SteadyTime) {
          return CheckpointAnswer{absl::StrCat("note after ", old_size),
                                  {"hash 1", "hash 2"},
                                  "vkey"};
        },
        &pool_, &clock_, &methods);
    Serve(audit_wire::AppendRequest::descriptor()->file()->service(0),
          std::move(methods));
    remote_ = std::make_unique<RemoteAuditLog>(peer_, &clock_, &timer_);
  }

  AppendResult Append(AppendItem item) {
    AppendResult result;
    Event done;
    item.deadline = Soon();
    remote_->Append(std::move(item), [&](AppendResult answer) {
      result = std::move(answer);
      done.Set();
    });
    EXPECT_TRUE(done.Wait());
    return result;
  }

  FakeLog log_;
  std::unique_ptr<RemoteAuditLog> remote_;
};

TEST_F(RemoteAuditLogTest, RecordsAreAppendedAndAnswered) {
  AppendItem item;
  item.entries = {"one", "two"};
  item.fenced_revision = 7;
  EXPECT_EQ(Append(item).first_index, 0u);
  const AppendResult result = Append(item);
  EXPECT_EQ(result.status, AppendStatus::kAccepted);
  EXPECT_EQ(result.first_index, 2u);
  EXPECT_EQ(result.fence, 7u);
  EXPECT_EQ(result.checkpoint, "note 2");
}

TEST_F(RemoteAuditLogTest, ARefusalByTheFenceTellsTheFence) {
  AppendItem item;
  item.fenced_revision = 6;
  const AppendResult result = Append(std::move(item));
  EXPECT_EQ(result.status, AppendStatus::kFence);
  EXPECT_EQ(result.fence, 7u);
}

TEST_F(RemoteAuditLogTest, ManyItemsEachGetTheirOwnIndex) {
  constexpr int kItems = 600;
  std::atomic<int> left{kItems};
  std::vector<std::atomic<int>> seen(kItems);
  Event done;
  for (int i = 0; i < kItems; ++i) {
    AppendItem item;
    item.entries = {absl::StrCat("entry ", i)};
    item.deadline = Soon();
    remote_->Append(std::move(item), [&](AppendResult result) {
      EXPECT_EQ(result.status, AppendStatus::kAccepted);
      ++seen[result.first_index];
      if (left.fetch_sub(1) == 1) done.Set();
    });
  }
  ASSERT_TRUE(done.Wait());
  for (const auto& count : seen) EXPECT_EQ(count, 1);
}

TEST_F(RemoteAuditLogTest, FenceStateAndCheckpointComeThrough) {
  EXPECT_EQ(*remote_->RaiseFence(11, Soon()), 12u);
  const auto state = remote_->GetLogState(Soon());
  ASSERT_TRUE(state.ok());
  EXPECT_EQ(state->fence, 7u);
  EXPECT_EQ(state->size, 100u);
  EXPECT_EQ(state->open_intents, 3u);
  const auto checkpoint = remote_->GetCheckpoint(40, Soon());
  ASSERT_TRUE(checkpoint.ok());
  EXPECT_EQ(checkpoint->checkpoint, "note after 40");
  EXPECT_EQ(checkpoint->consistency_proof.size(), 2u);
  EXPECT_EQ(checkpoint->verifier_key, "vkey");
}

TEST_F(RemoteAuditLogTest, P8_AuditAwayIsUnavailableAndNothingWasAppended) {
  server_->Stop();
  ExpectAway(remote_->RaiseFence(11, Soon()).status());
  AppendItem item;
  item.entries = {"one"};
  const AppendResult result = Append(std::move(item));
  EXPECT_EQ(result.status, AppendStatus::kFailed);
  ExpectAway(result.error);
}

TEST_F(RemoteAuditLogTest, AFailureOfTheFenceIsUnavailable) {
  ExpectAway(remote_->RaiseFence(13, Soon()).status());
}

// What a batch must not be.
TEST_F(RemoteAuditLogTest, ABatchThatBreaksABoundAppendsNothing) {
  const auto* method = audit_wire::AppendRequest::descriptor()
                           ->file()
                           ->service(0)
                           ->FindMethodByName("Append");
  audit_wire::AppendRequest doubled;
  for (int i = 0; i < 2; ++i) doubled.add_items()->add_entries("e");
  audit_wire::AppendRequest many;
  for (int i = 0; i < 3; ++i) {
    auto* item = many.add_items();
    item->set_id(static_cast<uint64_t>(i));
    for (int e = 0; e < 100; ++e) item->add_entries("e");
  }
  for (const auto& request : {audit_wire::AppendRequest(), doubled, many}) {
    Event done;
    absl::Status status;
    CallPeer(peer_, method, request, Soon(), [&](PeerReply reply) {
      status = reply.status;
      done.Set();
    });
    ASSERT_TRUE(done.Wait());
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  }
  AppendItem item;
  item.entries = {"first"};
  EXPECT_EQ(Append(std::move(item)).first_index, 0u);
}

// A control that remembers what it was told.
class FakeControl final : public OwnerControl, public ProjectPurger {
 public:
  absl::StatusOr<uint64_t> RaiseFence(uint64_t revision, SteadyTime) override {
    return revision;
  }
  absl::StatusOr<std::string> GetHeldCheckpoint(SteadyTime) override {
    return held;
  }
  absl::Status HoldCheckpoint(const HandedCheckpoint& handed,
                              SteadyTime) override {
    held = handed.note;
    key = handed.verifier_key;
    return absl::OkStatus();
  }
  absl::StatusOr<std::vector<IntentResolution>> ResolveIntents(
      const std::vector<uint64_t>& ids, SteadyTime) override {
    std::vector<IntentResolution> resolutions;
    for (uint64_t id : ids) {
      IntentResolution resolution;
      resolution.intent_id = id + resolve_wrongly;
      resolution.outcome =
          id % 2 == 0 ? Outcome::kApplied : Outcome::kNotApplied;
      resolution.code = 9;
      resolutions.push_back(resolution);
    }
    return resolutions;
  }
  absl::StatusOr<uint64_t> RaiseFloor(uint64_t floor, SteadyTime) override {
    return floor + 1;
  }
  absl::StatusOr<int64_t> PurgeProject(const std::string& project,
                                       const std::string& uid,
                                       SteadyTime) override {
    return project == "projects/p" && uid == "u" ? 4 : 0;
  }

  std::string held;
  std::string key;
  uint64_t resolve_wrongly = 0;
};

class RemoteControlTest : public ServiceTest {
 protected:
  void ServeControl(const ServiceDescriptor* service) {
    InternalMethods methods;
    AddControlMethods(service, &control_, &pool_, &methods);
    if (service->FindMethodByName("PurgeProject") != nullptr) {
      AddPurgeMethod(&control_, &pool_, &methods);
    }
    Serve(service, std::move(methods));
    remote_ = std::make_unique<RemoteOwnerControl>(peer_, service);
  }

  static const ServiceDescriptor* Store() {
    return store_wire::ExecuteRequest::descriptor()->file()->service(0);
  }
  static const ServiceDescriptor* Policy() {
    return policy_wire::ExecuteRequest::descriptor()->file()->service(0);
  }

  FakeControl control_;
  std::unique_ptr<RemoteOwnerControl> remote_;
};

TEST_F(RemoteControlTest, StoreAndPolicyAreControlledAlike) {
  for (const ServiceDescriptor* service : {Store(), Policy()}) {
    ServeControl(service);
    EXPECT_EQ(remote_->HoldCheckpoint({"a note", "a key"}, Soon()),
              absl::OkStatus());
    EXPECT_EQ(*remote_->GetHeldCheckpoint(Soon()), "a note");
    EXPECT_EQ(control_.key, "a key");
    EXPECT_EQ(*remote_->RaiseFloor(20, Soon()), 21u);
    const auto resolutions = remote_->ResolveIntents({4, 5}, Soon());
    ASSERT_TRUE(resolutions.ok());
    ASSERT_EQ(resolutions->size(), 2u);
    EXPECT_EQ((*resolutions)[0].intent_id, 4u);
    EXPECT_EQ((*resolutions)[0].outcome, Outcome::kApplied);
    EXPECT_EQ((*resolutions)[1].outcome, Outcome::kNotApplied);
    EXPECT_EQ((*resolutions)[1].code, 9);
  }
}

TEST_F(RemoteControlTest, OnlyTheStoreHasAFenceOfItsOwn) {
  ServeControl(Store());
  EXPECT_EQ(*remote_->RaiseFence(3, Soon()), 3u);
  ServeControl(Policy());
  EXPECT_EQ(remote_->RaiseFence(3, Soon()).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(RemoteControlTest, P8_AResolutionThatWasNotAskedForIsNoAnswer) {
  ServeControl(Store());
  control_.resolve_wrongly = 100;
  ExpectAway(remote_->ResolveIntents({4, 5}, Soon()).status());
}

TEST_F(RemoteControlTest, MoreIntentsThanABatchHoldsAreRefused) {
  ServeControl(Store());
  ExpectAway(
      remote_->ResolveIntents(std::vector<uint64_t>(257, 1), Soon()).status());
}

TEST_F(RemoteControlTest, AProjectIsPurgedRemotely) {
  ServeControl(Store());
  RemoteProjectPurger purger(peer_);
  EXPECT_EQ(*purger.PurgeProject("projects/p", "u", Soon()), 4);
  EXPECT_EQ(*purger.PurgeProject("projects/q", "u", Soon()), 0);
}

TEST_F(RemoteControlTest, P8_ACallToAPeerThatIsAwayEndsByItsDeadline) {
  ServeControl(Store());
  server_->Stop();
  const SteadyTime deadline = clock_.SteadyNow() + absl::Milliseconds(300);
  ExpectAway(remote_->RaiseFence(3, deadline).status());
  EXPECT_LT(clock_.SteadyNow(), deadline + absl::Seconds(5));
}

// Feeds whose followers give what a test pushes.
template <typename Value>
class Channel {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<Value>)>;

  void Push(absl::StatusOr<Value> value) {
    Done done;
    {
      MutexLock lock(&mu_);
      if (!waiting_) {
        values_.push_back(std::move(value));
        return;
      }
      done = std::move(waiting_);
      waiting_ = nullptr;
    }
    done(std::move(value));
  }
  void Next(Done done) {
    absl::StatusOr<Value> value = absl::UnknownError("none");
    {
      MutexLock lock(&mu_);
      if (values_.empty()) {
        waiting_ = std::move(done);
        return;
      }
      value = std::move(values_.front());
      values_.erase(values_.begin());
    }
    done(std::move(value));
  }
  Event gone;

 private:
  Mutex mu_;
  Done waiting_ ABSL_GUARDED_BY(mu_);
  std::vector<absl::StatusOr<Value>> values_ ABSL_GUARDED_BY(mu_);
};

class FakeEvents final : public SecretEventFeed {
 public:
  class Follower final : public EventFollower {
   public:
    explicit Follower(Channel<EventRange>* channel) : channel_(channel) {}
    ~Follower() override { channel_->gone.Set(); }
    void Next(Channel<EventRange>::Done done) override {
      channel_->Next(std::move(done));
    }

   private:
    Channel<EventRange>* const channel_;
  };
  std::unique_ptr<EventFollower> FollowEvents(
      const std::string& project_uid, const std::string& position) override {
    asked = absl::StrCat(project_uid, "@", position);
    return std::make_unique<Follower>(&channel);
  }
  std::string asked;
  Channel<EventRange> channel;
};

class FakeEntries final : public AuditFeed {
 public:
  class Follower final : public EntryFollower {
   public:
    explicit Follower(Channel<EntryRange>* channel) : channel_(channel) {}
    void Next(Channel<EntryRange>::Done done) override {
      channel_->Next(std::move(done));
    }

   private:
    Channel<EntryRange>* const channel_;
  };
  std::unique_ptr<EntryFollower> FollowEntries(
      std::optional<uint64_t> start_index) override {
    asked = start_index;
    return std::make_unique<Follower>(&channel);
  }
  std::optional<uint64_t> asked;
  Channel<EntryRange> channel;
};

class FakeSnapshots final : public SnapshotFeed {
 public:
  using Update = policy_wire::FollowSnapshotsResponse;
  class Follower final : public SnapshotFollower {
   public:
    explicit Follower(Channel<Update>* channel) : channel_(channel) {}
    void Next(Channel<Update>::Done done) override {
      channel_->Next(std::move(done));
    }

   private:
    Channel<Update>* const channel_;
  };
  std::unique_ptr<SnapshotFollower> FollowSnapshots(
      uint64_t known_revision) override {
    asked = known_revision;
    return std::make_unique<Follower>(&channel);
  }
  uint64_t asked = 0;
  Channel<Update> channel;
};

using StandingTest = ServiceTest;

TEST_F(StandingTest, EveryServiceTellsHowItsProcessStands) {
  for (const ServiceDescriptor* service :
       {store_wire::ExecuteRequest::descriptor()->file()->service(0),
        policy_wire::ExecuteRequest::descriptor()->file()->service(0),
        audit_wire::ExecuteRequest::descriptor()->file()->service(0),
        rotation_wire::GetReadinessRequest::descriptor()->file()->service(0)}) {
    const absl::Time start = absl::FromUnixSeconds(1000);
    ProcessStanding standing(start, /*memory_locked=*/true);
    InternalMethods methods;
    AddStandingMethod(service, &standing, &methods);
    Serve(service, std::move(methods));
    standing.SetWaiting("waiting for audit");
    absl::StatusOr<Standing> told = AskStanding(peer_, service, Soon());
    ASSERT_TRUE(told.ok()) << told.status();
    EXPECT_EQ(told->start_time, start);
    EXPECT_TRUE(told->memory_locked);
    EXPECT_FALSE(told->serving);
    EXPECT_EQ(told->waiting_for, "waiting for audit");
    standing.SetServing();
    told = AskStanding(peer_, service, Soon());
    ASSERT_TRUE(told.ok()) << told.status();
    EXPECT_TRUE(told->serving);
    EXPECT_EQ(told->waiting_for, "");
    channel_.reset();
    server_.reset();
  }
}

TEST_F(StandingTest, NobodyIsToldOfAServiceThatDoesNotKnowTheQuestion) {
  const ServiceDescriptor* service =
      store_wire::ExecuteRequest::descriptor()->file()->service(0);
  Serve(service, {});
  peer_.on_failure = [](const absl::Status&) { FAIL() << "told"; };
  ExpectAway(AskStanding(peer_, service, Soon()).status());
}

template <typename Follower>
auto NextOf(Follower* follower) {
  // The type that the follower's callback takes.
  using Value = std::conditional_t<
      std::is_same_v<Follower, EventFollower>, EventRange,
      std::conditional_t<std::is_same_v<Follower, EntryFollower>, EntryRange,
                         policy_wire::FollowSnapshotsResponse>>;
  auto result =
      std::make_shared<absl::StatusOr<Value>>(absl::UnknownError("none"));
  auto done = std::make_shared<Event>();
  follower->Next([result, done](absl::StatusOr<Value> next) {
    *result = std::move(next);
    done->Set();
  });
  EXPECT_TRUE(done->Wait());
  return *result;
}

class RemoteFeedsTest : public ServiceTest {
 protected:
  void ServeEvents() {
    InternalMethods methods;
    methods.streams["FollowEvents"] = FollowEventsMethod(&events_);
    Serve(store_wire::ExecuteRequest::descriptor()->file()->service(0),
          std::move(methods));
  }

  // Destroyed after the server, which destroys their followers.
  FakeEvents events_;
  FakeEntries entries_;
  FakeSnapshots snapshots_;

  void TearDown() override { server_.reset(); }
};

TEST_F(RemoteFeedsTest, EventsArriveInOrderWithTheirPositions) {
  ServeEvents();
  RemoteEventFeed feed(peer_, &clock_, &timer_);
  const auto follower = feed.FollowEvents("uid", "token");
  EventRange range;
  range.events.resize(2);
  range.events[0].set_name("projects/p/secrets/a");
  range.events[1].set_number(9);
  range.next_position = "after 9";
  events_.channel.Push(range);
  events_.channel.Push(EventRange{{}, "bookmark"});
  const auto first = NextOf(follower.get());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(events_.asked, "uid@token");
  ASSERT_EQ(first->events.size(), 2u);
  EXPECT_EQ(first->events[0].name(), "projects/p/secrets/a");
  EXPECT_EQ(first->next_position, "after 9");
  const auto second = NextOf(follower.get());
  ASSERT_TRUE(second.ok());
  EXPECT_TRUE(second->events.empty());
  EXPECT_EQ(second->next_position, "bookmark");
}

TEST_F(RemoteFeedsTest, AnErrorAboutThePositionArrivesAsItIs) {
  ServeEvents();
  RemoteEventFeed feed(peer_, &clock_, &timer_);
  const auto follower = feed.FollowEvents("uid", "old");
  events_.channel.Push(MakeError(absl::StatusCode::kFailedPrecondition,
                                 kPositionCompacted, "list again"));
  const auto next = NextOf(follower.get());
  EXPECT_EQ(next.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorReason(next.status()), kPositionCompacted);
  EXPECT_EQ(NextOf(follower.get()).status(), next.status())
      << "the stream is over";
}

TEST_F(RemoteFeedsTest, AnyOtherErrorIsThePeersAbsence) {
  ServeEvents();
  RemoteEventFeed feed(peer_, &clock_, &timer_);
  const auto follower = feed.FollowEvents("uid", "");
  events_.channel.Push(absl::PermissionDeniedError("internal matter"));
  ExpectAway(NextOf(follower.get()).status());
}

TEST_F(RemoteFeedsTest, DestroyingAFollowerEndsTheOneBehindIt) {
  ServeEvents();
  RemoteEventFeed feed(peer_, &clock_, &timer_);
  auto follower = feed.FollowEvents("uid", "");
  events_.channel.Push(EventRange());
  ASSERT_TRUE(NextOf(follower.get()).ok());
  follower->Next([](absl::StatusOr<EventRange>) { FAIL() << "destroyed"; });
  follower.reset();
  EXPECT_TRUE(events_.channel.gone.Wait());
}

TEST_F(RemoteFeedsTest, EndingAllFollowersAnswersWhoeverWaits) {
  ServeEvents();
  RemoteEventFeed feed(peer_, &clock_, &timer_);
  const auto follower = feed.FollowEvents("uid", "");
  events_.channel.Push(EventRange());
  ASSERT_TRUE(NextOf(follower.get()).ok());
  Event done;
  absl::Status status;
  follower->Next([&](absl::StatusOr<EventRange> next) {
    status = next.status();
    done.Set();
  });
  feed.EndAll();
  ASSERT_TRUE(done.Wait());
  ExpectAway(status);
  EXPECT_TRUE(events_.channel.gone.Wait());
}

TEST_F(RemoteFeedsTest, P8_AStreamEndsWhenItsServerDrains) {
  ServeEvents();
  RemoteEventFeed feed(peer_, &clock_, &timer_);
  const auto follower = feed.FollowEvents("uid", "");
  events_.channel.Push(EventRange());
  ASSERT_TRUE(NextOf(follower.get()).ok());
  server_->server()->Drain(absl::Seconds(30));
  ExpectAway(NextOf(follower.get()).status());
  EXPECT_TRUE(events_.channel.gone.Wait());
}

TEST_F(RemoteFeedsTest, P8_AFeedWithoutAServerIsUnavailable) {
  ServeEvents();
  server_->Stop();
  RemoteEventFeed feed(peer_, &clock_, &timer_);
  ExpectAway(NextOf(feed.FollowEvents("uid", "").get()).status());
}

TEST_F(RemoteFeedsTest, EntriesArriveFromTheIndexThatWasAskedFor) {
  InternalMethods methods;
  methods.streams["FollowEntries"] = FollowEntriesMethod(&entries_);
  Serve(audit_wire::AppendRequest::descriptor()->file()->service(0),
        std::move(methods));
  RemoteAuditFeed feed(peer_, &clock_, &timer_);
  const auto follower = feed.FollowEntries(0);
  entries_.channel.Push(EntryRange{5, {"leaf 5", "leaf 6"}});
  const auto range = NextOf(follower.get());
  ASSERT_TRUE(range.ok()) << range.status();
  EXPECT_EQ(entries_.asked, 0u);
  EXPECT_EQ(range->first_index, 5u);
  EXPECT_EQ(range->leaves, (std::vector<std::string>{"leaf 5", "leaf 6"}));
}

TEST_F(RemoteFeedsTest, SnapshotsArrive) {
  InternalMethods methods;
  methods.streams["FollowSnapshots"] = FollowSnapshotsMethod(&snapshots_);
  Serve(policy_wire::ExecuteRequest::descriptor()->file()->service(0),
        std::move(methods));
  RemoteSnapshotFeed feed(peer_, &clock_, &timer_);
  const auto follower = feed.FollowSnapshots(12);
  FakeSnapshots::Update update;
  update.mutable_delta()->set_revision(13);
  snapshots_.channel.Push(update);
  const auto next = NextOf(follower.get());
  ASSERT_TRUE(next.ok()) << next.status();
  EXPECT_EQ(snapshots_.asked, 12u);
  EXPECT_EQ(next->delta().revision(), 13u);
}

}  // namespace
}  // namespace keyward::rpc
