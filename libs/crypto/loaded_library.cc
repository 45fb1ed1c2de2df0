// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/crypto/loaded_library.h"

#include <link.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace keyward::crypto {
namespace {

struct Search {
  const char* prefix;
  AddressRange found;
};

bool HasFileName(const char* path, const char* prefix) {
  const char* const slash = std::strrchr(path, '/');
  const char* const name = slash == nullptr ? path : slash + 1;
  return std::strncmp(name, prefix, std::strlen(prefix)) == 0;
}

// Called for each loaded object; not 0 ends the search.
int Visit(dl_phdr_info* info, size_t, void* data) {
  auto* const search = static_cast<Search*>(data);
  if (!HasFileName(info->dlpi_name, search->prefix)) return 0;
  AddressRange range = {UINTPTR_MAX, 0};
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const uintptr_t begin = info->dlpi_addr + segment.p_vaddr;
    range.begin = std::min(range.begin, begin);
    range.end = std::max(range.end, begin + segment.p_memsz);
  }
  search->found = range;
  return 1;
}

}  // namespace

AddressRange FindLoadedLibrary(const char* prefix) {
  Search search = {prefix, {}};
  dl_iterate_phdr(&Visit, &search);
  return search.found;
}

}  // namespace keyward::crypto
