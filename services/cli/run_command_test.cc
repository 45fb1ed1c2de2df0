// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/run_command.h"

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "libs/crypto/crc32c.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/cli/failure.h"
#include "services/cli/test_world.h"

namespace keyward::cli {
namespace {

using secrets::v1::AccessSecretVersionRequest;
using secrets::v1::AccessSecretVersionResponse;
using secrets::v1::BatchAccessSecretVersionsRequest;
using secrets::v1::BatchAccessSecretVersionsResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class RunCommandTest : public ::testing::Test {
 protected:
  RunCommandTest() {
    values_ = {{"projects/default/secrets/a", "value-a"},
               {"projects/default/secrets/b/versions/2", "value-b"}};
    world_.gateway()
        .On<BatchAccessSecretVersionsRequest,
            BatchAccessSecretVersionsResponse>(
            [this](const BatchAccessSecretVersionsRequest& request,
                   BatchAccessSecretVersionsResponse* response) {
              for (const std::string& name : request.names()) {
                auto* result = response->add_results();
                result->set_name(name);
                if (too_large_.count(name) > 0) {
                  result->mutable_error()->set_code(8);
                } else if (values_.count(name) > 0) {
                  Fill(name, result->mutable_response());
                } else {
                  result->mutable_error()->set_code(7);
                  result->mutable_error()->set_message(
                      "missing secrets.access");
                }
              }
              return absl::OkStatus();
            });
    world_.gateway()
        .On<AccessSecretVersionRequest, AccessSecretVersionResponse>(
            [this](const AccessSecretVersionRequest& request,
                   AccessSecretVersionResponse* response) {
              Fill(request.name(), response);
              return absl::OkStatus();
            });
  }

  void Fill(const std::string& name, AccessSecretVersionResponse* response) {
    response->set_name(name);
    response->mutable_payload()->set_data(values_[name]);
    response->mutable_payload()->set_data_crc32c(crypto::Crc32c(values_[name]));
  }

  TestWorld world_;
  std::map<std::string, std::string> values_;
  std::map<std::string, bool> too_large_;
};

TEST_F(RunCommandTest, StartsTheProgramWithTheValues) {
  ASSERT_EQ(world_.Run({"run", "--secret", "A=a", "--secret", "B_2=b:2", "--",
                        "prog", "-x", "--secret", "list"}),
            0)
      << world_.err();
  EXPECT_THAT(world_.started(), ElementsAre("prog", "-x", "--secret", "list"));
  EXPECT_THAT(world_.variables(),
              ElementsAre(Pair("A", "value-a"), Pair("B_2", "value-b")));
  EXPECT_EQ(world_.out(), "");
  EXPECT_EQ(world_.err(), "");
}

TEST_F(RunCommandTest, StartsNothingIfOneSecretCannotBeHad) {
  EXPECT_EQ(
      world_.Run({"run", "--secret", "A=a", "--secret", "C=c", "--", "prog"}),
      1);
  EXPECT_THAT(world_.started(), IsEmpty());
  EXPECT_THAT(world_.err(), HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(world_.err(),
              HasSubstr("projects/default/secrets/c: missing secrets.access"));
}

TEST_F(RunCommandTest, FetchesSinglyWhatDoesNotFitIntoABatch) {
  too_large_["projects/default/secrets/a"] = true;
  EXPECT_EQ(world_.Run({"run", "--secret", "A=a", "--", "prog"}), 0)
      << world_.err();
  EXPECT_THAT(world_.variables(), ElementsAre(Pair("A", "value-a")));
}

TEST_F(RunCommandTest, RefusesAValueWithANul) {
  values_["projects/default/secrets/a"] = std::string("x\0y", 3);
  EXPECT_EQ(world_.Run({"run", "--secret", "A=a", "--", "prog"}), 1);
  EXPECT_THAT(world_.started(), IsEmpty());
  EXPECT_THAT(world_.err(), HasSubstr("NUL"));
  EXPECT_THAT(world_.err(), Not(HasSubstr("x\\x00y")));
}

TEST_F(RunCommandTest, RefusesAnAnswerForOtherSecrets) {
  world_.gateway()
      .On<BatchAccessSecretVersionsRequest, BatchAccessSecretVersionsResponse>(
          [](const BatchAccessSecretVersionsRequest&,
             BatchAccessSecretVersionsResponse*) { return absl::OkStatus(); });
  EXPECT_EQ(world_.Run({"run", "--secret", "A=a", "--", "prog"}), 1);
  EXPECT_THAT(world_.started(), IsEmpty());
}

TEST_F(RunCommandTest, RefusesBadCommandLinesBeforeAskingForAnything) {
  const std::vector<std::vector<std::string>> lines = {
      {"run", "--", "prog"},
      {"run", "--secret", "A=a"},
      {"run", "--secret", "A", "--", "prog"},
      {"run", "--secret", "1A=a", "--", "prog"},
      {"run", "--secret", "A-B=a", "--", "prog"},
      {"run", "--secret", "A=", "--", "prog"},
      {"run", "--secret", "A=a", "--secret", "A=b", "--", "prog"},
  };
  for (const auto& line : lines) {
    EXPECT_EQ(world_.Run(line), 2) << absl::StrCat(line.size());
  }
  EXPECT_THAT(world_.gateway().calls(), IsEmpty());
  EXPECT_THAT(world_.started(), IsEmpty());
}

TEST_F(RunCommandTest, BoundsTheNumberOfSecrets) {
  std::vector<std::string> line = {"run"};
  for (size_t i = 0; i <= kMaxRunSecrets; ++i) {
    line.push_back("--secret");
    line.push_back(absl::StrCat("V", i, "=a"));
  }
  line.insert(line.end(), {"--", "prog"});
  EXPECT_EQ(world_.Run(line), 2);
}

TEST(VariableNameTest, NamesArePortable) {
  for (const char* name : {"A", "_", "a_1", "PGPASSWORD"}) {
    EXPECT_TRUE(CheckVariableName(name).ok()) << name;
  }
  for (const char* name : {"", "1", "A-B", "A.B", "A B", "Ä", "A="}) {
    EXPECT_EQ(ExitCode(CheckVariableName(name)), kExitUsage) << name;
  }
  EXPECT_FALSE(CheckVariableName(std::string(256, 'A')).ok());
}

}  // namespace
}  // namespace keyward::cli
