// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// Checks all models: with every rule, in which case no property is violated,
// and without each, in which case the properties are that the rule keeps. What
// it prints is explained in README.md beside it.
//
//   model_checker [--deep] [--model NAME] [--without RULE]
//   model_checker --rules      the rules, one a line: model, name, file, seed

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tests/model/explorer.h"
#include "tests/model/rules.h"

namespace keyward::model {
namespace {

// Two, like the machine that the bounds are for: memory is shared by them.
constexpr int kThreads = 2;
constexpr Limits kShallow{1'000'000};
constexpr Limits kDeep{12'000'000};

struct Options {
  bool deep = false;
  bool rules = false;
  std::string model;
  std::string without;
};

// A model with or without a rule, asked about one property or all.
struct Job {
  const ModelTable* table = nullptr;
  const Rule* rule = nullptr;          // null: none is left out
  const Property* property = nullptr;  // null: none may be violated

  // What came of it.
  std::string setting;  // where a property was violated
  std::string legend;
  uint64_t states = 0;
  double seconds = 0;
  Exploration found;
};

const Property& PropertyOf(const ModelTable& table, uint8_t number) {
  return *std::find_if(
      table.properties.begin(), table.properties.end(),
      [number](const Property& each) { return each.number == number; });
}

// Setting after setting, until one violates something.
void Run(const Options& options, Job* job) {
  const auto began = std::chrono::steady_clock::now();
  Question question;
  if (job->rule != nullptr) question.left_out = job->rule->number;
  if (job->property != nullptr) question.watched = job->property->number;
  bool complete = true;
  for (size_t i = 0; i < job->table->settings.size(); ++i) {
    const Setting& setting = job->table->settings[i];
    // A counterexample is looked for where it is short.
    if (setting.deep && (!options.deep || job->property != nullptr)) continue;
    job->found =
        job->table->explore(i, question, options.deep ? kDeep : kShallow);
    job->states += job->found.states;
    complete = complete && job->found.complete;
    job->setting = setting.name;
    job->legend = setting.legend;
    if (job->found.violation != 0) break;
  }
  job->found.complete = complete;
  job->seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began)
          .count();
}

void RunAll(const Options& options, std::vector<Job>* jobs) {
  std::atomic<size_t> next{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (size_t at = next++; at < jobs->size(); at = next++) {
        Run(options, &(*jobs)[at]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

std::vector<Job> JobsFor(const Options& options,
                         const std::vector<ModelTable>& tables) {
  std::vector<Job> jobs;
  for (const ModelTable& table : tables) {
    if (!options.model.empty() && options.model != table.name) continue;
    Job job;
    job.table = &table;
    if (options.without.empty()) jobs.push_back(job);
    for (const Rule& rule : table.rules) {
      if (!options.without.empty() && options.without != rule.name) continue;
      job.rule = &rule;
      job.property = nullptr;
      if (rule.properties.empty()) jobs.push_back(job);
      for (const uint8_t property : rule.properties) {
        job.property = &PropertyOf(table, property);
        jobs.push_back(job);
      }
    }
  }
  return jobs;
}

std::string NameOf(const Job& job) {
  std::string name = absl::StrCat("model.", job.table->name);
  if (job.rule != nullptr) absl::StrAppend(&name, ".without.", job.rule->name);
  return absl::StrCat(name, job.property == nullptr ? ".holds" : ".violates.",
                      job.property == nullptr ? "" : job.property->name);
}

bool AsExpected(const Job& job) {
  if (job.property != nullptr) {
    return job.found.violation == job.property->number;
  }
  return job.found.violation == 0 && job.found.complete;
}

std::string ResultOf(const Job& job) {
  if (job.found.violation != 0) {
    const Property& property = PropertyOf(*job.table, job.found.violation);
    return absl::StrCat("violates ", property.name, " in ",
                        job.found.trace.size(), " steps");
  }
  if (!job.found.complete) return "NOT COMPLETE: too many states";
  return "holds";
}

void PrintTrace(const Job& job) {
  const Property& property = PropertyOf(*job.table, job.found.violation);
  std::printf("\n# %s, in the setting \"%s\"\n", NameOf(job).c_str(),
              job.setting.c_str());
  if (job.rule != nullptr) {
    std::printf("# without the rule: %s (%s)\n", job.rule->sentence,
                job.rule->file);
  }
  std::printf("# violated (%s): %s\n", property.promise, property.sentence);
  if (!job.legend.empty()) std::printf("# where %s\n", job.legend.c_str());
  int number = 0;
  for (const std::string& step : job.found.trace) {
    std::printf("  %2d. %s\n", ++number, step.c_str());
  }
}

void PrintTable(const std::vector<Job>& jobs) {
  std::printf("\n%-8s%-28s%10s  %-44s%8s\n", "model", "without", "states",
              "result", "seconds");
  for (const Job& job : jobs) {
    std::printf("%-8s%-28s%10llu  %-44s%8.2f\n", job.table->name,
                job.rule == nullptr ? "-" : job.rule->name,
                static_cast<unsigned long long>(job.states),
                ResultOf(job).c_str(), job.seconds);
  }
}

bool Verdict(bool good, const std::string& name) {
  std::printf("%s %s\n", good ? "ok" : "not ok", name.c_str());
  return good;
}

// Every property is violated by some variant: none holds because nobody looks.
bool PrintProperties(const std::vector<ModelTable>& tables,
                     const std::vector<Job>& jobs) {
  bool good = true;
  for (const ModelTable& table : tables) {
    for (const Property& property : table.properties) {
      const bool violated =
          std::any_of(jobs.begin(), jobs.end(), [&](const Job& job) {
            return job.table == &table && job.rule != nullptr &&
                   job.found.violation == property.number;
          });
      good &= Verdict(violated, absl::StrCat("model.", table.name,
                                             ".evaluates.", property.name));
    }
  }
  return good;
}

int PrintRules(const std::vector<ModelTable>& tables) {
  for (const ModelTable& table : tables) {
    for (const Rule& rule : table.rules) {
      std::printf("%s %s %s %s\n", table.name, rule.name, rule.file,
                  rule.seed == nullptr ? "-" : rule.seed);
    }
  }
  return 0;
}

int Main(const Options& options) {
  const std::vector<ModelTable> tables = {FenceTable(), IntentTable(),
                                          CommitTable(), EngineTable()};
  if (options.rules) return PrintRules(tables);
  std::vector<Job> jobs = JobsFor(options, tables);
  if (jobs.empty()) {
    std::fprintf(stderr, "model_checker: no such model or rule\n");
    return 2;
  }
  RunAll(options, &jobs);
  for (const Job& job : jobs) {
    if (job.found.violation != 0) PrintTrace(job);
  }
  PrintTable(jobs);
  std::printf("\n");
  bool good = true;
  for (const Job& job : jobs) good &= Verdict(AsExpected(job), NameOf(job));
  if (options.model.empty() && options.without.empty()) {
    good &= PrintProperties(tables, jobs);
  }
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("\n# %ld MiB of memory at most\n", usage.ru_maxrss / 1024);
  return good ? 0 : 1;
}

bool Parse(int argc, char** argv, Options* options) {
  for (int i = 1; i < argc; ++i) {
    const absl::string_view flag = argv[i];
    if (flag == "--deep") {
      options->deep = true;
    } else if (flag == "--rules") {
      options->rules = true;
    } else if (flag == "--model" && i + 1 < argc) {
      options->model = argv[++i];
    } else if (flag == "--without" && i + 1 < argc) {
      options->without = argv[++i];
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace keyward::model

int main(int argc, char** argv) {
  keyward::model::Options options;
  if (!keyward::model::Parse(argc, argv, &options)) {
    std::fprintf(stderr,
                 "usage: model_checker [--deep] [--model NAME] "
                 "[--without RULE] | --rules\n");
    return 2;
  }
  return keyward::model::Main(options);
}
