// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/audit_commands.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "libs/base/file_util.h"
#include "libs/base/proto_time.h"
#include "libs/client/pinned_checkpoint.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "services/cli/audit_view.h"
#include "services/cli/failure.h"
#include "services/cli/follow.h"
#include "services/cli/names.h"
#include "services/cli/values.h"

namespace keyward::cli {
namespace {

using audit::v1::QueryEntriesRequest;
using audit::v1::QueryEntriesResponse;
using audit::v1::TailEntriesRequest;
using audit::v1::TailEntriesResponse;
using client::PinCheck;

absl::StatusOr<PinCheck> CheckLog(Session& session, bool accept_rollback) {
  absl::StatusOr<const client::Settings*> settings = session.settings();
  if (!settings.ok()) return settings.status();
  absl::StatusOr<client::GatewayClient*> gateway = session.gateway();
  if (!gateway.ok()) return gateway.status();
  absl::StatusOr<PinCheck> check = client::CheckAndPin(
      **gateway, session.pins(), (*settings)->pin_name, accept_rollback);
  if (!absl::IsDataLoss(check.status())) return check;
  return WithHint(check.status(),
                  "somebody may have tampered with the log: keep a copy of "
                  "the data folders; after a restore that you know of, "
                  "`keyward audit checkpoint --accept-rollback` goes on");
}

// Which records: what query and tail have in common.
struct ScopeOptions {
  std::string parent;
  std::string resource;
  std::string principal;
};

void AddScope(CLI::App* command, ScopeOptions* options) {
  command->add_option("PARENT", options->parent,
                      "system for all records, or a project; the project in "
                      "use otherwise");
  command->add_option("--resource", options->resource,
                      "Only about this and what is below it, such as "
                      "secrets/db-password");
  command->add_option("--principal", options->principal, "Only this caller's");
}

template <typename Request>
absl::Status SetScope(const ScopeOptions& options, Session& session,
                      Request* request) {
  absl::StatusOr<std::string> project = session.project();
  if (!project.ok()) return project.status();
  absl::StatusOr<std::string> parent =
      PolicyParent(options.parent.empty() ? *project : options.parent);
  if (!parent.ok()) return parent.status();
  request->set_parent(*parent);
  request->set_principal(options.principal);
  if (options.resource.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> resource =
      PolicyResource(*project, options.resource);
  if (!resource.ok()) return resource.status();
  request->set_resource(*resource);
  return absl::OkStatus();
}

struct QueryOptions {
  ScopeOptions scope;
  std::string since;
  std::string until;
  int64_t limit = 100;
  bool oldest_first = false;
};

absl::Status SetTimes(const QueryOptions& options, absl::Time now,
                      QueryEntriesRequest* request) {
  if (!options.since.empty()) {
    auto time = ParseTime("--since", options.since, now, /*past=*/true);
    if (!time.ok()) return time.status();
    *request->mutable_start_time() = ToTimestamp(*time);
  }
  if (!options.until.empty()) {
    auto time = ParseTime("--until", options.until, now, /*past=*/true);
    if (!time.ok()) return time.status();
    *request->mutable_end_time() = ToTimestamp(*time);
  }
  return absl::OkStatus();
}

absl::Status Query(const QueryOptions& options, Session& session) {
  QueryEntriesRequest request;
  absl::Status status = SetScope(options.scope, session, &request);
  if (!status.ok()) return status;
  status = SetTimes(options, session.Now(), &request);
  if (!status.ok()) return status;
  request.set_descending(!options.oldest_first);
  auto all = session.List<QueryEntriesResponse>(
      std::move(request), options.limit,
      [](const QueryEntriesResponse& page) -> int64_t {
        return page.entries_size();
      });
  if (!all.ok()) return all.status();
  status = CheckLog(session).status();
  if (!status.ok()) return status;
  return session.Print(*all, [&] { return ShowEntries(all->entries()); });
}

void AddQuery(CLI::App* audit, Command* chosen) {
  auto options = std::make_shared<QueryOptions>();
  CLI::App* command =
      audit->add_subcommand("query", "Show records, the newest first");
  AddScope(command, &options->scope);
  command->add_option("--since", options->since,
                      "From then on: 2h for the last two hours, or a time");
  command->add_option("--until", options->until, "Before then");
  command->add_option("--limit", options->limit, "At most this many; 100")
      ->check(CLI::Range(int64_t{1}, int64_t{1000000}));
  command->add_flag("--oldest-first", options->oldest_first,
                    "In the order of the log");
  command->footer(
      "Examples:\n"
      "  keyward audit query --resource secrets/db-password\n"
      "  keyward audit query system --since 24h --principal "
      "spiffe://keyward.internal/workload/web\n"
      "  keyward audit query --output json | jq '.entries[].entry.action'");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) { return Query(*options, session); };
  });
}

struct TailOptions {
  ScopeOptions scope;
  absl::optional<uint64_t> from;
  uint64_t from_given = 0;
};

absl::Status PrintEntry(const TailEntriesResponse& response, Session& session) {
  if (!response.has_entry()) return absl::OkStatus();
  if (!session.json()) {
    session.out() << ShowEntryLine(response.entry()) << std::flush;
    return absl::OkStatus();
  }
  absl::StatusOr<Json> json = ToJson(response);
  if (!json.ok()) return json.status();
  session.out() << JsonLine(*json) << std::flush;
  return absl::OkStatus();
}

// Follows the log for as long as the gateway can be reached; after an
// interruption it checks the log again and goes on behind the last record.
absl::Status Tail(const TailOptions& options, Session& session) {
  TailEntriesRequest request;
  absl::Status status = SetScope(options.scope, session, &request);
  if (!status.ok()) return status;
  if (options.from.has_value()) request.set_start_index(*options.from);
  return Follow(session.environment(), [&](bool* progress) {
    absl::Status checked = CheckLog(session).status();
    if (!checked.ok()) return checked;
    return session.Stream<TailEntriesResponse>(
        request, [&](TailEntriesResponse* response) {
          *progress = true;
          request.set_start_index(response->next_index());
          return PrintEntry(*response, session);
        });
  });
}

void AddTail(CLI::App* audit, Command* chosen) {
  auto options = std::make_shared<TailOptions>();
  CLI::App* command =
      audit->add_subcommand("tail", "Print records as they become durable");
  AddScope(command, &options->scope);
  CLI::Option* from = command->add_option(
      "--from", options->from_given, "The index to begin at; now otherwise");
  command->footer(
      "Examples:\n"
      "  keyward audit tail\n"
      "  keyward audit tail system --from 0 --output json");
  command->callback([options, from, chosen] {
    if (from->count() > 0) options->from = options->from_given;
    *chosen = [options](Session& session) { return Tail(*options, session); };
  });
}

struct CheckpointOptions {
  bool accept_rollback = false;
  std::string out;
};

absl::Status Checkpoint(const CheckpointOptions& options, Session& session) {
  absl::StatusOr<PinCheck> check = CheckLog(session, options.accept_rollback);
  if (!check.ok()) return check.status();
  if (!options.out.empty()) {
    absl::Status written =
        WriteFileDurably(options.out, client::FormatPin(check->seen), 0644);
    if (!written.ok()) return written;
  }
  session.out() << (session.json() ? JsonText(PinCheckJson(*check))
                                   : ShowPinCheck(*check));
  return absl::OkStatus();
}

void AddCheckpoint(CLI::App* audit, Command* chosen) {
  auto options = std::make_shared<CheckpointOptions>();
  CLI::App* command = audit->add_subcommand(
      "checkpoint",
      "Fetch the log's newest checkpoint, prove that it extends "
      "the pinned one, and pin it");
  command->add_flag("--accept-rollback", options->accept_rollback,
                    "Pin it even if it does not, after showing both");
  command->add_option("--out", options->out,
                      "Also write it to this file, for `audit verify "
                      "--checkpoint`; keep it where no operator can reach it");
  command->footer(
      "Examples:\n"
      "  keyward audit checkpoint\n"
      "  keyward audit checkpoint --out /mnt/usb/keyward.checkpoint");
  command->callback([options, chosen] {
    *chosen = [options](Session& session) {
      return Checkpoint(*options, session);
    };
  });
}

}  // namespace

absl::StatusOr<client::PinCheck> CheckLog(Session& session) {
  return CheckLog(session, /*accept_rollback=*/false);
}

void AddAuditCommands(CLI::App* audit, Command* chosen) {
  AddQuery(audit, chosen);
  AddTail(audit, chosen);
  AddCheckpoint(audit, chosen);
}

}  // namespace keyward::cli
