// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0
//
// The sources of the public streams: the store's change feed and the audit
// log, as the public contracts show them.

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/audit/checkpoint.h"
#include "libs/audit/entry.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "proto/keyward/audit/v1/audit_service.pb.h"
#include "proto/keyward/secrets/v1/secret_service.pb.h"
#include "services/gateway/stream_call.h"

namespace keyward::gateway {
namespace {

using google::protobuf::Message;

// WatchSecrets over the store's feed of one project.
class WatchSource : public StreamSource {
 public:
  // `only` restricts the watch to one secret; empty for the whole project.
  WatchSource(std::unique_ptr<rpc::EventFollower> follower, std::string only)
      : follower_(std::move(follower)), only_(std::move(only)) {}

  void Next(Done done) override {
    follower_->Next([only = only_, done = std::move(done)](
                        absl::StatusOr<rpc::EventRange> range) mutable {
      if (!range.ok()) return done(range.status());
      done(Convert(only, *range));
    });
  }

 private:
  static StreamBatch Convert(const std::string& only,
                             const rpc::EventRange& range) {
    StreamBatch batch;
    for (const auto& event : range.events) {
      absl::StatusOr<ResourceName> name = ResourceName::Parse(event.name());
      if (!name.ok() || (!only.empty() && event.name() != only)) continue;
      auto response = std::make_unique<secrets::v1::WatchSecretsResponse>();
      secrets::v1::SecretEvent* shown = response->mutable_event();
      shown->set_name(event.name());
      shown->set_version(event.version());
      shown->set_kind(static_cast<secrets::v1::SecretEventKind>(event.kind()));
      *shown->mutable_time() = event.time();
      response->set_position(event.position());
      batch.items.push_back(
          StreamItem{*std::move(name), std::move(response), event.position()});
    }
    auto bookmark = std::make_unique<secrets::v1::WatchSecretsResponse>();
    bookmark->set_position(range.next_position);
    batch.bookmark =
        StreamItem{std::nullopt, std::move(bookmark), range.next_position};
    return batch;
  }

  const std::unique_ptr<rpc::EventFollower> follower_;
  const std::string only_;
};

absl::StatusOr<std::unique_ptr<StreamSource>> OpenWatch(
    const PipelineParts* parts, const rpc::CallContext& context,
    const Message& message) {
  const auto& request =
      static_cast<const secrets::v1::WatchSecretsRequest&>(message);
  absl::StatusOr<ResourceName> parent =
      ResourceName::Parse(request.parent(), "parent");
  if (!parent.ok()) return parent.status();
  const bool one_secret = parent->kind() == ResourceKind::kSecret;
  if (!one_secret && parent->kind() != ResourceKind::kProject) {
    return FieldError("parent", "must be a project or a secret");
  }
  if (context.project_uid.empty()) {
    return MakeError(absl::StatusCode::kNotFound, kNotFound,
                     "the project does not exist");
  }
  return std::make_unique<WatchSource>(
      parts->event_feed->FollowEvents(context.project_uid, request.position()),
      one_secret ? parent->ToString() : "");
}

bool IsAtOrBelow(absl::string_view resource, absl::string_view ancestor) {
  return resource == ancestor || (absl::StartsWith(resource, ancestor) &&
                                  resource[ancestor.size()] == '/');
}

// TailEntries over the log.
class TailSource : public StreamSource {
 public:
  TailSource(std::unique_ptr<rpc::EntryFollower> follower,
             audit::v1::TailEntriesRequest request)
      : follower_(std::move(follower)),
        request_(std::make_shared<const Request>(std::move(request))) {}

  void Next(Done done) override {
    follower_->Next([request = request_, done = std::move(done)](
                        absl::StatusOr<rpc::EntryRange> range) mutable {
      if (!range.ok()) return done(range.status());
      done(Convert(*request, *range));
    });
  }

 private:
  using Request = audit::v1::TailEntriesRequest;

  static bool Shows(const Request& request,
                    const audit::v1::AuditEntry& entry) {
    // A tail that showed the records of tails would feed on itself.
    if (absl::EndsWith(entry.method(), ".TailEntries")) return false;
    if (request.parent() != "system" &&
        !IsAtOrBelow(entry.resource(), request.parent())) {
      return false;
    }
    if (!request.resource().empty() &&
        !IsAtOrBelow(entry.resource(), request.resource())) {
      return false;
    }
    return request.principal().empty() ||
           entry.principal() == request.principal();
  }

  static StreamBatch Convert(const Request& request,
                             const rpc::EntryRange& range) {
    StreamBatch batch;
    uint64_t index = range.first_index;
    for (const std::string& leaf : range.leaves) {
      const uint64_t at = index++;
      absl::StatusOr<audit::v1::AuditEntry> entry = audit::ParseEntry(leaf);
      if (!entry.ok() || !Shows(request, *entry)) continue;
      auto response = std::make_unique<audit::v1::TailEntriesResponse>();
      response->mutable_entry()->set_index(at);
      *response->mutable_entry()->mutable_entry() = *std::move(entry);
      response->set_next_index(index);
      batch.items.push_back(
          StreamItem{std::nullopt, std::move(response), absl::StrCat(index)});
    }
    // A bookmark only when the log is idle: one for each record that is not
    // shown would be a tail of tails again.
    if (range.leaves.empty()) {
      auto bookmark = std::make_unique<audit::v1::TailEntriesResponse>();
      bookmark->set_next_index(index);
      batch.bookmark =
          StreamItem{std::nullopt, std::move(bookmark), absl::StrCat(index)};
    }
    return batch;
  }

  const std::unique_ptr<rpc::EntryFollower> follower_;
  const std::shared_ptr<const Request> request_;
};

absl::StatusOr<std::unique_ptr<StreamSource>> OpenTail(
    const PipelineParts* parts, const rpc::CallContext&,
    const Message& message) {
  const auto& request =
      static_cast<const audit::v1::TailEntriesRequest&>(message);
  std::optional<uint64_t> start;
  if (request.has_start_index()) start = request.start_index();
  return std::make_unique<TailSource>(parts->audit_feed->FollowEntries(start),
                                      request);
}

// Audit answered what it cannot mean: nothing of it is passed on (P8).
absl::Status Nonsense(absl::string_view what) {
  return MakeError(absl::StatusCode::kUnavailable, kResponseMismatch,
                   absl::StrCat("the audit log answered ", what));
}

// ExportEntries: the leaves below a checkpoint, then the checkpoint.
class ExportSource : public StreamSource {
 public:
  ExportSource(const PipelineParts* parts, rpc::CallContext context,
               const audit::v1::ExportEntriesRequest& request)
      : parts_(parts),
        context_(std::move(context)),
        range_(std::make_shared<Range>(
            Range{request.start_index(), request.end_index(), ""})) {}

  void Next(Done done) override {
    // The checkpoint comes first, since it fixes where the export ends.
    if (range_->checkpoint.empty()) return FetchCheckpoint(std::move(done));
    if (range_->next == range_->end) return done(Last(*range_, {}));
    FetchLeaves(std::move(done));
  }

 private:
  // What is left to export. Only the one Next under way touches it.
  struct Range {
    uint64_t next;
    uint64_t end;
    std::string checkpoint;
  };

  void FetchCheckpoint(Done done) {
    context_.method = "keyward.audit.v1.AuditService.GetCheckpoint";
    context_.deadline = parts_->clock->SteadyNow() + absl::Seconds(10);
    parts_->audit->Execute(
        context_, *checkpoint_request_,
        [range = range_, request = checkpoint_request_,
         done = std::move(done)](rpc::CallResult result) mutable {
          if (!result.status.ok()) return done(result.status);
          const auto* answer = google::protobuf::DynamicCastToGenerated<
              audit::v1::GetCheckpointResponse>(result.response.get());
          if (answer == nullptr) {
            return done(Nonsense("no checkpoint"));
          }
          absl::Status begun = Begin(answer->checkpoint(), range.get());
          if (!begun.ok()) return done(std::move(begun));
          done(StreamBatch());
        });
  }

  static absl::Status Begin(const std::string& note, Range* range) {
    absl::StatusOr<audit::Checkpoint> parsed =
        audit::ReadCheckpointUnverified(note);
    // It is not the caller's fault, as the parser's code would say.
    if (!parsed.ok()) return Nonsense("no checkpoint");
    if (range->end == 0) range->end = parsed->size;
    if (range->end > parsed->size) {
      return FieldError("end_index",
                        absl::StrCat("the log has ", parsed->size, " entries"));
    }
    if (range->next > range->end) {
      return FieldError("start_index", "is past the end");
    }
    range->checkpoint = note;
    return absl::OkStatus();
  }

  void FetchLeaves(Done done) {
    if (follower_ == nullptr) {
      follower_ = parts_->audit_feed->FollowEntries(range_->next);
    }
    follower_->Next([range = range_, done = std::move(done)](
                        absl::StatusOr<rpc::EntryRange> leaves) mutable {
      if (!leaves.ok()) return done(leaves.status());
      done(Convert(*std::move(leaves), range.get()));
    });
  }

  static absl::StatusOr<StreamBatch> Convert(rpc::EntryRange leaves,
                                             Range* range) {
    // What a checkpoint covers is durable, and has not to be waited for.
    if (leaves.leaves.empty()) {
      return Nonsense("fewer entries than its checkpoint covers");
    }
    if (leaves.first_index != range->next) {
      return Nonsense("entries that are not consecutive");
    }
    auto response = std::make_unique<audit::v1::ExportEntriesResponse>();
    response->set_first_index(range->next);
    for (std::string& leaf : leaves.leaves) {
      if (range->next == range->end) break;
      response->add_leaves(std::move(leaf));
      ++range->next;
    }
    StreamBatch batch;
    batch.items.push_back(StreamItem{std::nullopt, std::move(response),
                                     absl::StrCat(range->next)});
    if (range->next == range->end) return Last(*range, std::move(batch));
    return batch;
  }

  static StreamBatch Last(const Range& range, StreamBatch batch) {
    auto response = std::make_unique<audit::v1::ExportEntriesResponse>();
    response->set_first_index(range.end);
    response->set_checkpoint(range.checkpoint);
    batch.items.push_back(
        StreamItem{std::nullopt, std::move(response), absl::StrCat(range.end)});
    batch.last = true;
    return batch;
  }

  const PipelineParts* const parts_;
  rpc::CallContext context_;
  const std::shared_ptr<const audit::v1::GetCheckpointRequest>
      checkpoint_request_ =
          std::make_shared<const audit::v1::GetCheckpointRequest>();
  const std::shared_ptr<Range> range_;
  std::unique_ptr<rpc::EntryFollower> follower_;
};

absl::StatusOr<std::unique_ptr<StreamSource>> OpenExport(
    const PipelineParts* parts, const rpc::CallContext& context,
    const Message& message) {
  return std::make_unique<ExportSource>(
      parts, context,
      static_cast<const audit::v1::ExportEntriesRequest&>(message));
}

}  // namespace

StreamCall::Opener MakeOpener(const PipelineParts* parts,
                              const MethodRule* rule) {
  using Open = absl::StatusOr<std::unique_ptr<StreamSource>> (*)(
      const PipelineParts*, const rpc::CallContext&, const Message&);
  Open open = nullptr;
  if (rule->name == "keyward.secrets.v1.SecretService.WatchSecrets") {
    open = OpenWatch;
  } else if (rule->name == "keyward.audit.v1.AuditService.TailEntries") {
    open = OpenTail;
  } else if (rule->name == "keyward.audit.v1.AuditService.ExportEntries") {
    open = OpenExport;
  }
  if (open == nullptr) return nullptr;
  return
      [parts, open](const rpc::CallContext& context, const Message& request) {
        return open(parts, context, request);
      };
}

}  // namespace keyward::gateway
