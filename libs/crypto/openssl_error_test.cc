// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/openssl_error.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

using testing::HasSubstr;

TEST(OpensslErrorTest, SaysWhatFailedAndWhyAndEmptiesTheQueue) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_KEY_LENGTH);
  const absl::Status status =
      OpensslError(absl::StatusCode::kInternal, "cannot seal");
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(), "cannot seal: bad key length");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(OpensslErrorTest, P5_DropsTheDataThatOpensslAttaches) {
  ERR_clear_error();
  ERR_raise_data(ERR_LIB_EVP, EVP_R_BAD_KEY_LENGTH, "%s", "hunter2");
  const absl::Status status =
      OpensslError(absl::StatusCode::kInternal, "cannot seal");
  EXPECT_THAT(status.ToString(), Not(HasSubstr("hunter2")));
}

TEST(OpensslErrorTest, BoundsTheMessageAndStillEmptiesTheQueue) {
  ERR_clear_error();
  for (int i = 0; i < 10; ++i) ERR_raise(ERR_LIB_EVP, EVP_R_BAD_KEY_LENGTH);
  const absl::Status status =
      OpensslError(absl::StatusCode::kDataLoss, "cannot open");
  EXPECT_EQ(status.message(),
            "cannot open: bad key length, bad key length, bad key length, "
            "bad key length");
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(OpensslErrorTest, WithAnEmptyQueueIsTheMessageAlone) {
  ERR_clear_error();
  EXPECT_EQ(OpensslError(absl::StatusCode::kInternal, "cannot seal").message(),
            "cannot seal");
}

TEST(ClearOpensslErrorsTest, EmptiesTheQueue) {
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_KEY_LENGTH);
  ClearOpensslErrors();
  EXPECT_EQ(ERR_peek_error(), 0u);
}

TEST(DieOfOpensslDeathTest, EndsTheProcessAndSaysWhy) {
  ERR_raise(ERR_LIB_EVP, EVP_R_BAD_KEY_LENGTH);
  EXPECT_DEATH(DieOfOpenssl("no digest"), "no digest: bad key length");
  ClearOpensslErrors();
}

}  // namespace
}  // namespace keyward::crypto
