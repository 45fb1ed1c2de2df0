// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// What is encrypted, and the files of keys (P5, P6). Each box here has one form
// that opens, which the corpus has and FORMAT.md pages show; whatever else the
// input is, it opens nothing.

#include <memory>
#include <string>

#include "libs/audit/log_key.h"
#include "libs/base/byte_order.h"
#include "libs/base/hex.h"
#include "libs/crypto/crc32c.h"
#include "libs/crypto/fake_random.h"
#include "libs/crypto/key_file_seal.h"
#include "libs/crypto/length_prefixed.h"
#include "libs/crypto/root_key.h"
#include "libs/crypto/secret_buffer.h"
#include "services/store/envelope.h"
#include "tests/fault/fuzz/fuzz.h"

namespace keyward::fuzz {
namespace {

using crypto::SealLabel;
using crypto::SecretBuffer;

std::string Ascending(char first, size_t count) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) {
    bytes.push_back(static_cast<char>(first + static_cast<char>(i)));
  }
  return bytes;
}

// The examples of libs/crypto/FORMAT.md and services/store/FORMAT.md, made by
// the code that writes them.
struct World {
  crypto::FakeRandom random;
  std::unique_ptr<crypto::KeyFileSeal> seal;
  std::string wrapped;  // 80 81 ... 9f for the store, ("example")
  std::string log_key_file;
  const SecretBuffer kek = SecretBuffer::CopyOf(std::string(32, 'k'));
  const store::VersionBinding version{"installation-16b",
                                      "projects/p/secrets/s", "uid1", 7};
  const store::KeyBinding key{"projects/p/keys/default", "kuid", 3};
  std::string box;  // the wrapped data key, then the sealed payload
  size_t wrapped_size = 0;

  World() {
    crypto::RootKey root;
    root.installation_id = "6f1c2a3b-4c5d-4e6f-8a9b-acbdcedfe0f1";
    root.key = SecretBuffer::CopyOf(Ascending(0, 32));
    seal = crypto::KeyFileSeal::Create(root, &random).value();
    random.Queue(HexDecode("cafebabefacedbaddecaf888").value());
    wrapped = seal->Wrap(SealLabel::kStore, Example(),
                         SecretBuffer::CopyOf(Ascending('\x80', 32)))
                  .value();
    random.Queue(std::string(32, 's') + "log-key-nonc");
    log_key_file =
        audit::NewLogKeyFile("keyward.example/log", seal.get(), random).value();
    random.Queue(std::string(32, 'd') + "payloadnonce" + "wrap-a-nonce");
    const store::SealedVersion sealed =
        store::SealVersion(version, key, kek, "hunter2", random).value();
    wrapped_size = sealed.wrapped_data_key.size();
    box = sealed.wrapped_data_key + sealed.sealed_payload;
  }

  static std::string Example() {
    return crypto::LengthPrefixed().Add("example").bytes();
  }
};

const World& TheWorld() {
  static const World& world = *new World;
  return world;
}

void CheckRootKey(absl::string_view file) {
  const auto root = crypto::ParseRootKey(file);
  if (root.ok()) {
    FUZZ_CHECK(crypto::EncodeRootKey(*root).value().Equals(file));
  } else {
    FUZZ_CHECK(absl::IsDataLoss(root.status()) ||
               absl::IsFailedPrecondition(root.status()));
  }
}

void CheckWrapped(absl::string_view wrapped) {
  const World& world = TheWorld();
  const auto opened =
      world.seal->Unwrap(SealLabel::kStore, World::Example(), wrapped);
  FUZZ_CHECK(opened.ok() == (wrapped == world.wrapped));
  if (opened.ok()) FUZZ_CHECK(opened->Equals(Ascending('\x80', 32)));
  FUZZ_CHECK(
      !world.seal->Unwrap(SealLabel::kAudit, World::Example(), wrapped).ok());
  FUZZ_CHECK(!world.seal->Unwrap(SealLabel::kStore, "other", wrapped).ok());
}

void CheckLogKeyFile(absl::string_view file) {
  const World& world = TheWorld();
  const auto key = audit::OpenLogKeyFile(file, world.seal.get());
  FUZZ_CHECK(key.ok() == (file == world.log_key_file));
}

// As the store keeps the two boxes of a version.
void CheckVersion(absl::string_view bytes) {
  const World& world = TheWorld();
  const absl::string_view wrapped = bytes.substr(0, world.wrapped_size);
  const absl::string_view sealed = bytes.substr(wrapped.size());
  const auto opened =
      store::OpenVersion(world.version, world.key, world.kek, wrapped, sealed);
  FUZZ_CHECK(opened.ok() == (bytes == world.box));
  if (opened.ok()) {
    FUZZ_CHECK(opened->data() == "hunter2" && opened->crc32c == 0x6780dc6b);
  } else {
    FUZZ_CHECK(absl::IsDataLoss(opened.status()));
  }
  // It is no other version's, though its secret has the same name.
  store::VersionBinding other = world.version;
  other.number = 8;
  FUZZ_CHECK(
      !store::OpenVersion(other, world.key, world.kek, wrapped, sealed).ok());
  other = world.version;
  other.secret_uid = "uid2";
  FUZZ_CHECK(!store::CheckDataKey(other, world.key, world.kek, wrapped).ok());
}

}  // namespace
}  // namespace keyward::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace keyward::fuzz;  // NOLINT(build/namespaces)
  const absl::string_view text = Text(data, size);
  CheckRootKey(text);
  // With the checksum that belongs to it, which hardly a change leaves right.
  std::string summed(text);
  keyward::PutBigEndian32(&summed, keyward::crypto::Crc32c(text));
  CheckRootKey(summed);
  CheckWrapped(text);
  CheckLogKeyFile(text);
  CheckVersion(text);
  return 0;
}
