// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "libs/rpc/internal_server.h"

#include <cstddef>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "google/protobuf/descriptor.h"
#include "libs/auth/reload_runner.h"
#include "libs/auth/reloading_authenticator.h"
#include "libs/base/error.h"
#include "libs/rpc/internal_service.h"
#include "libs/rpc/metrics.h"
#include "libs/rpc/reloading_server_tls.h"
#include "libs/rpc/server.h"
#include "libs/rpc/server_credentials.h"
#include "libs/rpc/server_limits.h"
#include "libs/rpc/workload_identity.h"

namespace keyward::rpc {
namespace {

using google::protobuf::ServiceDescriptor;

// Verified certificates that are remembered: a gateway's, the services' and
// their successors', several times over.
constexpr size_t kCachedCredentials = 256;

std::set<std::string> IdsOf(const config::v1::CallerList& list) {
  return {list.spiffe_ids().begin(), list.spiffe_ids().end()};
}

}  // namespace

absl::StatusOr<InternalCallers> CallersOf(
    const ServiceDescriptor* service, const config::v1::AllowedCallers& allowed,
    const InternalCallers& default_callers) {
  if (allowed.methods().empty()) return default_callers;
  const std::string prefix = absl::StrCat(service->full_name(), "/");
  InternalCallers callers;
  const auto star = allowed.methods().find(absl::StrCat(prefix, "*"));
  if (star != allowed.methods().end()) {
    for (int i = 0; i < service->method_count(); ++i) {
      callers[service->method(i)->name()] = IdsOf(star->second);
    }
  }
  for (const auto& entry : allowed.methods()) {
    absl::string_view method = entry.first;
    const bool ours = absl::ConsumePrefix(&method, prefix);
    if (ours && method == "*") continue;
    if (!ours || service->FindMethodByName(std::string(method)) == nullptr) {
      return FieldError(
          absl::StrCat("allowed_callers.methods.", entry.first),
          absl::StrCat("must be ", prefix, "* or one of its methods"));
    }
    callers[std::string(method)] = IdsOf(entry.second);
  }
  return callers;
}

absl::StatusOr<std::unique_ptr<InternalServer>> InternalServer::Create(
    const InternalServerOptions& options, const ServiceDescriptor* service,
    InternalMethods methods, Metrics* metrics, const Clock* clock) {
  auto server = absl::WrapUnique(new InternalServer);
  absl::StatusOr<std::unique_ptr<ReloadingServerTls>> tls =
      ReloadingServerTls::Create(options.tls, ClientCertificate::kRequired,
                                 clock);
  if (!tls.ok()) return tls.status();
  server->tls_ = *std::move(tls);
  absl::StatusOr<std::unique_ptr<auth::ReloadingAuthenticator>> authenticator =
      auth::ReloadingAuthenticator::Create(options.trust, kCachedCredentials,
                                           clock);
  if (!authenticator.ok()) return authenticator.status();
  server->authenticator_ = *std::move(authenticator);
  const absl::StatusOr<InternalCallers> callers =
      CallersOf(service, options.allowed_callers, options.default_callers);
  if (!callers.ok()) return callers.status();
  absl::StatusOr<std::unique_ptr<InternalService>> internal =
      InternalService::Create(
          service, std::move(methods), *callers,
          VerifiedWorkload(server->authenticator_->authenticator()));
  if (!internal.ok()) return internal.status();
  server->service_ = *std::move(internal);
  server->handler_ =
      std::make_unique<MeteredHandler>(server->service_.get(), metrics, clock);
  ServerOptions serve;
  serve.address = options.address;
  serve.tls = server->tls_->tls();
  serve.services = {{service, server->handler_.get()}};
  serve.limits = InternalServerLimits();
  serve.log = options.log;
  absl::StatusOr<std::unique_ptr<Server>> running =
      Server::Create(std::move(serve), clock);
  if (!running.ok()) return running.status();
  server->server_ = *std::move(running);
  return server;
}

std::vector<auth::ReloadRunner::Set> InternalServer::files() {
  return {{"tls certificate", tls_->files()},
          {"bundles", authenticator_->files()}};
}

}  // namespace keyward::rpc
