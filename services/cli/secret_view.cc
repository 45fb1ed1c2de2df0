// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/secret_view.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "services/cli/printable.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using google::protobuf::RepeatedPtrField;
using secrets::v1::Secret;
using secrets::v1::SecretVersion;

std::string Number(int64_t number) {
  return number == 0 ? "" : absl::StrCat(number);
}

// Sorted, since a protobuf map has no order.
template <typename Map>
std::string Pairs(const Map& map) {
  std::vector<std::string> pairs;
  for (const auto& [key, value] : map) {
    pairs.push_back(absl::StrCat(key, "=", value));
  }
  std::sort(pairs.begin(), pairs.end());
  return absl::StrJoin(pairs, ", ");
}

std::string Stages(const SecretVersion& version) {
  std::vector<std::string> stages;
  for (const int stage : version.stages()) {
    stages.push_back(ShowStage(static_cast<secrets::v1::Stage>(stage)));
  }
  return absl::StrJoin(stages, ", ");
}

// The secret's id out of "projects/P/secrets/S/versions/V" or its prefix.
absl::string_view SecretOf(absl::string_view name) {
  return name.substr(0, name.find("/versions/"));
}

}  // namespace

std::string ShowSecrets(const RepeatedPtrField<Secret>& secrets) {
  Table table(
      {"name", "type", "current", "versions", "updated", "labels", "state"});
  for (const Secret& secret : secrets) {
    std::string state;
    if (secret.has_delete_time()) {
      state = absl::StrCat("deleted, purged ", ShowTime(secret.purge_time()));
    } else if (secret.has_expire_time()) {
      state = absl::StrCat("expires ", ShowTime(secret.expire_time()));
    }
    table.Add({LastSegment(secret.name()), ShowType(secret.type()),
               Number(secret.current_version()),
               absl::StrCat(secret.version_count()),
               ShowTime(secret.update_time()), Pairs(secret.labels()),
               std::move(state)});
  }
  return table.ToString();
}

std::string ShowSecret(const Secret& secret) {
  Fields fields;
  fields.Add("name", secret.name());
  fields.Add("type", ShowType(secret.type()));
  fields.Add("labels", Pairs(secret.labels()));
  fields.Add("annotations", Pairs(secret.annotations()));
  fields.Add("current", Number(secret.current_version()));
  fields.Add("pending", Number(secret.pending_version()));
  fields.Add("previous", Number(secret.previous_version()));
  fields.Add("latest", Number(secret.latest_version()));
  fields.Add("versions", absl::StrCat(secret.version_count()));
  fields.Add("aliases", Pairs(secret.version_aliases()));
  fields.Add("key", secret.key());
  fields.Add("created", ShowTime(secret.create_time()));
  fields.Add("updated", ShowTime(secret.update_time()));
  fields.Add("expires", ShowTime(secret.expire_time()));
  fields.Add("deletion protection",
             secret.deletion_protection() ? "on" : "off");
  fields.Add("deleted", ShowTime(secret.delete_time()));
  fields.Add("purged", ShowTime(secret.purge_time()));
  fields.Add("uid", secret.uid());
  fields.Add("etag", secret.etag());
  return fields.ToString();
}

std::string ShowVersions(const RepeatedPtrField<SecretVersion>& versions) {
  Table table({"version", "state", "stages", "created", "destroyed",
               "certificate ends"});
  for (const SecretVersion& version : versions) {
    table.Add({LastSegment(version.name()), ShowState(version.state()),
               Stages(version), ShowTime(version.create_time()),
               ShowTime(version.destroy_time()),
               ShowTime(version.certificate_not_after())});
  }
  return table.ToString();
}

std::string ShowVersionsSideBySide(const std::vector<std::string>& titles,
                                   const std::vector<SecretVersion>& versions) {
  std::vector<std::string> head = {""};
  head.insert(head.end(), titles.begin(), titles.end());
  Table table(std::move(head));
  const std::vector<
      std::pair<std::string, std::string (*)(const SecretVersion&)>>
      rows = {
          {"version",
           [](const SecretVersion& v) { return LastSegment(v.name()); }},
          {"state",
           [](const SecretVersion& v) { return ShowState(v.state()); }},
          {"stages", [](const SecretVersion& v) { return Stages(v); }},
          {"created",
           [](const SecretVersion& v) { return ShowTime(v.create_time()); }},
          {"certificate ends",
           [](const SecretVersion& v) {
             return ShowTime(v.certificate_not_after());
           }},
          {"wrapped by",
           [](const SecretVersion& v) { return v.key_version(); }},
          {"etag", [](const SecretVersion& v) { return v.etag(); }},
      };
  for (const auto& [title, value] : rows) {
    std::vector<std::string> row = {title};
    bool empty = true;
    for (const SecretVersion& version : versions) {
      row.push_back(value(version));
      empty = empty && row.back().empty();
    }
    if (!empty) table.Add(std::move(row));
  }
  return table.ToString();
}

std::string DescribeVersion(const SecretVersion& version) {
  return Printable(absl::StrCat("version ", LastSegment(version.name()), " of ",
                                SecretOf(version.name())));
}

std::string ShowEvent(const secrets::v1::SecretEvent& event) {
  std::string line =
      absl::StrCat(ShowTime(event.time()), "  ",
                   ShowEnum(secrets::v1::SecretEventKind_Name(event.kind()),
                            "SECRET_EVENT_KIND_"),
                   "  ", event.name());
  if (event.version() > 0) {
    absl::StrAppend(&line, "/versions/", event.version());
  }
  return Printable(line);
}

}  // namespace keyward::cli
