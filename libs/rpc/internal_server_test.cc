// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// An internal server and its peers as configuration makes them: from files.

#include "libs/rpc/internal_server.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/base/clock.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/log.h"
#include "libs/base/memory_log_sink.h"
#include "libs/base/steady_time.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/metrics.h"
#include "libs/rpc/reloading_peer.h"
#include "libs/rpc/remote_owner_control.h"
#include "libs/rpc/test_certificates.h"
#include "proto/keyward/config/v1/config.pb.h"
#include "proto/keyward/internal/store/v1/store_service.pb.h"

namespace keyward::rpc {
namespace {

namespace wire = keyward::internal::store::v1;
using google::protobuf::Message;
using google::protobuf::ServiceDescriptor;

constexpr char kStore[] = "spiffe://one.domain/service/store";
constexpr char kPolicy[] = "spiffe://one.domain/service/policy";

const ServiceDescriptor* Store() {
  return wire::ExecuteRequest::descriptor()->file()->service(0);
}

class InternalServerTest : public testing::Test {
 protected:
  // Its HTTP server takes two seconds to stop.
  static void SetUpTestSuite() {
    auto metrics = Metrics::Create("store", "127.0.0.1:0");
    ASSERT_TRUE(metrics.ok()) << metrics.status();
    metrics_ = metrics->release();
  }
  static void TearDownTestSuite() { delete metrics_; }

  InternalServerTest() {
    const char* tmp = std::getenv("TEST_TMPDIR");
    std::string pattern =
        absl::StrCat(tmp == nullptr ? "/tmp" : tmp, "/XXXXXX");
    folder_ = mkdtemp(pattern.data());
    Write("one.pem", one_.pem());
    Write("two.pem", two_.pem());
    WriteLeaf("store", one_.Issue(kStore));
    auto* domains = config_.mutable_trust_domains();
    for (const char* name : {"one", "two"}) {
      auto* domain = domains->Add();
      domain->set_name(absl::StrCat(name, ".domain"));
      domain->set_bundle_file(Path(absl::StrCat(name, ".pem")));
    }
    config_.mutable_listen()->set_address("127.0.0.1:0");
    config_.mutable_listen()->mutable_tls()->set_cert_file(Path("store.pem"));
    config_.mutable_listen()->mutable_tls()->set_key_file(Path("store.key"));
  }

  std::string Path(const std::string& name) const {
    return absl::StrCat(folder_, "/", name);
  }
  void Write(const std::string& name, const std::string& bytes) {
    std::ofstream(Path(name), std::ios::trunc) << bytes;
    chmod(Path(name).c_str(), 0600);
  }
  void WriteLeaf(const std::string& name, const TlsMaterial& material) {
    Write(name + ".pem", material.certificate_chain);
    Write(name + ".key", std::string(material.private_key.ExposeSecret()));
  }

  absl::Status Serve(InternalCallers default_callers) {
    InternalMethods methods;
    for (int i = 0; i < Store()->method_count(); ++i) {
      const std::string& name = Store()->method(i)->name();
      if (Store()->method(i)->server_streaming()) {
        methods.streams[name] = [](std::unique_ptr<Message>,
                                   std::shared_ptr<StreamWriter> writer) {
          writer->Finish(absl::OkStatus());
        };
      } else {
        methods.unary[name] = [](std::unique_ptr<Message>, SteadyTime,
                                 UnaryDone done) {
          auto response = std::make_unique<wire::RaiseFenceResponse>();
          response->set_fence(9);
          done(absl::OkStatus(), std::move(response));
        };
      }
    }
    auto server = InternalServer::Create(
        InternalServerOptionsOf(config_, std::move(default_callers), nullptr),
        Store(), std::move(methods), metrics_, &clock_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    return absl::OkStatus();
  }

  // A peer that calls the server with the leaf NAME.
  std::unique_ptr<ReloadingPeer> Connect(const std::string& name,
                                         const std::string& store_id = kStore) {
    config::v1::PeerConfig peer;
    peer.set_address(absl::StrCat("127.0.0.1:", server_->port()));
    peer.set_spiffe_id(store_id);
    config::v1::TlsConfig own;
    own.set_cert_file(Path(name + ".pem"));
    own.set_key_file(Path(name + ".key"));
    auto settings = PeerSettingsOf("store", kStoreUnavailable, peer, own,
                                   config_.trust_domains());
    EXPECT_TRUE(settings.ok()) << settings.status();
    auto made = ReloadingPeer::Create(*std::move(settings), &log_, &clock_);
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  absl::Status Raise(ReloadingPeer* peer) {
    RemoteOwnerControl control(peer->peer(), Store());
    return control.RaiseFence(9, clock_.SteadyNow() + absl::Seconds(10))
        .status();
  }

  bool Logged(const std::string& text) const {
    for (const std::string& line : sink_.lines()) {
      if (absl::StrContains(line, text)) return true;
    }
    return false;
  }

  SystemClock clock_;
  MemoryLogSink sink_;
  Logger log_{"test", LogLevel::kInfo, &clock_, &sink_};
  const TestAuthority one_{"one"};
  const TestAuthority two_{"two"};
  std::string folder_;
  config::v1::StoreConfig config_;
  std::unique_ptr<InternalServer> server_;
  static Metrics* metrics_;
};

Metrics* InternalServerTest::metrics_ = nullptr;

TEST_F(InternalServerTest, ANamedCallerOfItsOwnDomainIsServed) {
  ASSERT_EQ(Serve({{"RaiseFence", {kPolicy}}}), absl::OkStatus());
  WriteLeaf("policy", one_.Issue(kPolicy));
  const auto peer = Connect("policy");
  EXPECT_FALSE(peer->peer().channel->Connected());
  EXPECT_EQ(Raise(peer.get()), absl::OkStatus());
  EXPECT_TRUE(peer->peer().channel->Connected());
}

TEST_F(InternalServerTest, AnotherDomainsAuthorityCannotNameOurServices) {
  ASSERT_EQ(Serve({{"RaiseFence", {kPolicy}}}), absl::OkStatus());
  // Connects, since the domain is trusted, for its own names.
  WriteLeaf("forged", two_.Issue(kPolicy));
  EXPECT_EQ(Raise(Connect("forged").get()).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Logged("UNAUTHENTICATED")) << "and not PERMISSION_DENIED";
}

TEST_F(InternalServerTest, AnotherDomainsAuthorityCannotPassForOurServer) {
  WriteLeaf("store", two_.Issue(kStore));
  ASSERT_EQ(Serve({{"RaiseFence", {kPolicy}}}), absl::OkStatus());
  WriteLeaf("policy", one_.Issue(kPolicy));
  EXPECT_EQ(Raise(Connect("policy").get()).code(),
            absl::StatusCode::kUnavailable);
  EXPECT_FALSE(Logged("UNAUTHENTICATED")) << "no call may have reached it";
}

TEST_F(InternalServerTest, WhoIsNotNamedIsRefusedAndTheLogSaysWhy) {
  ASSERT_EQ(Serve({{"RaiseFence", {kPolicy}}}), absl::OkStatus());
  WriteLeaf("other", one_.Issue("spiffe://one.domain/service/other"));
  const absl::Status status = Raise(Connect("other").get());
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ErrorReason(status), kStoreUnavailable);
  EXPECT_TRUE(Logged("is not named for"));
}

TEST_F(InternalServerTest, ConfiguredCallersReplaceTheDefaultOnes) {
  auto& methods = *config_.mutable_allowed_callers()->mutable_methods();
  methods["keyward.internal.store.v1.StoreService/*"].add_spiffe_ids(
      "spiffe://one.domain/service/custom");
  ASSERT_EQ(Serve({{"RaiseFence", {kPolicy}}}), absl::OkStatus());
  WriteLeaf("policy", one_.Issue(kPolicy));
  WriteLeaf("custom", one_.Issue("spiffe://one.domain/service/custom"));
  EXPECT_NE(Raise(Connect("policy").get()), absl::OkStatus());
  EXPECT_EQ(Raise(Connect("custom").get()), absl::OkStatus());
}

TEST_F(InternalServerTest, AReplacedCertificateIsUsedAfterTwoLooks) {
  ASSERT_EQ(Serve({{"RaiseFence", {kPolicy}}}), absl::OkStatus());
  WriteLeaf("mine", one_.Issue("spiffe://one.domain/service/other"));
  const auto peer = Connect("mine");
  ASSERT_NE(Raise(peer.get()), absl::OkStatus());
  WriteLeaf("mine", one_.Issue(kPolicy));
  ASSERT_TRUE(peer->files()->Poll().ok());
  ASSERT_TRUE(peer->files()->Poll().ok());
  EXPECT_EQ(Raise(peer.get()), absl::OkStatus());
}

TEST_F(InternalServerTest, APeerOfAnUnknownTrustDomainIsAConfigurationError) {
  config::v1::PeerConfig peer;
  peer.set_spiffe_id("spiffe://three.domain/service/store");
  const auto settings = PeerSettingsOf("store", kStoreUnavailable, peer, {},
                                       config_.trust_domains());
  EXPECT_EQ(settings.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(absl::StrContains(settings.status().message(), "three.domain"));
}

TEST_F(InternalServerTest, ALastingFailureIsLoggedOnce) {
  ASSERT_EQ(Serve({}), absl::OkStatus());
  WriteLeaf("policy", one_.Issue(kPolicy));
  const auto peer = Connect("policy");
  for (int i = 0; i < 3; ++i) ASSERT_NE(Raise(peer.get()), absl::OkStatus());
  EXPECT_EQ(sink_.lines().size(), 1u);
}

TEST_F(InternalServerTest, AKeyThatOthersMayReadIsRefused) {
  chmod(Path("store.key").c_str(), 0644);
  EXPECT_EQ(Serve({}).code(), absl::StatusCode::kFailedPrecondition);
}

TEST(CallersOfTest, AFullNameIsStrongerThanTheStar) {
  config::v1::AllowedCallers allowed;
  auto& methods = *allowed.mutable_methods();
  methods["keyward.internal.store.v1.StoreService/*"].add_spiffe_ids("a");
  methods["keyward.internal.store.v1.StoreService/Execute"].add_spiffe_ids("b");
  methods["keyward.internal.store.v1.StoreService/RaiseFloor"];
  const auto callers = CallersOf(Store(), allowed, {});
  ASSERT_TRUE(callers.ok()) << callers.status();
  EXPECT_EQ(callers->at("RaiseFence"), std::set<std::string>{"a"});
  EXPECT_EQ(callers->at("Execute"), std::set<std::string>{"b"});
  EXPECT_TRUE(callers->at("RaiseFloor").empty());
}

TEST(CallersOfTest, KeysOfNoMethodAreErrorsThatSayWhich) {
  for (const char* key : {"keyward.internal.store.v1.StoreService/Exekute",
                          "keyward.internal.audit.v1.AuditLogService/*"}) {
    config::v1::AllowedCallers allowed;
    (*allowed.mutable_methods())[key];
    const auto callers = CallersOf(Store(), allowed, {});
    EXPECT_EQ(callers.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_TRUE(absl::StrContains(callers.status().message(), key));
  }
}

}  // namespace
}  // namespace keyward::rpc
