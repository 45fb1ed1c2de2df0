# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Certificates and TLS at a running gateway.

Most are about certificates of the trust domain corp.test.
"""

import os
import socket
import ssl

import grpc

import client
import forge
from client import Client, error_of, eventually
from corp import (
    READER, assert_unauthenticated, believe_corp, files, grant, initialize,
    workload)
from registry import test

Code = grpc.StatusCode

ADMIN = "spiffe://keyward.internal/user/admin"
GATEWAY = "spiffe://keyward.internal/service/gateway"


def read(keyward, certificate):
    with Client(keyward.address, files(keyward, certificate)) as caller:
        return caller.access("db")


def tls(keyward, identity=None):
    """A client that checks the server and offers HTTP/2, as gRPC asks."""
    ca, certificate, key = identity or keyward.identity("admin")
    context = ssl.create_default_context(cafile=ca)
    context.set_alpn_protocols(["h2"])
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


def connect(keyward, context):
    host, port = keyward.address.split(":")
    raw = socket.create_connection((host, int(port)), timeout=client.TIMEOUT)
    try:
        return context.wrap_socket(raw, server_hostname=host)
    except BaseException:
        raw.close()
        raise


def server_certificate(keyward, roots):
    context = ssl.create_default_context(cafile=roots)
    context.set_alpn_protocols(["h2"])
    with connect(keyward, context) as connection:
        return connection.getpeercert(binary_form=True)


def assert_serves(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        assert admin.access("db") == b"for the reader"


# -- accepted ----------------------------------------------------------------


@test(prepare=believe_corp, shared=True)
def a_certificate_is_its_principal_and_is_on_record(keyward):
    grant(keyward)
    certificate = workload(keyward)
    assert read(keyward, certificate) == b"for the reader"
    messages = client.module("keyward.audit.v1.audit_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        answer = admin.audit.QueryEntries(
            messages.QueryEntriesRequest(parent="system", principal=READER),
            timeout=client.TIMEOUT)
    fingerprint = forge.hashlib.sha256(certificate.der()).hexdigest()
    assert [(e.entry.authentication, e.entry.credential_id, e.entry.code)
            for e in answer.entries] == [
                ("mtls", f"certificate:{fingerprint}", 0)]


@test(prepare=believe_corp, shared=True)
def a_certificate_under_an_intermediate_is_accepted_with_its_chain(keyward):
    grant(keyward)
    intermediate = forge.authority("corp intermediate", keyward.corp)
    certificate = workload(keyward, intermediate)
    assert read(keyward, certificate) == b"for the reader"
    # Without the intermediate nobody can tell who signed it.
    certificate.issuer = None
    assert error_of(read, keyward, certificate).code() == Code.UNAVAILABLE


# -- refused, in the handshake -----------------------------------------------


def corp(keyward):
    return keyward.corp


# What is wrong with a certificate: (its issuer, how it is made). TLS itself
# refuses these; a client learns no more than that there is no connection.
NO_CONNECTION = {
    "an_expired_certificate": (corp, {"days": (-3, -1)}),
    "a_certificate_that_is_not_valid_yet": (corp, {"days": (1, 3)}),
    "a_certificate_of_a_foreign_authority":
        (lambda keyward: forge.authority("corp"), {}),
    "a_self_signed_certificate": (lambda keyward: None, {}),
    "a_certificate_signed_by_a_workload": (workload, {}),
    "a_certificate_for_servers_alone":
        (corp, {"extended": forge.BOTH[:1]}),
    "a_certificate_whose_key_may_not_sign":
        (corp, {"key_usage": forge.usage("key_encipherment")}),
}


def no_connection(name, issuer, options):
    def case(keyward):
        grant(keyward)
        certificate = forge.Certificate(
            "reader", issuer(keyward), uris=[READER], **options)
        error = error_of(read, keyward, certificate)
        assert error is not None, "the certificate was accepted"
        assert error.code() == Code.UNAVAILABLE, error
        assert_serves(keyward)

    case.__name__ = name + "_gets_no_connection"
    return test(prepare=believe_corp, shared=True)(case)


for case_name, (case_issuer, case_options) in NO_CONNECTION.items():
    no_connection(case_name, case_issuer, case_options)


# -- refused, by the authenticator -------------------------------------------

# The authority may sign, but not for that domain.
NOT_SIGNED = ("the certificate is not trusted: unable to get local issuer "
              "certificate")

# The same for what TLS lets pass: (how it is made, what its holder is told).
UNAUTHENTICATED = {
    "a_certificate_without_a_spiffe_id":
        ({"uris": [], "names": ["reader.corp.test"]},
         "it carries no SPIFFE id"),
    "a_certificate_with_two_spiffe_ids":
        ({"uris": [READER, ADMIN]}, "it carries more than one URI name"),
    "a_certificate_with_a_spiffe_id_and_another_uri":
        ({"uris": [READER, "https://corp.test/"]},
         "it carries more than one URI name"),
    "a_certificate_with_an_id_of_another_domain":
        ({"uris": [ADMIN]}, NOT_SIGNED),
    "a_certificate_with_the_id_of_a_service":
        ({"uris": ["spiffe://keyward.internal/service/rotation"]},
         NOT_SIGNED),
    "a_certificate_of_a_domain_that_is_not_configured":
        ({"uris": ["spiffe://other.test/reader"]},
         "its trust domain is not configured here"),
    "a_certificate_with_an_id_in_capitals":
        ({"uris": ["spiffe://CORP.test/reader"]},
         "a SPIFFE trust domain must be 1 to 255 of a-z 0-9 . - _"),
    "a_certificate_with_the_id_of_a_whole_domain":
        ({"uris": ["spiffe://corp.test"]},
         "a workload's SPIFFE id must have a path"),
    "a_certificate_with_dots_in_its_path":
        ({"uris": ["spiffe://corp.test/x/../reader"]},
         "a SPIFFE id's path must not have empty, \".\" or \"..\" segments"),
    "a_certificate_with_an_address_instead_of_an_id":
        ({"uris": ["https://corp.test/reader"]},
         "a SPIFFE id must begin with spiffe://"),
    "an_authoritys_certificate":
        ({"authority": True,
          "key_usage": forge.usage("digital_signature", "key_cert_sign")},
         "it is an authority's, not a workload's"),
    "a_certificate_that_may_sign_others":
        ({"key_usage": forge.usage("digital_signature", "crl_sign")},
         "its key usage allows signing, as a workload's must not"),
    "a_certificate_that_agrees_on_keys_and_signs_nothing":
        ({"key_usage": forge.usage("key_agreement")},
         "its key usage lacks digitalSignature"),
    "a_certificate_for_clients_alone":
        ({"extended": forge.BOTH[1:]},
         "its extended key usage must have both serverAuth and clientAuth"),
}


def unauthenticated(name, options, reason):
    def case(keyward):
        grant(keyward)
        error = error_of(read, keyward, workload(keyward, **options))
        assert_unauthenticated(error, f"certificate: {reason}")
        assert_serves(keyward)

    case.__name__ = name + "_is_refused"
    return test(prepare=believe_corp, shared=True)(case)


for case_name, (case_options, case_reason) in UNAUTHENTICATED.items():
    unauthenticated(case_name, case_options, case_reason)


@test(prepare=believe_corp, shared=True)
def an_intermediate_that_is_a_workload_too_is_refused(keyward):
    grant(keyward)
    intermediate = forge.authority("corp intermediate", keyward.corp,
                                   uris=["spiffe://corp.test/intermediate"])
    assert_unauthenticated(
        error_of(read, keyward, workload(keyward, intermediate)),
        "certificate: an intermediate of its chain carries a workload's id")


@test(prepare=believe_corp, shared=True)
def a_servers_certificate_is_no_more_than_its_own_principal(keyward):
    grant(keyward)
    tls_folder = os.path.join(keyward.home, "tls")
    identity = (keyward.identity("admin")[0],
                os.path.join(tls_folder, "gateway.pem"),
                os.path.join(tls_folder, "gateway.key"))
    messages = client.module("keyward.policy.v1.policy_service_pb2")
    with Client(keyward.address, identity) as caller:
        me = caller.policy.GetCallerIdentity(
            messages.GetCallerIdentityRequest(), timeout=client.TIMEOUT)
        assert me.principal == GATEWAY, me
        assert error_of(caller.access, "db").code() == Code.PERMISSION_DENIED


@test(prepare=believe_corp, shared=True)
def a_connection_outlives_its_certificate_and_is_of_no_use(keyward):
    grant(keyward)
    identity = files(keyward, workload(keyward, days=(-1, 3 / 86400)))
    with Client(keyward.address, identity) as caller:
        assert caller.access("db") == b"for the reader"
        error = eventually(lambda: error_of(caller.access, "db"))
        assert_unauthenticated(
            error, "certificate: the certificate is not trusted: certificate "
            "has expired")


# -- TLS itself --------------------------------------------------------------


@test(prepare=believe_corp, shared=True)
def only_tls_1_3_is_spoken(keyward):
    grant(keyward)
    context = tls(keyward)
    with connect(keyward, context) as connection:
        assert connection.version() == "TLSv1.3"
        assert connection.selected_alpn_protocol() == "h2"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    try:
        connect(keyward, context).close()
    except ssl.SSLError:
        # gRPC closes without saying why; its log says it.
        eventually(lambda: "unsupported protocol" in keyward.front.log())
    else:
        raise AssertionError("TLS 1.2 was spoken")
    assert_serves(keyward)


@test(prepare=believe_corp, shared=True)
def no_session_can_be_resumed(keyward):
    grant(keyward)
    with connect(keyward, tls(keyward)) as connection:
        # A ticket would come with the server's first bytes.
        assert connection.recv(1)
        assert not connection.session.has_ticket


@test(prepare=believe_corp, shared=True)
def plaintext_is_not_spoken(keyward):
    grant(keyward)
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    stubs = client.module("keyward.secrets.v1.secret_service_pb2_grpc")
    with grpc.insecure_channel(keyward.address) as channel:
        error = error_of(
            stubs.SecretServiceStub(channel).AccessSecretVersion,
            messages.AccessSecretVersionRequest(
                name="projects/default/secrets/db"),
            timeout=client.TIMEOUT)
        assert error.code() == Code.UNAVAILABLE, error
    host, port = keyward.address.split(":")
    with socket.create_connection((host, int(port)), client.TIMEOUT) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = raw.recv(4096)
        # Closed, or a TLS alert; never an answer.
        assert answer[:1] in (b"", b"\x15"), answer
    assert_serves(keyward)


# -- reloads -----------------------------------------------------------------


@test(prepare=believe_corp)
def an_authority_that_is_taken_out_is_believed_no_more(keyward):
    grant(keyward)
    bundle = os.path.join(keyward.folder, "corp-bundle.pem")
    certificate = workload(keyward)
    with Client(keyward.address, files(keyward, certificate)) as connected:
        assert connected.access("db") == b"for the reader"
        successor = forge.authority("corp")
        forge.write(bundle, successor.pem())
        # Connections that stand are refused at their next call...
        error = eventually(lambda: error_of(connected.access, "db"))
        assert_unauthenticated(
            error, f"certificate: {NOT_SIGNED}")
    # ... and new ones do not come about.
    eventually(lambda: error_of(read, keyward, certificate).code()
               == Code.UNAVAILABLE)
    assert read(keyward, workload(keyward, successor)) == b"for the reader"
    # Both, as while authorities are replaced.
    forge.write(bundle, successor.pem() + keyward.corp.pem())
    eventually(lambda: error_of(read, keyward, certificate) is None)
    assert read(keyward, workload(keyward, successor)) == b"for the reader"


@test(prepare=believe_corp)
def P1_an_open_stream_ends_when_its_authority_is_taken_out(keyward):
    grant(keyward)
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    closed = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_STREAM_CLOSED
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, files(keyward, workload(keyward))
    ) as watcher:
        admin.bind("watcher", "secrets.viewer", READER, "projects/default")
        stream = watcher.secrets.WatchSecrets(
            messages.WatchSecretsRequest(parent="projects/default"),
            timeout=60)
        # It has told what there was, and is idle from here on.
        next(stream)
        bundle = os.path.join(keyward.folder, "corp-bundle.pem")
        # Another authority beside it changes nothing for this one.
        successor = forge.authority("corp")
        forge.write(bundle, successor.pem() + keyward.corp.pem())
        eventually(lambda: error_of(
            read, keyward, workload(keyward, successor)) is None)
        assert stream.is_active()
        forge.write(bundle, successor.pem())
        error = error_of(lambda: list(stream))
        assert_unauthenticated(
            error, "the stream's credential is no longer believed: "
            f"certificate: {NOT_SIGNED}")
        answer = admin.audit.QueryEntries(
            audit.QueryEntriesRequest(parent="system", principal=READER),
            timeout=client.TIMEOUT)
        ends = [e.entry.code for e in answer.entries if e.entry.kind == closed]
        assert ends == [Code.UNAUTHENTICATED.value[0]], ends


@test(prepare=believe_corp)
def a_bundle_that_is_broken_takes_nothing_away(keyward):
    grant(keyward)
    bundle = os.path.join(keyward.folder, "corp-bundle.pem")
    certificate = workload(keyward)
    for broken in (b"", keyward.corp.pem()[:-40], certificate.pem()):
        refusals = keyward.front.log().count("files refused")
        forge.write(bundle, broken)
        eventually(
            lambda: keyward.front.log().count("files refused") > refusals)
        assert read(keyward, certificate) == b"for the reader"


def believe_test_servers(keyward):
    """Every service believes a second authority of keyward.internal."""
    initialize(keyward)
    keyward.corp = forge.authority("second")
    with open(os.path.join(keyward.home, "keys", "ca.pem"), "rb") as file:
        both = file.read() + keyward.corp.pem()
    keyward.roots = forge.write(
        os.path.join(keyward.folder, "roots.pem"), both)
    for name in keyward.processes:
        keyward.set(
            f"trust_domains=[{{name: keyward.internal, bundle_file: "
            f"'{keyward.roots}'}}]", "reload.interval=1s", process=name)


@test(prepare=believe_test_servers)
def a_servers_certificate_is_replaced_while_connections_stay_open(keyward):
    grant(keyward)
    tls_folder = os.path.join(keyward.home, "tls")
    first = server_certificate(keyward, keyward.roots)
    _, certificate, key = keyward.identity("admin")
    fresh = forge.Certificate(
        "gateway", keyward.corp, uris=[GATEWAY], addresses=["127.0.0.1"])
    with Client(keyward.address,
                (keyward.roots, certificate, key)) as connected:
        states = []
        connected.channel.subscribe(states.append)
        assert connected.access("db") == b"for the reader"
        # Between the two files they are no pair, and the old one stays.
        forge.write(os.path.join(tls_folder, "gateway.pem"), fresh.pem())
        eventually(lambda: "files refused" in keyward.front.log())
        assert server_certificate(keyward, keyward.roots) == first
        forge.write(os.path.join(tls_folder, "gateway.key"), fresh.key_pem(),
                    0o600)
        eventually(lambda: server_certificate(keyward, keyward.roots)
                   == fresh.der())
        assert connected.access("db") == b"for the reader"
        ready = grpc.ChannelConnectivity.READY
        assert states[-1] == ready and states.count(ready) == 1, states
