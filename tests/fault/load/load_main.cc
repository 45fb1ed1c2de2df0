// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Load on a gateway, and the check of what it answered: see load.h. Driven by
// tests/fault/kills.py and histories.py, line by line:
//
//   check   on standard input: retire what is in use, look at it, go on
//   end     the same, look at everything once more, and exit
//
// Each answers one line of JSON on standard output: what was done and found so
// far. With --operations a line {"done": true} comes when they are made.

#include <cstdint>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/mutex.h"
#include "nlohmann/json.hpp"
#include "tests/fault/load/load.h"

namespace {

using keyward::Mutex;
using keyward::MutexLock;
using keyward::fault::Load;
using keyward::fault::LoadOptions;
using keyward::fault::Tally;
using Json = nlohmann::ordered_json;

// A change whose gateway is gone is found out by audit a minute after its
// longest call, which is another minute.
constexpr absl::Duration kOpenAtMost = absl::Seconds(150);

Json ToJson(const Tally& tally) {
  Json findings = Json::array();
  for (const auto& finding : tally.findings) {
    findings.push_back({{"promise", finding.promise}, {"what", finding.what}});
  }
  return Json{{"operations", tally.operations},
              {"secrets", tally.secrets},
              {"versions", tally.versions},
              {"reads", tally.reads},
              {"denials", tally.denials},
              {"policy_changes", tally.policy_changes},
              {"lost_answers", tally.lost_answers},
              {"unknown", tally.unknown},
              {"swept", tally.swept},
              {"entries", tally.entries},
              {"open_intents", tally.open_intents},
              {"largest_search", tally.largest_search},
              {"findings", std::move(findings)}};
}

// Writes whole lines, from any thread.
class Lines {
 public:
  void Write(const Json& line) {
    // Never throws over what is no UTF-8: every text here is ours or escaped.
    const std::string text = line.dump(-1, ' ', /*ensure_ascii=*/true,
                                       Json::error_handler_t::replace);
    MutexLock lock(&mu_);
    std::cout << text << std::endl;
  }

 private:
  Mutex mu_;
};

// Until `end` or the end of the input.
int Serve(Load* load, const std::string& suspicious_file, Lines* lines) {
  std::string command;
  while (std::getline(std::cin, command)) {
    if (command == "check") {
      lines->Write(ToJson(load->Check()));
    } else if (command == "end") {
      lines->Write(ToJson(load->End(kOpenAtMost)));
      break;
    } else {
      std::cerr << "no such command: " << command << "\n";
      return 2;
    }
  }
  if (!suspicious_file.empty() && !load->suspicious().empty()) {
    std::ofstream(suspicious_file, std::ios::binary) << load->suspicious();
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  LoadOptions options;
  std::string suspicious_file;
  CLI::App app("Load on a gateway, and the check of what it answered.");
  app.add_option("--address", options.place.address, "HOST:PORT")->required();
  app.add_option("--ca", options.place.ca_file, "its authorities, PEM")
      ->required();
  app.add_option("--identities", options.place.identities,
                 "the folder of the callers' certificates and keys")
      ->required();
  app.add_option("--random-seed", options.seed)->required();
  app.add_option("--slots", options.slots, "secrets in use at once")
      ->check(CLI::Range(1, 64));
  app.add_option("--operations", options.operations,
                 "how many are made; 0: until it is told to end");
  app.add_option("--operations-of-a-secret", options.bounds.operations)
      ->check(CLI::Range(10, 2000));
  app.add_option("--suspicious", suspicious_file,
                 "where histories that cannot be explained are written");
  CLI11_PARSE(app, argc, argv);

  Lines lines;
  absl::StatusOr<std::unique_ptr<Load>> load = Load::Start(options, [&lines] {
    lines.Write(Json{{"done", true}});
  });
  if (!load.ok()) {
    std::cerr << load.status() << "\n";
    return 1;
  }
  return Serve(load->get(), suspicious_file, &lines);
}
