// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/loaded_library.h"

#include <dlfcn.h>

#include "gtest/gtest.h"

namespace keyward::crypto {
namespace {

TEST(FindLoadedLibraryTest, ContainsTheLibrarysFunctionsAndNoOthers) {
  const AddressRange libc = FindLoadedLibrary("libc.so");
  const AddressRange libstdcpp = FindLoadedLibrary("libstdc++.so");
  EXPECT_LT(libc.begin, libc.end);
  EXPECT_TRUE(libc.Contains(dlsym(RTLD_DEFAULT, "gnu_get_libc_version")));
  EXPECT_FALSE(libstdcpp.Contains(dlsym(RTLD_DEFAULT, "gnu_get_libc_version")));
  EXPECT_FALSE(libc.Contains(reinterpret_cast<void*>(&FindLoadedLibrary)));
}

TEST(FindLoadedLibraryTest, EndIsNotInside) {
  const AddressRange libc = FindLoadedLibrary("libc.so");
  EXPECT_TRUE(libc.Contains(reinterpret_cast<void*>(libc.begin)));
  EXPECT_FALSE(libc.Contains(reinterpret_cast<void*>(libc.end)));
}

TEST(FindLoadedLibraryTest, ComparesTheBeginningOfTheFileName) {
  EXPECT_EQ(FindLoadedLibrary("ibc.so").end, 0u);
  EXPECT_EQ(FindLoadedLibrary("lib/libc.so").end, 0u);
}

TEST(FindLoadedLibraryTest, LibraryThatIsNotLoadedContainsNothing) {
  const AddressRange none = FindLoadedLibrary("libnothing.so");
  EXPECT_FALSE(none.Contains(nullptr));
  EXPECT_FALSE(none.Contains(&none));
}

}  // namespace
}  // namespace keyward::crypto
