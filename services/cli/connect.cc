// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/connect.h"

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "libs/base/file_util.h"
#include "libs/client/channel.h"
#include "libs/client/grpc_transport.h"
#include "libs/crypto/secret_buffer.h"
#include "services/cli/failure.h"
#include "services/cli/version.h"

namespace keyward::cli {
namespace {

constexpr size_t kMaxCertificates = 1 << 20;  // a bundle of 64 has 100 KiB
constexpr size_t kMaxKey = 16 << 10;          // RSA with 8192 bits has 6 KiB

constexpr char kNoInstallation[] =
    "say where the gateway is: KEYWARD_ADDR, KEYWARD_CA, KEYWARD_CERT and "
    "KEYWARD_KEY, or `keyward context set`; there is no installation in this "
    "machine's default folder";

absl::StatusOr<crypto::SecretBuffer> ReadKey(const std::string& path) {
  crypto::SecretBuffer key(kMaxKey);
  absl::StatusOr<size_t> size = ReadPrivateFile(path, key.MutableSecret());
  if (!size.ok()) return size.status();
  key.Truncate(*size);
  return key;
}

// The message with the file that it is about.
absl::Status About(const std::string& path, const absl::Status& error) {
  return absl::Status(error.code(), absl::StrCat(path, ": ", error.message()));
}

absl::Status Load(const client::Settings& settings,
                  client::ChannelMaterial* material) {
  absl::StatusOr<std::string> authorities =
      ReadFileBounded(settings.ca_file, kMaxCertificates);
  if (!authorities.ok()) return authorities.status();
  material->authorities = *std::move(authorities);
  if (settings.cert_file.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> chain =
      ReadFileBounded(settings.cert_file, kMaxCertificates);
  if (!chain.ok()) return chain.status();
  material->certificate_chain = *std::move(chain);
  absl::StatusOr<crypto::SecretBuffer> key = ReadKey(settings.key_file);
  if (!key.ok()) return key.status();
  material->private_key = *std::move(key);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<client::Transport>> Connect(
    const client::Settings& settings, absl::Time now) {
  client::ChannelMaterial material;
  material.address = settings.address;
  material.server_id = settings.server_id;
  material.user_agent = absl::StrCat("keyward/", kVersion);
  absl::Status loaded = Load(settings, &material);
  if (absl::IsNotFound(loaded)) return WithHint(loaded, kNoInstallation);
  if (!loaded.ok()) return loaded;
  auto channel = client::NewGatewayChannel(std::move(material), now);
  if (!channel.ok()) {
    return WithHint(
        About(
            settings.cert_file.empty() ? settings.ca_file : settings.cert_file,
            channel.status()),
        "`keyward identity issue NAME` makes a new development identity");
  }
  return std::make_unique<client::GrpcTransport>(*std::move(channel),
                                                 settings.token_file);
}

}  // namespace keyward::cli
