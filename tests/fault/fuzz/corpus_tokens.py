# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Seeds of credentials in formats of others: JSON, tokens, key sets,
certificates; see make_corpus.py."""

import base64
import json
import os
import re

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature)

from corpus_formats import b64url
from corpus_texts import CANARY

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
CERTIFICATES = os.path.join(ROOT, "libs", "auth", "testdata")


def credentials():
    good = {"engine": "postgres", "host": "db.example.org", "port": 5432,
            "username": "app", "password": CANARY, "database": "app",
            "params": {"sslmode": "require"}}
    short = {key: good[key] for key in
             ("engine", "host", "port", "username", "password")}
    return {
        "all-members": json.dumps(good),
        "required-members": json.dumps(short),
        "twice": json.dumps(short)[:-1] + f', "password": "{CANARY}2"}}',
        "param-twice": json.dumps(short)[:-1] +
                       ', "params": {"a": "1", "a": "2"}}',
        "missing": json.dumps({**short, "port": None}),
        "unknown": json.dumps({**short, CANARY: CANARY}),
        "port-as-text": json.dumps({**short, "port": "5432"}),
        "port-too-large": json.dumps({**short, "port": 65536}),
        "port-not-whole": json.dumps(short).replace("5432", "5.432e3"),
        "port-negative": json.dumps({**short, "port": -1}),
        "nested": json.dumps({**short, "params": {"a": {"b": CANARY}}}),
        "list": f'["{CANARY}"]',
        "cut": json.dumps(good)[:-20],
        "surrogate": json.dumps({**short, "host": "\ud800"}),
    }


# What SigningKeyForTesting makes in the unit tests of libs/auth, but kept.
TOKEN_TIME = 1800000000


def jwt():
    ec_key = ec.generate_private_key(ec.SECP256R1())
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    claims = {"iss": "https://corp", "sub": "alice", "aud": "keyward",
              "exp": TOKEN_TIME + 3600, "iat": TOKEN_TIME, "jti": "id1"}

    def part(value):
        return b64url(json.dumps(value, separators=(",", ":")).encode())

    def signed(alg, header=None, **changes):
        text = part(header or {"alg": alg, "kid": alg, "typ": "JWT"})
        text += "." + part({**claims, **changes})
        if alg == "ES256":
            r, s = decode_dss_signature(
                ec_key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        else:
            signature = rsa_key.sign(
                text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{text}.{b64url(signature)}"

    def number(value, size):
        return b64url(value.to_bytes(size, "big"))

    point = ec_key.public_key().public_numbers()
    modulus = rsa_key.public_key().public_numbers()
    jwks = {"keys": [
        {"kty": "EC", "crv": "P-256", "kid": "ES256",
         "x": number(point.x, 32), "y": number(point.y, 32)},
        {"kty": "RSA", "kid": "RS256", "n": number(modulus.n, 256),
         "e": "AQAB"}]}
    tokens = {alg: signed(alg) for alg in ("ES256", "RS256")}
    write_keys(jwks, tokens)

    header = json.dumps({"alg": "ES256", "kid": "ES256", "typ": "at+jwt"})
    body = json.dumps(claims)
    unsigned = ".".join(tokens["ES256"].split(".")[:2])
    return {
        "good-ec": tokens["ES256"],
        "good-rsa": tokens["RS256"],
        # Signed as they should be, and still not for us, or not now.
        "other-audience": signed("ES256", aud="other"),
        "other-issuer": signed("ES256", iss="https://evil"),
        "expired": signed("ES256", exp=TOKEN_TIME),
        "too-long-a-life": signed("ES256", exp=TOKEN_TIME + 90000),
        "key-of-another-algorithm": signed(
            "ES256", {"alg": "ES256", "kid": "RS256"}),
        "no-signature": unsigned + ".",
        "none": part({"alg": "none"}) + "." + part(claims) + ".",
        "two-parts": unsigned,
        "parts": f"{header}\n{body}",
        "parts-list-of-audiences": f"{header}\n" + json.dumps(
            {**claims, "aud": ["a", "keyward"], "nbf": 1.5}),
        "parts-own-key": json.dumps({"alg": "RS256", "jwk": {}}) + f"\n{body}",
        "parts-crit": json.dumps({"alg": "RS256", "crit": ["b64"]}) + f"\n{body}",
        "parts-hmac": json.dumps({"alg": "HS256"}) + f"\n{body}",
        "parts-twice": f'{header}\n{body[:-1]}, "sub": "root"}}',
        "parts-deep": f'{header}\n{body[:-1]}, "x": ' + "[" * 20 + "]" * 20 + "}",
        "parts-canary": f"{header}\n" + json.dumps(
            {**claims, "sub": CANARY, "exp": CANARY}),
        "canary": f"{CANARY}.{CANARY}.{CANARY}",
    }


def write_keys(jwks, tokens):
    """jwt_keys.h: the public halves, and the two tokens that are good."""
    def constant(name, value):
        lines = [value[at:at + 70] for at in range(0, len(value), 70)]
        return f"inline constexpr char {name}[] =\n" + "\n".join(
            f'    R"({line})"' for line in lines) + ";\n"

    with open(os.path.join(HERE, "jwt_keys.h"), "w", encoding="utf-8") as file:
        file.write(f"""\
// Copyright 2026 The Keyward Authors
// SPDX-License-Identifier: Apache-2.0

// Written by make_corpus.py, together with the seeds of jwt.

#ifndef KEYWARD_TESTS_FAULT_FUZZ_JWT_KEYS_H_
#define KEYWARD_TESTS_FAULT_FUZZ_JWT_KEYS_H_

#include <cstdint>

namespace keyward::fuzz {{

// When the tokens were made, in seconds since 1970.
inline constexpr int64_t kTokenTime = {TOKEN_TIME};

// clang-format off
// The issuer's public keys. The private ones were thrown away.
{constant("kJwks", json.dumps(jwks, separators=(",", ":")))}
// What they signed for us.
{constant("kEcToken", tokens["ES256"])}
{constant("kRsaToken", tokens["RS256"])}// clang-format on

}}  // namespace keyward::fuzz

#endif  // KEYWARD_TESTS_FAULT_FUZZ_JWT_KEYS_H_
""")


def jwks():
    point = ec.derive_private_key(7, ec.SECP256R1()).public_key()
    numbers = point.public_numbers()
    x, y = (b64url(value.to_bytes(32, "big"))
            for value in (numbers.x, numbers.y))
    elliptic = {"kty": "EC", "crv": "P-256", "kid": "a", "x": x, "y": y}
    modulus = b64url(b"\xc1" + b"\x5a" * 254 + b"\x01")
    rsa_key = {"kty": "RSA", "kid": "b", "n": modulus, "e": "AQAB"}

    def key_set(*keys):
        return json.dumps({"keys": list(keys)})

    return {
        "both": key_set(elliptic, {**rsa_key, "use": "sig", "alg": "RS256"}),
        "one-without-name": key_set({**elliptic, "kid": "only"}).replace(
            ', "kid": "only"', ""),
        "private": key_set({**elliptic, "d": CANARY}),
        "symmetric": key_set(elliptic, {"kty": "oct", "k": CANARY}),
        "for-something-else": key_set(
            elliptic, {**rsa_key, "use": "enc"}, {"kty": "OKP"},
            {**rsa_key, "key_ops": ["sign"]}),
        "same-name": key_set(elliptic, {**rsa_key, "kid": "a"}),
        "not-on-the-curve": key_set({**elliptic, "y": x}),
        "short-coordinate": key_set({**elliptic, "x": x[:-4]}),
        "small-modulus": key_set({**rsa_key, "n": b64url(b"\xff" * 128)}),
        "exponent-one": key_set({**rsa_key, "e": "AQ"}),
        "even-modulus": key_set({**rsa_key, "n": modulus[:-1] + "C"}),
        "no-keys": '{"keys": []}',
        "not-a-list": '{"keys": {"a": 1}}',
        "deep": '{"keys": ' + "[" * 20 + "]" * 20 + "}",
        "twice": '{"a": 1, "a": 2}',
        "numbers": '{"a": [-0, -0.0, 1e400, 18446744073709551616, 1e-400]}',
    }


def pem_of(certificate):
    path = os.path.join(CERTIFICATES, certificate + ".pem")
    with open(path, encoding="utf-8") as file:
        return file.read()


def certificate():
    seeds = {}
    for chosen in (
            "payments", "payments-with-dns", "store", "intermediate",
            "corp-ca", "two-ids", "by-other-domain", "authority-leaf",
            "no-key-usage", "client-only", "dotted-id", "no-name"):
        lines = pem_of(chosen).split("\n")
        body = "".join(line for line in lines if not line.startswith("-----"))
        seeds[chosen] = base64.b64decode(body)
    with open(os.path.join(ROOT, "libs", "crypto", "test_certificates.h"),
              encoding="utf-8") as file:
        found = re.search(r"kTestCertificate\[\] = R\"\((.*?)\)\"",
                          file.read(), re.DOTALL)
    lines = found.group(1).split("\n")
    seeds["names-of-all-kinds"] = base64.b64decode(
        "".join(line for line in lines if not line.startswith("-----")))
    return seeds


def pem():
    with open(os.path.join(ROOT, "libs", "crypto", "test_certificates.h"),
              encoding="utf-8") as file:
        constants = dict(re.findall(
            r"(kTest\w+)\[\] =\s+R\"\((.*?)\)\"", file.read(), re.DOTALL))
    leaf = constants["kTestCertificate"]
    key = constants["kTestPkcs8Key"]
    return {
        "payload": leaf + key,
        "payload-key-first": constants["kTestEcParameters"] +
                             constants["kTestSec1Key"] + leaf,
        "payload-two-keys": leaf + key + key,
        "payload-encrypted": leaf + constants["kTestEncryptedPkcs8Key"],
        "payload-encrypted-old": leaf + constants["kTestEncryptedSec1Key"],
        "payload-of-an-authority": pem_of("corp-ca") + key,
        "bundle": pem_of("corp-ca") + pem_of("other-ca"),
        "bundle-with-leaf": pem_of("corp-ca") + pem_of("payments"),
        "chain": pem_of("payments-by-intermediate") + pem_of("intermediate"),
        "crlf": leaf.replace("\n", "\r\n"),
        "text-between": f"{CANARY}\n{leaf}{CANARY}\n{leaf}",
        "other-block": f"-----BEGIN {CANARY}-----\nAAAA\n-----END {CANARY}-----\n",
        "canary-inside": leaf.replace("MIICaTCC", CANARY),
        "cut": leaf[:300],
        "empty": "",
    }


SEEDS = {
    "certificate": certificate,
    "credentials": credentials,
    "jwks": jwks,
    "jwt": jwt,
    "pem": pem,
}
