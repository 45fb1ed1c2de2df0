// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

#include "services/cli/value_source.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/crypto/crc32c.h"
#include "services/cli/failure.h"

namespace keyward::cli {
namespace {

// The contract's own bounds and default.
constexpr int32_t kMinGenerated = 16;
constexpr int32_t kMaxGenerated = 4096;
constexpr char kDefaultGenerated[] = "32";

absl::StatusOr<crypto::SecretBuffer> ReadFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    const std::string message = absl::StrCat(path, ": ", strerror(error));
    return error == ENOENT ? absl::NotFoundError(message)
                           : absl::FailedPreconditionError(message);
  }
  absl::StatusOr<crypto::SecretBuffer> value =
      ReadAll(fd, kMaxPayloadBytes, path);
  close(fd);
  return value;
}

absl::StatusOr<SecretValue> PayloadFrom(
    absl::StatusOr<crypto::SecretBuffer> read, const std::string& what) {
  if (!read.ok()) return read.status();
  if (read->empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": is empty; a secret has at least one byte"));
  }
  SecretValue value;
  value.payload = *std::move(read);
  return value;
}

absl::StatusOr<SecretValue> Generated(const std::string& text) {
  SecretValue value;
  if (!absl::SimpleAtoi(text, &value.generate_length) ||
      value.generate_length < kMinGenerated ||
      value.generate_length > kMaxGenerated) {
    return UsageError(absl::StrCat("--generate takes a length of ",
                                   kMinGenerated, " to ", kMaxGenerated,
                                   " characters: --generate=48"));
  }
  return value;
}

}  // namespace

void AddValueOptions(CLI::App* command, ValueOptions* options) {
  command->add_option("--from-file", options->from_file,
                      "Read the value from this file, every byte of it");
  command
      ->add_option("SOURCE", options->dash,
                   "- reads the value from standard input")
      ->check(CLI::IsMember({"-"}))
      ->option_text("[-]");
  command->add_flag(
      absl::StrCat("--generate{", kDefaultGenerated, "}"), options->generate,
      "Let the server make the value (=LENGTH characters, default 32), so "
      "that nobody sees it");
}

absl::StatusOr<crypto::SecretBuffer> ReadAll(int fd, size_t max_bytes,
                                             const std::string& what) {
  // One byte more than allowed, to tell the bound from the end.
  crypto::SecretBuffer buffer(max_bytes + 1);
  size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got =
        read(fd, buffer.MutableSecret().data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return absl::FailedPreconditionError(
          absl::StrCat(what, ": ", strerror(errno)));
    }
    if (got == 0) break;
    size += static_cast<size_t>(got);
  }
  if (size > max_bytes) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, ": is longer than ", max_bytes, " bytes"));
  }
  buffer.Truncate(size);
  return buffer;
}

absl::StatusOr<absl::optional<SecretValue>> ReadValue(
    const ValueOptions& options, const Environment& environment) {
  const int sources = !options.from_file.empty() + !options.dash.empty() +
                      !options.generate.empty();
  if (sources > 1) {
    return UsageError("give the value once: --from-file, - or --generate");
  }
  if (sources == 0) return absl::nullopt;
  absl::StatusOr<SecretValue> value;
  if (!options.generate.empty()) {
    value = Generated(options.generate);
  } else if (options.dash.empty() && options.from_file != "-") {
    value = PayloadFrom(ReadFile(options.from_file), options.from_file);
  } else {
    const std::string what = "standard input";
    value =
        PayloadFrom(ReadAll(environment.in_fd, kMaxPayloadBytes, what), what);
  }
  if (!value.ok()) return value.status();
  return absl::make_optional(*std::move(value));
}

secrets::v1::SecretPayload ToPayload(const crypto::SecretBuffer& value) {
  secrets::v1::SecretPayload payload;
  // In place: setting it from a view would leave a copy in a temporary.
  std::string* data = payload.mutable_data();
  data->resize(value.size());
  std::memcpy(data->data(), value.ExposeSecret().data(), value.size());
  payload.set_data_crc32c(crypto::Crc32c(value.ExposeSecret()));
  return payload;
}

}  // namespace keyward::cli
