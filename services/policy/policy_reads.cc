// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/policy/policy_reads.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/byte_order.h"
#include "libs/base/error.h"
#include "libs/base/error_reason.h"
#include "libs/base/resource_name.h"
#include "services/policy/apply_policy.h"
#include "services/policy/parent_etag.h"

namespace keyward::policy_service {
namespace {

using google::protobuf::Message;
using policy::v1::GetPolicyResponse;

absl::StatusOr<int> PageSize(int32_t requested, int usual) {
  if (requested < 0) return FieldError("page_size", "must not be negative");
  if (requested == 0) return usual;
  return std::min<int>(requested, kMaxPageSize);
}

// Where a list of a policy goes on: the parent's generation, the kind of
// entry, and the last name of that kind.
struct Place {
  uint64_t generation = 0;
  char kind = 'r';
  std::string after;
};

std::string EncodePlace(const Place& place) {
  return absl::StrCat(BigEndian64(place.generation),
                      absl::string_view(&place.kind, 1), place.after);
}

// Of bytes behind a MAC of ours.
Place DecodePlace(absl::string_view bytes) {
  Place place;
  const absl::StatusOr<uint64_t> generation = TakeBigEndian64(&bytes);
  if (!generation.ok() || bytes.empty()) return place;
  place.generation = *generation;
  place.kind = bytes[0];
  place.after = std::string(bytes.substr(1));
  return place;
}

// Fills one page, kind by kind.
class PageFiller {
 public:
  PageFiller(const std::string& parent, Place from, int size)
      : parent_(parent), from_(std::move(from)), left_(size) {}

  // Adds the entries of `map`, of the given kind, that come next. False if the
  // page is full: last() is where the next begins.
  template <typename T, typename Add>
  bool Fill(char kind, const policy::EntryMap<T>& map, Add add) {
    if (reached_ || kind == from_.kind) {
      const std::string begin = reached_ || from_.after.empty()
                                    ? absl::StrCat(parent_, "/")
                                    : from_.after;
      reached_ = true;
      for (auto it = map.upper_bound(begin);
           it != map.end() && policy::ParentOf(it->first) == parent_; ++it) {
        if (left_ == 0 || bytes_ >= kMaxPageBytes) return false;
        add(*it->second);
        --left_;
        bytes_ += it->second->ByteSizeLong();
        last_.kind = kind;
        last_.after = it->first;
      }
    }
    return true;
  }

  const Place& last() const { return last_; }

 private:
  const std::string& parent_;
  const Place from_;
  int left_;
  size_t bytes_ = 0;
  bool reached_ = false;
  Place last_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Message>> GetProject(
    const DurablePolicy& policy, const policy::v1::GetProjectRequest& request) {
  const absl::StatusOr<ResourceName> name =
      ResourceName::Parse(request.name(), "name");
  if (!name.ok()) return name.status();
  if (name->kind() != ResourceKind::kProject) {
    return FieldError("name", "must be a project");
  }
  absl::Status exists = CheckParent(*policy.state, request.name());
  if (!exists.ok()) return exists;
  auto response = std::make_unique<policy::v1::GetProjectResponse>();
  *response->mutable_project() = *policy.state->FindProject(request.name());
  return std::unique_ptr<Message>(std::move(response));
}

absl::StatusOr<std::unique_ptr<Message>> ListProjects(
    const DurablePolicy& policy, const PageTokens& tokens,
    const rpc::CallContext& context,
    const policy::v1::ListProjectsRequest& request) {
  const absl::StatusOr<int> size =
      PageSize(request.page_size(), kDefaultProjectsPageSize);
  if (!size.ok()) return size.status();
  const absl::StatusOr<std::string> after =
      tokens.Open(context, "", request.page_token());
  if (!after.ok()) return after.status();
  auto response = std::make_unique<policy::v1::ListProjectsResponse>();
  const auto& projects = policy.state->projects();
  std::string last;
  for (auto it = projects.upper_bound(*after); it != projects.end(); ++it) {
    if (it->second->state() == policy::v1::PROJECT_STATE_DELETED) continue;
    if (response->projects_size() == *size) {
      absl::StatusOr<std::string> token = tokens.Make(context, "", last);
      if (!token.ok()) return token.status();
      response->set_next_page_token(*std::move(token));
      break;
    }
    *response->add_projects() = *it->second;
    last = it->first;
  }
  return std::unique_ptr<Message>(std::move(response));
}

absl::StatusOr<std::unique_ptr<Message>> GetPolicy(
    const DurablePolicy& policy, const PageTokens& tokens,
    const rpc::CallContext& context,
    const policy::v1::GetPolicyRequest& request) {
  const std::string& parent = request.parent();
  const absl::StatusOr<ResourceName> name =
      ResourceName::Parse(parent, "parent");
  if (!name.ok()) return name.status();
  if (name->kind() != ResourceKind::kSystem &&
      name->kind() != ResourceKind::kProject) {
    return FieldError("parent", "must be 'system' or a project");
  }
  const absl::StatusOr<int> size =
      PageSize(request.page_size(), kDefaultPolicyPageSize);
  if (!size.ok()) return size.status();
  const absl::StatusOr<std::string> opened =
      tokens.Open(context, parent, request.page_token());
  if (!opened.ok()) return opened.status();
  absl::Status exists = CheckParent(*policy.state, parent);
  if (!exists.ok()) return exists;
  Place from = DecodePlace(*opened);
  const uint64_t generation = policy.GenerationOf(parent);
  if (!opened->empty() && from.generation != generation) {
    return MakeError(absl::StatusCode::kAborted, kEtagMismatch,
                     "the policy of this parent was changed since the page "
                     "before: begin again");
  }
  auto response = std::make_unique<GetPolicyResponse>();
  response->set_etag(ParentEtag(policy, parent));
  response->set_revision(policy.revision());
  PageFiller page(parent, std::move(from), *size);
  const bool whole =
      page.Fill('r', policy.state->roles(),
                [&](const auto& role) { *response->add_roles() = role; }) &&
      page.Fill('s', policy.state->bindings(),
                [&](const auto& b) { *response->add_bindings() = b; }) &&
      page.Fill('t', policy.state->deny_rules(),
                [&](const auto& d) { *response->add_deny_rules() = d; });
  if (!whole) {
    Place next = page.last();
    next.generation = generation;
    absl::StatusOr<std::string> token =
        tokens.Make(context, parent, EncodePlace(next));
    if (!token.ok()) return token.status();
    response->set_next_page_token(*std::move(token));
  }
  return std::unique_ptr<Message>(std::move(response));
}

}  // namespace keyward::policy_service
