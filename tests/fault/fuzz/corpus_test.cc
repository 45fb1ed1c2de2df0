// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Runs one fuzz target on its corpus, and on inputs near it: a fuzzer's finds
// stay found, in every build and under its sanitizers, without a fuzzer.
//
// The corpus' folder is the program's only argument. The inputs are the same
// in every run.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

// Bounds of what is tried near one entry. A certificate takes milliseconds.
constexpr size_t kCuts = 16;
constexpr size_t kFlips = 64;
constexpr size_t kEdits = 48;

// Set by main, before any test.
std::string& CorpusFolder() {
  static std::string& folder = *new std::string;
  return folder;
}

struct Entry {
  std::string name;
  std::string bytes;
};

std::vector<Entry> Corpus() {
  std::vector<Entry> corpus;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(CorpusFolder())) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    corpus.push_back({file.path().filename().string(),
                      {std::istreambuf_iterator<char>(in), {}}});
  }
  // A folder is read in any order.
  std::sort(corpus.begin(), corpus.end(),
            [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return corpus;
}

void RunOn(const std::string& input) {
  // A copy of exactly this size, so that the address sanitizer sees a read
  // beyond its end.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

// xorshift64: numbers that are the same everywhere.
class Numbers {
 public:
  size_t Below(size_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return bound == 0 ? 0 : static_cast<size_t>(state_ % bound);
  }

 private:
  uint64_t state_ = 0x9e3779b97f4a7c15;
};

// `bytes` with one change of a kind that parsers trip over.
std::string Edited(std::string bytes, const std::vector<Entry>& corpus,
                   Numbers* numbers) {
  const size_t at = numbers->Below(bytes.size() + 1);
  const size_t length = numbers->Below(std::min<size_t>(bytes.size() - at, 16));
  switch (numbers->Below(5)) {
    case 0:
      return bytes.erase(at, length + 1);
    case 1:
      return bytes.insert(at, bytes.substr(at, length + 1));
    case 2:
      return bytes.insert(at, 1, static_cast<char>(numbers->Below(256)));
    case 3: {
      // Extreme numbers where a length or an index may stand.
      const char fill = numbers->Below(2) == 0 ? '\xff' : '\0';
      return bytes.replace(at, std::min<size_t>(4, bytes.size() - at), 4, fill);
    }
    default: {
      const std::string& other = corpus[numbers->Below(corpus.size())].bytes;
      return bytes.substr(0, at) + other.substr(numbers->Below(other.size()));
    }
  }
}

TEST(CorpusTest, EveryEntryKeepsItsParsersPromises) {
  const std::vector<Entry> corpus = Corpus();
  ASSERT_FALSE(corpus.empty()) << "nothing in " << CorpusFolder();
  for (const Entry& entry : corpus) {
    // Whoever breaks a promise ends the process: the last line names the entry.
    std::cerr << entry.name << std::endl;
    RunOn(entry.bytes);
  }
}

TEST(CorpusTest, SoDoesWhatIsNearAnEntry) {
  const std::vector<Entry> corpus = Corpus();
  ASSERT_FALSE(corpus.empty()) << "nothing in " << CorpusFolder();
  Numbers numbers;
  for (const Entry& entry : corpus) {
    const std::string& bytes = entry.bytes;
    std::cerr << "near " << entry.name << std::endl;
    for (size_t i = 0; i < std::min(kCuts, bytes.size()); ++i) {
      RunOn(bytes.substr(0, bytes.size() * i / kCuts));
    }
    for (size_t i = 0; i < kFlips && !bytes.empty(); ++i) {
      std::string flipped = bytes;
      flipped[numbers.Below(bytes.size())] ^=
          static_cast<char>(1 << numbers.Below(8));
      RunOn(flipped);
    }
    for (size_t i = 0; i < kEdits; ++i) RunOn(Edited(bytes, corpus, &numbers));
  }
}

}  // namespace
}  // namespace keyward::fuzz

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " CORPUS_FOLDER\n";
    return 2;
  }
  keyward::fuzz::CorpusFolder() = argv[1];
  return RUN_ALL_TESTS();
}
