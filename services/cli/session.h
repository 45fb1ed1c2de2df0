// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#ifndef KEYWARD_SERVICES_CLI_SESSION_H_
#define KEYWARD_SERVICES_CLI_SESSION_H_

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "libs/client/gateway_client.h"
#include "libs/client/pinned_checkpoint.h"
#include "libs/client/settings.h"
#include "services/cli/environment.h"
#include "services/cli/json_output.h"

namespace keyward::cli {

// What can be said of any command.
struct GlobalOptions {
  std::string context;
  std::string project;
  bool json = false;
  absl::Duration timeout = client::kDefaultCallTimeout;
};

// One run of one command: who it talks to and how it prints. Settings are read
// and the connection is made when they are first needed, so that what works
// offline needs neither. For one thread.
class Session {
 public:
  // `environment` outlives the session.
  Session(const Environment* environment, GlobalOptions options);
  ~Session();

  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const Environment& environment() const { return *environment_; }
  bool json() const { return options_.json; }
  std::ostream& out() { return *environment_->out; }
  std::ostream& err() { return *environment_->err; }
  absl::Time Now() const { return environment_->clock->Now(); }

  // The installation's folder on this machine: KEYWARD_HOME, or the default.
  std::string home() const;

  // Errors of ResolveSettings and of the file of contexts.
  absl::StatusOr<const client::Settings*> settings();

  // The id of the project in use; errors as settings().
  absl::StatusOr<std::string> project();

  // Errors as settings(), and those of reading the credentials.
  absl::StatusOr<client::GatewayClient*> gateway();

  // A unary call; errors as gateway() and those of the call.
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(Request request) {
    absl::StatusOr<client::GatewayClient*> client = gateway();
    if (!client.ok()) return client.status();
    return (*client)->Call<Response>(std::move(request));
  }

  // All pages of a list, merged into one answer without a token, at most
  // `limit` items where that is positive: the items of a page are counted by
  // `count`. A page may be empty and yet not be the last.
  template <typename Response, typename Request>
  absl::StatusOr<Response> List(
      Request request, int64_t limit,
      absl::FunctionRef<int64_t(const Response&)> count) {
    Response all;
    while (true) {
      if (limit > 0) {
        const int64_t left = limit - count(all);
        if (left <= 0) break;
        request.set_page_size(
            static_cast<int32_t>(left < kPageSize ? left : int64_t{kPageSize}));
      }
      absl::StatusOr<Response> page = Call<Response>(request);
      if (!page.ok()) return page.status();
      request.set_page_token(page->next_page_token());
      all.MergeFrom(*page);
      if (request.page_token().empty()) break;
    }
    all.clear_next_page_token();
    return all;
  }

  // A streaming call, see GatewayClient::Stream.
  template <typename Response, typename Request>
  absl::Status Stream(const Request& request,
                      absl::FunctionRef<absl::Status(Response*)> each) {
    absl::StatusOr<client::GatewayClient*> client = gateway();
    if (!client.ok()) return client.status();
    return (*client)->Stream<Response>(request, each);
  }

  // With `--output json`, prints `message`; otherwise the text that `table`
  // makes of it.
  absl::Status Print(const google::protobuf::Message& message,
                     absl::FunctionRef<std::string()> table);

  // The pinned checkpoints of this person.
  client::PinStore pins() const;

  // The file of contexts.
  std::string contexts_path() const;

 private:
  // The largest page that the contracts allow.
  static constexpr int32_t kPageSize = 1000;

  const Environment* const environment_;
  const GlobalOptions options_;
  std::unique_ptr<client::Settings> settings_;
  std::unique_ptr<client::Transport> transport_;
  std::unique_ptr<client::GatewayClient> client_;
};

// What the command line asks for, once it is parsed.
using Command = std::function<absl::Status(Session&)>;

}  // namespace keyward::cli

#endif  // KEYWARD_SERVICES_CLI_SESSION_H_
