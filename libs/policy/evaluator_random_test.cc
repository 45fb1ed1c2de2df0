// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The compiled evaluator against the one that walks every rule, on policies
// made to be confusing: few names, nested prefixes, many rules at one scope.

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "libs/policy/builtin_roles.h"
#include "libs/policy/evaluator.h"
#include "libs/policy/policy_for_testing.h"
#include "libs/policy/public_actions.h"
#include "libs/policy/reference_evaluator_for_testing.h"

namespace keyward::policy {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1700000000);

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  size_t Below(size_t n) {
    return std::uniform_int_distribution<size_t>(0, n - 1)(random_);
  }

  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }

  std::string Principal() {
    return Pick<std::string>({"oidc:i:a", "oidc:i:b", "oidc:i:c"});
  }

  std::string Id() {
    return Pick<std::string>({"abc", "abcd", "abd", "abcde", "xyz"});
  }

  std::string ScopeText() {
    const std::string project = absl::StrCat("projects/", Id());
    const std::string part = Id().substr(0, Below(4));
    const std::string collection = Pick<std::string>({"secrets", "keys"});
    switch (Below(6)) {
      case 0:
        return "system";
      case 1:
        return project;
      case 2:
        return absl::StrCat("projects/", part, "*");
      case 3:
        return absl::StrCat(project, "/", collection, "/", part, "*");
      default:
        return absl::StrCat(project, "/", collection, "/", Id());
    }
  }

  std::string Resource() {
    const std::string project = absl::StrCat("projects/", Id());
    switch (Below(6)) {
      case 0:
        return "system";
      case 1:
        return project;
      case 2:
        return absl::StrCat(project, "/keys/", Id());
      case 3:
        return absl::StrCat(project, "/secrets/", Id(), "/versions/current");
      default:
        return absl::StrCat(project, "/secrets/", Id());
    }
  }

  absl::Time Expiry() {
    return Below(3) == 0 ? absl::InfiniteFuture()
                         : kNow + absl::Seconds(int64_t(Below(5)) - 2);
  }

  std::string Pattern() {
    return Pick<std::string>(
        {"secrets.access", "secrets.*", "keys.get", "policy.*", "*"});
  }

  std::string Action() {
    return Pick<std::string>({"secrets.access", "secrets.get", "keys.get",
                              "versions.get", "policy.apply", "policy.get",
                              "no.such"});
  }

  std::shared_ptr<const PolicyState> Policy() {
    auto state = std::make_shared<PolicyState>();
    const auto put = [&state](auto entry) {
      ASSERT_TRUE(state->Put(TestEntry(std::move(entry))).ok());
    };
    for (int i = 0; i < 3; ++i) {
      put(TestRole(absl::StrCat("system/roles/r", i), {Pattern(), Pattern()}));
    }
    const size_t bindings = Below(60);
    for (size_t i = 0; i < bindings; ++i) {
      const std::string role = Below(2) == 0
                                   ? absl::StrCat("system/roles/r", Below(4))
                                   : std::string(Pick(BuiltinRoles()).name);
      put(TestBinding(absl::StrCat("system/bindings/b", i), role,
                      {Principal(), Principal()}, ScopeText(), Expiry()));
    }
    if (Below(2) == 0) {
      put(TestBinding("system/bindings/admin", kSystemAdminRole, {Principal()},
                      "system", Expiry()));
    }
    const size_t rules = Below(6);
    for (size_t i = 0; i < rules; ++i) {
      std::string scope = ScopeText();
      std::string parent = "system";
      // Made in the project that it holds for, where that is one.
      const std::vector<std::string> names = absl::StrSplit(scope, '/');
      if (Below(4) != 0 && names.size() > 1 && !absl::EndsWith(names[1], "*")) {
        parent = absl::StrCat("projects/", names[1]);
      }
      v1::DenyRule rule = TestDenyRule(absl::StrCat(parent, "/denyRules/d", i),
                                       {}, {Pattern()}, scope, Expiry());
      if (Below(3) == 0) rule.add_principals("*");
      if (Below(2) == 0) rule.add_principals(Principal());
      if (Below(2) == 0) rule.add_credential_ids("cred-1");
      put(std::move(rule));
    }
    state->set_revision(1);
    return state;
  }

 private:
  std::mt19937 random_;
};

TEST(EvaluatorRandomTest, AgreesWithTheReferenceOnEveryDecision) {
  const auto catalog = PublicActions().value();
  int allowed = 0;
  int refused_by_rule = 0;
  int passed_over = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    Generator random(seed);
    const auto state = random.Policy();
    const auto snapshot = PolicySnapshot::Compile(state, catalog).value();
    const ReferenceEvaluator reference(*state);
    for (int i = 0; i < 100; ++i) {
      const std::string principal = random.Principal();
      const Caller caller = {principal, random.Below(4) == 0 ? "cred-1" : ""};
      const std::string action = random.Action();
      const ResourceName resource = TestName(random.Resource());
      const Decision got = snapshot->Decide(caller, action, resource, kNow);
      Decision want = reference.Decide(caller, action, resource, kNow);
      // An action outside the catalog matches `*` only to the eye.
      if (!catalog->Find(action).has_value()) want = Decision();
      ASSERT_EQ(got.allowed, want.allowed)
          << "seed " << seed << ": " << principal << " " << action << " "
          << resource.ToString() << " by " << want.rule;
      ASSERT_EQ(got.rule, want.rule) << "seed " << seed;
      ASSERT_EQ(got.role, want.role);
      ASSERT_EQ(got.expire_time, want.expire_time);
      ASSERT_EQ(got.passed_over, want.passed_over) << "seed " << seed;
      allowed += got.allowed;
      passed_over += !got.passed_over.empty();
      refused_by_rule += !got.allowed && !got.rule.empty();
    }
  }
  // The policies are neither all open nor all closed.
  EXPECT_GT(allowed, 1000);
  EXPECT_GT(refused_by_rule, 1000);
  EXPECT_GT(passed_over, 10);
}

TEST(EvaluatorRandomTest, EffectiveActionsAreAllowedOnEveryResourceOfTheScope) {
  const auto catalog = PublicActions().value();
  int checked = 0;
  for (uint32_t seed = 1000; seed < 1200; ++seed) {
    Generator random(seed);
    const auto state = random.Policy();
    const auto snapshot = PolicySnapshot::Compile(state, catalog).value();
    const ReferenceEvaluator reference(*state);
    for (int i = 0; i < 100; ++i) {
      const Scope scope = Scope::Parse(random.ScopeText(), "resource").value();
      const ResourceName resource = TestName(random.Resource());
      const std::string action = random.Action();
      const auto number = catalog->Find(action);
      if (!number.has_value() || !scope.Contains(resource)) continue;
      const std::string principal = random.Principal();
      const Caller caller = {principal, ""};
      if (!snapshot->EffectiveActions(caller, scope, kNow).test(*number)) {
        continue;
      }
      const Decision decision =
          reference.Decide(caller, action, resource, kNow);
      // A rule on everyone refuses the one who is granted to as well.
      if (!decision.allowed && decision.rule.empty()) {
        ADD_FAILURE() << "seed " << seed << " grants what is not held";
      }
      ++checked;
    }
  }
  EXPECT_GT(checked, 100);
}

TEST(EvaluatorRandomTest, HoldsAnywhereUnderMissesNothingThatIsAllowed) {
  const auto catalog = PublicActions().value();
  int allowed = 0;
  for (uint32_t seed = 2000; seed < 2200; ++seed) {
    Generator random(seed);
    const auto state = random.Policy();
    const auto snapshot = PolicySnapshot::Compile(state, catalog).value();
    for (int i = 0; i < 100; ++i) {
      const std::string principal = random.Principal();
      const Caller caller = {principal, ""};
      const std::string action = random.Action();
      const ResourceName resource = TestName(random.Resource());
      if (!snapshot->Decide(caller, action, resource, kNow).allowed) continue;
      ++allowed;
      for (absl::optional<ResourceName> parent = resource; parent.has_value();
           parent = parent->parent()) {
        ASSERT_TRUE(
            snapshot->HoldsAnywhereUnder(caller, action, *parent, kNow) ||
            !snapshot->Decide(caller, action, *parent, kNow).rule.empty())
            << "seed " << seed;
      }
    }
  }
  EXPECT_GT(allowed, 500);
}

// 100,000 bindings compile, and a decision does not walk them: this test would
// take minutes if one did.
TEST(EvaluatorRandomTest, DecidesAmongAHundredThousandBindings) {
  auto state = std::make_shared<PolicyState>();
  for (int i = 0; i < 100000; ++i) {
    // Half of them are one principal's.
    const std::string principal =
        i % 2 == 0 ? "oidc:i:a" : absl::StrCat("oidc:i:p", i);
    ASSERT_TRUE(state
                    ->Put(TestEntry(
                        TestBinding(absl::StrCat("system/bindings/b", i),
                                    "roles/secrets.accessor", {principal},
                                    absl::StrCat("projects/abc/secrets/s", i,
                                                 i % 4 == 0 ? "" : "x*"))))
                    .ok());
  }
  state->set_revision(1);
  const auto snapshot =
      PolicySnapshot::Compile(state, PublicActions().value()).value();
  int allowed = 0;
  for (int i = 0; i < 200000; ++i) {
    const ResourceName name = TestName(
        absl::StrCat("projects/abc/secrets/s", i, i % 4 == 0 ? "" : "xy"));
    allowed += snapshot->Decide({"oidc:i:a", ""}, "secrets.access", name, kNow)
                   .allowed;
  }
  EXPECT_EQ(allowed, 50000);
}

}  // namespace
}  // namespace keyward::policy
