// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/rotation/fake_world.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "services/rotation/credential_value.h"

namespace keyward::rotation {

constexpr char kPromote[] = "promote";

using target::Credential;
using target::LoginVerdict;
using target::OldPassword;

class FakeWorld::Secret final : public SecretPort {
 public:
  explicit Secret(FakeWorld* world) : world_(world) {}

  absl::StatusOr<SecretStanding> Describe(SteadyTime) override {
    Call call = world_->Begin();
    if (!call.answer.ok()) return call.answer;
    SecretStanding standing = world_->standing_;
    standing.etag = absl::StrCat(world_->etag_);
    return standing;
  }

  absl::StatusOr<crypto::SecretBuffer> Read(int64_t version,
                                            SteadyTime) override {
    Call call = world_->Begin();
    if (!call.answer.ok()) return call.answer;
    const auto found = world_->versions_.find(version);
    if (found == world_->versions_.end()) {
      return absl::FailedPreconditionError("the version is destroyed");
    }
    return crypto::SecretBuffer::CopyOf(found->second);
  }

  absl::StatusOr<int64_t> AddPending(const crypto::SecretBuffer& payload,
                                     const std::string& request_id,
                                     SteadyTime) override {
    Call call = world_->Begin();
    absl::StatusOr<int64_t> made = int64_t{0};
    if (call.effect)
      made = Add(std::string(payload.ExposeSecret()), request_id);
    world_->Check("add pending");
    if (!call.answer.ok()) return call.answer;
    return made;
  }

  absl::Status Promote(int64_t version, const std::string& etag,
                       SteadyTime) override {
    Call call = world_->Begin();
    absl::Status done;
    if (call.effect) done = Move(version, etag);
    world_->Check(call.effect && done.ok() ? kPromote : "a failed promotion");
    return call.answer.ok() ? done : call.answer;
  }

  absl::Status Destroy(int64_t version, SteadyTime) override {
    Call call = world_->Begin();
    if (call.effect) {
      if (version == world_->standing_.current) {
        world_->violations_.push_back("the current version was destroyed");
      }
      world_->versions_.erase(version);
      if (world_->standing_.pending == version) world_->standing_.pending = 0;
      if (world_->standing_.previous == version) {
        world_->standing_.previous = 0;
      }
      ++world_->etag_;
    }
    world_->Check("destroy");
    return call.answer;
  }

 private:
  absl::StatusOr<int64_t> Add(std::string payload,
                              const std::string& request_id) {
    const auto known = world_->request_ids_.find(request_id);
    if (known != world_->request_ids_.end()) {
      if (known->second.first != payload) {
        return absl::AlreadyExistsError("the id was used");
      }
      return known->second.second;
    }
    if (world_->standing_.pending != 0) {
      return absl::FailedPreconditionError("another version is pending");
    }
    const int64_t version = ++world_->last_version_;
    world_->versions_[version] = payload;
    world_->request_ids_[request_id] = {std::move(payload), version};
    world_->standing_.pending = version;
    ++world_->etag_;
    return version;
  }

  absl::Status Move(int64_t version, const std::string& etag) {
    if (etag != absl::StrCat(world_->etag_)) {
      return absl::AbortedError("the etag is another");
    }
    if (world_->versions_.count(version) == 0) {
      return absl::FailedPreconditionError("the version is destroyed");
    }
    if (world_->standing_.pending == version) world_->standing_.pending = 0;
    world_->standing_.previous = world_->standing_.current;
    world_->standing_.current = version;
    ++world_->etag_;
    return absl::OkStatus();
  }

  FakeWorld* const world_;
};

class FakeWorld::Target final : public target::Target {
 public:
  explicit Target(FakeWorld* world) : world_(world) {}

  OldPassword old_password() const override {
    return world_->options_.old_password;
  }

  absl::StatusOr<LoginVerdict> TryLogin(const Credential& credential,
                                        SteadyTime) override {
    Call call = world_->Begin();
    if (!call.answer.ok()) return call.answer;
    return Knows(credential) ? LoginVerdict::kAccepted : LoginVerdict::kRefused;
  }

  absl::Status SetPassword(const Credential& as, const Credential& fresh,
                           SteadyTime) override {
    Call call = world_->Begin();
    absl::Status done = Allow(as, fresh.user);
    if (done.ok()) done = world_->set_password_answer;
    if (call.effect && done.ok()) {
      CheckRecorded(fresh);
      std::set<std::string>& passwords = world_->passwords_[fresh.user];
      if (old_password() == OldPassword::kEnds) passwords.clear();
      passwords.insert(std::string(fresh.password.ExposeSecret()));
    }
    world_->Check("set password");
    return call.answer.ok() ? done : call.answer;
  }

  absl::Status RetirePassword(const Credential& as, const Credential& old,
                              SteadyTime) override {
    Call call = world_->Begin();
    absl::Status done = Allow(as, old.user);
    if (call.effect && done.ok()) {
      world_->passwords_[old.user].erase(
          std::string(old.password.ExposeSecret()));
    }
    world_->Check("retire password");
    return call.answer.ok() ? done : call.answer;
  }

  absl::Status EnsureTwin(const Credential& as, absl::string_view,
                          absl::string_view twin, SteadyTime) override {
    Call call = world_->Begin();
    absl::Status done = Allow(as, std::string(twin));
    if (call.effect && done.ok()) world_->passwords_[std::string(twin)];
    return call.answer.ok() ? done : call.answer;
  }

 private:
  bool Knows(const Credential& credential) const {
    if (world_->locked_users.count(credential.user) > 0) return false;
    const auto user = world_->passwords_.find(credential.user);
    return user != world_->passwords_.end() &&
           user->second.count(std::string(credential.password.ExposeSecret())) >
               0;
  }

  absl::Status Allow(const Credential& as, const std::string& user) const {
    if (!Knows(as)) return absl::UnauthenticatedError("the login is refused");
    if (as.user != "root" && as.user != user) {
      return absl::PermissionDeniedError("only an administrator may");
    }
    return absl::OkStatus();
  }

  // Only what a version of the secret says may be set.
  void CheckRecorded(const Credential& fresh) {
    for (const auto& [version, payload] : world_->versions_) {
      const auto value =
          ParseCredentialValue(crypto::SecretBuffer::CopyOf(payload));
      if (value.ok() && value->credential.user == fresh.user &&
          value->credential.password.Equals(fresh.password)) {
        return;
      }
    }
    world_->violations_.push_back("a password was set that nobody can read");
  }

  FakeWorld* const world_;
};

FakeWorld::FakeWorld(Options options)
    : options_(options),
      clock_(absl::FromUnixSeconds(1700000000)),
      secret_(std::make_unique<Secret>(this)),
      target_(std::make_unique<Target>(this)) {
  passwords_["root"] = {"root password"};
  passwords_["app"] = {"first"};
  if (options_.setter == Setter::kSelf) passwords_["app_clone"] = {"second"};
  if (options_.setter == Setter::kSelf &&
      options_.strategy == Strategy::kAlternatingUsers) {
    AddCurrent("app_clone", "second");
  }
  AddCurrent("app", "first");
  BeginRun();
}

FakeWorld::~FakeWorld() = default;

crypto::SecretBuffer FakeWorld::Payload(const std::string& host,
                                        const std::string& user,
                                        const std::string& password) {
  return crypto::SecretBuffer::CopyOf(absl::StrCat(
      R"({"engine":"postgres","host":")", host, R"(","port":5432,"username":")",
      user, R"(","password":")", password, R"("})"));
}

void FakeWorld::BeginRun() {
  saved_ = NextRun(saved_);
  saved_.rotation_uid = "5e9f4cfa-7a5c-4b7e-9f43-0a4b1c2d3e4f";
}

int64_t FakeWorld::AddCurrent(const std::string& user,
                              const std::string& password) {
  const int64_t version = ++last_version_;
  versions_[version] =
      std::string(Payload(value_host, user, password).ExposeSecret());
  standing_.previous = standing_.current;
  standing_.current = version;
  ++etag_;
  return version;
}

int64_t FakeWorld::AddPendingByHand(const std::string& user,
                                    const std::string& password) {
  const int64_t version = ++last_version_;
  versions_[version] =
      std::string(Payload(value_host, user, password).ExposeSecret());
  standing_.pending = version;
  ++etag_;
  return version;
}

void FakeWorld::DestroyPending() {
  versions_.erase(standing_.pending);
  standing_.pending = 0;
  ++etag_;
}

FakeWorld::Call FakeWorld::Begin() {
  const absl::Status away = absl::UnavailableError("away");
  if (dead_) return {false, away};
  const auto found = faults_.find(calls_++);
  switch (found == faults_.end() ? Fault::kNone : found->second) {
    case Fault::kNone:
      return {};
    case Fault::kError:
      return {false, away};
    case Fault::kLostAnswer:
      return {true, away};
    case Fault::kCrashBefore:
      dead_ = true;
      return {false, away};
    case Fault::kCrashAfter:
      dead_ = true;
      return {true, away};
  }
  return {};
}

bool FakeWorld::Accepts(int64_t version) const {
  const auto payload = versions_.find(version);
  if (payload == versions_.end()) return false;
  const auto value =
      ParseCredentialValue(crypto::SecretBuffer::CopyOf(payload->second));
  if (!value.ok() || locked_users.count(value->credential.user) > 0) {
    return false;
  }
  const auto user = passwords_.find(value->credential.user);
  return user != passwords_.end() &&
         user->second.count(
             std::string(value->credential.password.ExposeSecret())) > 0;
}

bool FakeWorld::MayBeRefused() const {
  return options_.strategy == Strategy::kSingleUser &&
         options_.old_password == OldPassword::kEnds;
}

void FakeWorld::Check(const std::string& what) {
  if (Accepts(standing_.current)) return;
  ++refused_moments_;
  // Inside the window: on the way to the new value, or back to the old one.
  // What has just become current works in any case.
  if (what != kPromote && MayBeRefused() && !saved_.done() &&
      (saved_.step != Step::kCreate && saved_.step != Step::kRetire)) {
    return;
  }
  violations_.push_back(
      absl::StrCat("after '", what, "' the current value does not work"));
}

RunExecutor FakeWorld::NewExecutor() {
  RunSettings settings;
  settings.strategy = options_.strategy;
  settings.setter = options_.setter;
  settings.user = "app";
  settings.twin = "app_clone";
  settings.host = "db";
  settings.port = 5432;
  RunParts parts;
  parts.secret = secret_.get();
  parts.target = target_.get();
  parts.clock = &clock_;
  parts.administrator = [this](SteadyTime) -> absl::StatusOr<Credential> {
    Call call = Begin();
    if (!call.answer.ok()) return call.answer;
    return Credential{"root", crypto::SecretBuffer::CopyOf("root password")};
  };
  parts.draw = [this]() -> absl::StatusOr<crypto::SecretBuffer> {
    return crypto::SecretBuffer::CopyOf(absl::StrCat("drawn ", ++drawn_));
  };
  parts.holders = [this](int64_t version, SteadyTime) -> absl::StatusOr<int> {
    Call call = Begin();
    if (!call.answer.ok()) return call.answer;
    const auto found = holders.find(version);
    return found == holders.end() ? 0 : found->second;
  };
  parts.save = [this](const RunRecord& record) {
    Call call = Begin();
    if (call.effect) saved_ = record;
    return call.answer;
  };
  return RunExecutor(std::move(settings), std::move(parts));
}

Progress FakeWorld::Run() {
  Progress progress;
  auto executor = std::make_unique<RunExecutor>(NewExecutor());
  RunRecord record = saved_;
  for (int i = 0; i < 200; ++i) {
    progress = executor->Advance(&record, SteadyTime::InfiniteFuture());
    if (dead_) {
      dead_ = false;
      executor = std::make_unique<RunExecutor>(NewExecutor());
      record = saved_;
      continue;
    }
    // What a failed save left is only on the disk.
    if (progress.kind == Progress::Kind::kRetry) record = saved_;
    if (progress.kind != Progress::Kind::kMoved &&
        progress.kind != Progress::Kind::kRetry) {
      break;
    }
  }
  return progress;
}

absl::Status FakeWorld::RollBack() {
  RunExecutor executor = NewExecutor();
  RunRecord record = saved_;
  return executor.RollBack(&record);
}

}  // namespace keyward::rotation
