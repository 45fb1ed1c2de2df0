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
    follower_->Next([this, done = std::move(done)](
                        absl::StatusOr<rpc::EventRange> range) mutable {
      if (!range.ok()) return done(range.status());
      done(Convert(*range));
    });
  }

 private:
  StreamBatch Convert(const rpc::EventRange& range) const {
    StreamBatch batch;
    for (const auto& event : range.events) {
      absl::StatusOr<ResourceName> name = ResourceName::Parse(event.name());
      if (!name.ok() || (!only_.empty() && event.name() != only_)) continue;
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
    if (batch.items.empty()) {
      // A bookmark: the position moves on although nothing is shown.
      auto bookmark = std::make_unique<secrets::v1::WatchSecretsResponse>();
      bookmark->set_position(range.next_position);
      batch.items.push_back(
          StreamItem{std::nullopt, std::move(bookmark), range.next_position});
    }
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
      : follower_(std::move(follower)), request_(std::move(request)) {}

  void Next(Done done) override {
    follower_->Next([this, done = std::move(done)](
                        absl::StatusOr<rpc::EntryRange> range) mutable {
      if (!range.ok()) return done(range.status());
      done(Convert(*range));
    });
  }

 private:
  bool Shows(const audit::v1::AuditEntry& entry) const {
    // A tail that showed the records of tails would feed on itself.
    if (absl::EndsWith(entry.method(), ".TailEntries")) return false;
    if (request_.parent() != "system" &&
        !IsAtOrBelow(entry.resource(), request_.parent())) {
      return false;
    }
    if (!request_.resource().empty() &&
        !IsAtOrBelow(entry.resource(), request_.resource())) {
      return false;
    }
    return request_.principal().empty() ||
           entry.principal() == request_.principal();
  }

  StreamBatch Convert(const rpc::EntryRange& range) const {
    StreamBatch batch;
    uint64_t index = range.first_index;
    for (const std::string& leaf : range.leaves) {
      const uint64_t at = index++;
      absl::StatusOr<audit::v1::AuditEntry> entry = audit::ParseEntry(leaf);
      if (!entry.ok() || !Shows(*entry)) continue;
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
      batch.items.push_back(
          StreamItem{std::nullopt, std::move(bookmark), absl::StrCat(index)});
    }
    return batch;
  }

  const std::unique_ptr<rpc::EntryFollower> follower_;
  const audit::v1::TailEntriesRequest request_;
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

// ExportEntries: the leaves below a checkpoint, then the checkpoint.
class ExportSource : public StreamSource {
 public:
  ExportSource(const PipelineParts* parts, rpc::CallContext context,
               const audit::v1::ExportEntriesRequest& request)
      : parts_(parts),
        context_(std::move(context)),
        next_(request.start_index()),
        end_(request.end_index()) {}

  void Next(Done done) override {
    if (checkpoint_.empty()) return FetchCheckpoint(std::move(done));
    FetchLeaves(std::move(done));
  }

 private:
  // The checkpoint comes first, since it fixes where the export ends.
  void FetchCheckpoint(Done done) {
    context_.method = "keyward.audit.v1.AuditService.GetCheckpoint";
    context_.deadline = parts_->clock->Now() + absl::Seconds(10);
    parts_->audit->Execute(
        context_, checkpoint_request_,
        [this, done = std::move(done)](rpc::CallResult result) mutable {
          if (!result.status.ok()) return done(result.status);
          const auto* answer = google::protobuf::DynamicCastToGenerated<
              audit::v1::GetCheckpointResponse>(result.response.get());
          if (answer == nullptr) {
            return done(MakeError(absl::StatusCode::kUnavailable,
                                  kResponseMismatch, "no checkpoint"));
          }
          absl::Status begun = Begin(answer->checkpoint());
          if (!begun.ok()) return done(std::move(begun));
          FetchLeaves(std::move(done));
        });
  }

  absl::Status Begin(const std::string& note) {
    absl::StatusOr<audit::Checkpoint> parsed =
        audit::ReadCheckpointUnverified(note);
    if (!parsed.ok()) return parsed.status();
    if (end_ == 0) end_ = parsed->size;
    if (end_ > parsed->size) {
      return FieldError("end_index",
                        absl::StrCat("the log has ", parsed->size, " entries"));
    }
    if (next_ > end_) return FieldError("start_index", "is past the end");
    checkpoint_ = note;
    follower_ = parts_->audit_feed->FollowEntries(next_);
    return absl::OkStatus();
  }

  void FetchLeaves(Done done) {
    if (next_ == end_) return done(Last({}));
    follower_->Next([this, done = std::move(done)](
                        absl::StatusOr<rpc::EntryRange> range) mutable {
      if (!range.ok()) return done(range.status());
      if (!range->leaves.empty() && range->first_index != next_) {
        return done(MakeError(absl::StatusCode::kUnavailable, kResponseMismatch,
                              "the log's entries are not consecutive"));
      }
      auto response = std::make_unique<audit::v1::ExportEntriesResponse>();
      response->set_first_index(next_);
      for (std::string& leaf : range->leaves) {
        if (next_ == end_) break;
        response->add_leaves(std::move(leaf));
        ++next_;
      }
      StreamBatch batch;
      batch.items.push_back(
          StreamItem{std::nullopt, std::move(response), absl::StrCat(next_)});
      if (next_ == end_) return done(Last(std::move(batch)));
      done(std::move(batch));
    });
  }

  StreamBatch Last(StreamBatch batch) {
    auto response = std::make_unique<audit::v1::ExportEntriesResponse>();
    response->set_first_index(end_);
    response->set_checkpoint(checkpoint_);
    batch.items.push_back(
        StreamItem{std::nullopt, std::move(response), absl::StrCat(end_)});
    batch.last = true;
    return batch;
  }

  const PipelineParts* const parts_;
  rpc::CallContext context_;
  const audit::v1::GetCheckpointRequest checkpoint_request_;
  uint64_t next_;
  uint64_t end_;
  std::string checkpoint_;
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
