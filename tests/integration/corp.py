# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A second trust domain, corp.test, with an authority of the tests' own.

It stands beside the development CA, whose key nobody but Keyward can use.
"""

import os
import subprocess

import grpc

import forge
from client import Client, details_of, error_of

READER = "spiffe://corp.test/reader"


def initialize(keyward):
    """Makes the installation's keys before anything is started."""
    subprocess.run(
        [keyward.binary("keyward-standalone"), "--home", keyward.home,
         "--init"], check=True, capture_output=True)


def believe_corp(keyward):
    initialize(keyward)
    keyward.corp = forge.authority("corp")
    bundle = forge.write(
        os.path.join(keyward.folder, "corp-bundle.pem"), keyward.corp.pem())
    development = os.path.join(keyward.home, "keys", "ca.pem")
    keyward.set(
        f"trust_domains=[{{name: keyward.internal, bundle_file: "
        f"'{development}'}}, {{name: corp.test, bundle_file: '{bundle}'}}]",
        "reload.interval=1s")


def grant(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        if error_of(admin.create, "db", b"for the reader") is None:
            admin.bind("reader", "secrets.accessor", READER,
                       "projects/default/secrets/db")
        # What a stolen name would give.
        assert admin.access("db") == b"for the reader"


def files(keyward, certificate, name="caller"):
    """The certificate as an identity: server's authority, its own files."""
    return keyward.identity("admin")[0], *certificate.save(
        keyward.folder, name)


def workload(keyward, issuer=None, **options):
    options.setdefault("uris", [READER])
    return forge.Certificate("reader", issuer or keyward.corp, **options)


def assert_unauthenticated(error, message):
    assert error is not None, "the certificate was accepted"
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED, error
    assert error.details() == message, error.details()
    info = details_of(error)["ErrorInfo"]
    assert (info.domain, info.reason) == ("keyward", "UNAUTHENTICATED"), info
