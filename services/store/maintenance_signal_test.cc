// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/store/maintenance_signal.h"

#include <thread>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace keyward::store {
namespace {

TEST(MaintenanceSignalTest, ARaiseBeforeTheWaitEndsItOnce) {
  MaintenanceSignal signal;
  signal.Raise();
  signal.Raise();
  EXPECT_TRUE(signal.Wait(absl::Minutes(1)));
  EXPECT_FALSE(signal.Wait(absl::ZeroDuration()));
}

TEST(MaintenanceSignalTest, ARaiseEndsAWaitThatIsUnderWay) {
  MaintenanceSignal signal;
  std::thread raiser([&] { signal.Raise(); });
  EXPECT_TRUE(signal.Wait(absl::Minutes(1)));
  raiser.join();
}

}  // namespace
}  // namespace keyward::store
