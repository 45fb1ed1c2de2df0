// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "tests/fault/load/load.h"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace keyward::fault {
namespace {

// Two of each for every secret: two that change it at once, and two whose
// right to it comes and goes.
constexpr int kOwners = 2;
constexpr int kGuests = 2;

// Retired secrets that each check looks at again.
constexpr size_t kSweptSecrets = 10;
constexpr size_t kSweepBatch = 100;

constexpr absl::Duration kPause = absl::Milliseconds(50);

// Of what a search found, that much is kept for people.
constexpr size_t kMaxSuspicious = 4 << 20;

}  // namespace

struct Load::Slot {
  int number = 0;
  std::vector<std::unique_ptr<Caller>> owners;
  std::vector<std::unique_ptr<Caller>> guests;
  std::thread thread;

  Life::Callers callers() const {
    Life::Callers callers;
    for (const auto& owner : owners) callers.owners.push_back(owner.get());
    for (const auto& guest : guests) callers.guests.push_back(guest.get());
    return callers;
  }
};

Load::Load(const LoadOptions& options, std::function<void()> done)
    : options_(options), progress_(options.operations, std::move(done)) {}

Load::~Load() {
  progress_.End();
  for (const auto& slot : slots_) {
    if (slot->thread.joinable()) slot->thread.join();
  }
}

absl::StatusOr<std::unique_ptr<Load>> Load::Start(const LoadOptions& options,
                                                  std::function<void()> done) {
  std::unique_ptr<Load> load(new Load(options, std::move(done)));
  absl::Status connected = load->Connect();
  if (!connected.ok()) return connected;
  for (const auto& slot : load->slots_) {
    load->progress_.Begin();
    slot->thread = std::thread(&Load::RunSlot, load.get(), slot.get());
  }
  return load;
}

absl::Status Load::Connect() {
  auto auditor = Caller::Create(options_.place, -1, "load-auditor");
  if (!auditor.ok()) return auditor.status();
  auditor_ = *std::move(auditor);
  int number = 0;
  for (int s = 0; s < options_.slots; ++s) {
    auto slot = std::make_unique<Slot>();
    slot->number = s;
    for (int i = 0; i < kOwners + kGuests; ++i) {
      const bool guest = i >= kOwners;
      const int place = guest ? s * kGuests + i - kOwners : s * kOwners + i;
      auto caller = Caller::Create(
          options_.place, number++,
          absl::StrCat(guest ? "load-guest-" : "load-owner-", place));
      if (!caller.ok()) return caller.status();
      principals_[(*caller)->number()] = (*caller)->principal();
      (guest ? slot->guests : slot->owners).push_back(*std::move(caller));
    }
    slots_.push_back(std::move(slot));
  }
  return absl::OkStatus();
}

void Load::RunSlot(Slot* slot) {
  std::seed_seq seeds{options_.seed, options_.seed >> 32,
                      static_cast<uint64_t>(slot->number)};
  std::mt19937_64 random(seeds);
  for (int life = 0;; ++life) {
    Life one(absl::StrCat("s", slot->number, "-", life), random(),
             slot->callers(), options_.bounds, &clock_, &progress_);
    Retired retired = one.Run();
    const Verdict verdict = CheckHistory(retired.history);
    {
      MutexLock lock(&mu_);
      retired_.emplace_back(std::move(retired), verdict);
    }
    if (!progress_.MayGoOn()) return;
  }
}

const Tally& Load::Check() {
  progress_.Rest();
  Gather();
  Sweep(kSweptSecrets);
  progress_.GoOn();
  return tally_;
}

const Tally& Load::End(absl::Duration age) {
  progress_.End();
  for (const auto& slot : slots_) slot->thread.join();
  Gather();
  Sweep(remains_.size());
  for (const Finding& finding : book_.OlderThan(age)) {
    Find(finding.promise, finding.what);
  }
  return tally_;
}

void Load::Gather() {
  std::vector<std::pair<Retired, Verdict>> retired;
  {
    MutexLock lock(&mu_);
    retired.swap(retired_);
  }
  for (const auto& [secret, verdict] : retired) {
    for (const Operation& operation : secret.history.operations) {
      book_.Expect(principals_[operation.caller], secret.history.secret,
                   operation);
    }
  }
  ReadLog();
  for (const Finding& finding : book_.Settle()) {
    Find(finding.promise, finding.what);
  }
  for (auto& [secret, verdict] : retired) {
    GatherOne(std::move(secret), verdict);
  }
  tally_.entries = book_.entries();
  tally_.open_intents = book_.open_intents();
}

void Load::GatherOne(Retired retired, const Verdict& verdict) {
  const std::string& secret = retired.history.secret;
  CountOperations(retired);
  tally_.largest_search =
      std::max<uint64_t>(tally_.largest_search, verdict.configurations);
  if (verdict.answer != Verdict::Answer::kLinearizable) {
    const bool undecided = verdict.answer == Verdict::Answer::kUndecided;
    Find(undecided ? "undecided" : verdict.promise,
         absl::StrCat(secret,
                      ": no order of its operations explains their "
                      "answers; ",
                      verdict.explanation));
    if (suspicious_.size() < kMaxSuspicious) {
      suspicious_ += FormatHistory(retired.history);
    }
  }
  for (const std::string& odd : retired.odd) Find("P4", odd);
  for (const Finding& finding :
       book_.Compare(secret, retired.states, retired.unknown_adds,
                     retired.unknown_others)) {
    Find(finding.promise, finding.what);
  }
  // One that could not be looked at to its end is an odd answer already.
  if (retired.values.size() != retired.states.size()) return;
  Remains remains;
  remains.secret = secret;
  remains.states = std::move(retired.states);
  remains.values = std::move(retired.values);
  remains.settled = retired.unknown_adds + retired.unknown_others == 0;
  remains_.push_back(std::move(remains));
}

void Load::CountOperations(const Retired& retired) {
  ++tally_.secrets;
  tally_.lost_answers += retired.lost_answers;
  tally_.operations += retired.history.operations.size();
  for (const Operation& operation : retired.history.operations) {
    const bool done = operation.outcome == Outcome::kDone;
    if (operation.outcome == Outcome::kUnknown) ++tally_.unknown;
    if (operation.outcome == Outcome::kDenied) ++tally_.denials;
    if (operation.kind == Kind::kAdd && done) ++tally_.versions;
    if (operation.kind == Kind::kRead && done) ++tally_.reads;
    if (operation.kind == Kind::kGrant || operation.kind == Kind::kRevoke) {
      ++tally_.policy_changes;
    }
  }
}

void Load::ReadLog() {
  const SteadyTime give_up = clock_.SteadyNow() + Life::kPatience;
  absl::Status status;
  do {
    auditor_->AwaitConnected(kPause);
    status = auditor_->ReadLog(
        &next_entry_, [this](uint64_t index, const audit::v1::AuditEntry& e) {
          book_.Add(index, e);
        });
    if (status.ok()) return;
    absl::SleepFor(kPause);
  } while (clock_.SteadyNow() < give_up);
  Find("P4", absl::StrCat("the log cannot be read: ", status.ToString()));
}

// In turn, so that each is looked at as often as the others.
void Load::Sweep(size_t secrets) {
  std::vector<ExpectedVersion> batch;
  for (size_t i = 0; i < std::min(secrets, remains_.size()); ++i) {
    const Remains& remains = remains_[swept_to_++ % remains_.size()];
    for (size_t v = 0; v < remains.states.size(); ++v) {
      batch.push_back({remains.secret, static_cast<int64_t>(v + 1),
                       remains.values[v], remains.states[v], remains.settled});
      if (batch.size() < kSweepBatch) continue;
      SweepBatch(batch);
      batch.clear();
    }
  }
  if (!batch.empty()) SweepBatch(batch);
}

void Load::SweepBatch(const std::vector<ExpectedVersion>& batch) {
  const SteadyTime give_up = clock_.SteadyNow() + Life::kPatience;
  absl::Status status;
  do {
    std::vector<std::string> wrong;
    status = auditor_->Sweep(batch, &wrong);
    if (status.ok()) {
      tally_.swept += batch.size();
      for (const std::string& version : wrong) {
        Find("P4", absl::StrCat(version, " is not what it was"));
      }
      return;
    }
    absl::SleepFor(kPause);
  } while (clock_.SteadyNow() < give_up);
  Find("P4", absl::StrCat("versions cannot be read: ", status.ToString()));
}

void Load::Find(const std::string& promise, const std::string& what) {
  tally_.findings.push_back({promise, what});
}

}  // namespace keyward::fault
