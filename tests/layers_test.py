#!/usr/bin/env python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A fence that lets everything pass would go unnoticed."""

import unittest

import layers


def fenced(path, included):
    return any(
        what.match(included) and not where.match(path)
        for what, where, _ in layers.FENCES
    )


class FencesTest(unittest.TestCase):
    def test_openssl_stays_behind_crypto_and_rpc(self):
        self.assertFalse(fenced("libs/crypto/aead.cc", "openssl/evp.h"))
        self.assertFalse(fenced("libs/rpc/tls.cc", "openssl/ssl.h"))
        self.assertTrue(fenced("libs/auth/jwt.cc", "openssl/evp.h"))
        self.assertTrue(fenced("services/store/core.cc", "openssl/evp.h"))

    def test_rocksdb_stays_behind_kv(self):
        self.assertFalse(fenced("libs/kv/rocks_engine.cc", "rocksdb/db.h"))
        self.assertTrue(fenced("services/audit/log.cc", "rocksdb/db.h"))

    def test_core_of_a_service_has_no_grpc(self):
        generated = "proto/keyward/secrets/v1/secret.grpc.pb.h"
        self.assertTrue(fenced("services/store/core.cc", generated))
        self.assertTrue(fenced("services/store/core.h", "grpcpp/grpcpp.h"))
        self.assertTrue(fenced("libs/policy/evaluator.cc", "grpcpp/grpcpp.h"))
        self.assertFalse(fenced("services/store/main.cc", "grpcpp/grpcpp.h"))
        self.assertFalse(fenced("services/store/store_face.cc", generated))

    def test_messages_alone_are_no_grpc(self):
        messages = "proto/keyward/secrets/v1/secret.pb.h"
        self.assertFalse(fenced("services/store/core.cc", messages))


class LayersTest(unittest.TestCase):
    def test_dependencies_point_downwards(self):
        allowed = [
            ("services/store/core.cc", "libs/kv/engine.h"),
            ("libs/kv/engine.cc", "libs/base/clock.h"),
            ("libs/base/error.cc", "google/rpc/status.pb.h"),
            ("services/standalone/main.cc", "services/store/core.h"),
            ("tests/integration/a.cc", "services/store/core.h"),
        ]
        for path, included in allowed:
            self.assertIsNone(layers.layer_offence(path, included), path)

    def test_dependencies_do_not_point_upwards_or_sideways(self):
        refused = [
            ("libs/kv/engine.cc", "services/store/core.h"),
            ("libs/base/error.cc", "libs/rpc/status.h"),
            ("services/store/core.cc", "services/audit/core.h"),
            ("services/store/core.cc", "tests/integration/util.h"),
        ]
        for path, included in refused:
            self.assertIsNotNone(layers.layer_offence(path, included), path)


if __name__ == "__main__":
    unittest.main()
