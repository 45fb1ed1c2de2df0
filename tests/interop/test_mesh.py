# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Debian's nginx, set up by deploy/examples/mesh, as a mesh's proxy.

It ends its callers' TLS and says who they are in x-forwarded-client-cert.
"""

import contextlib
import os
import shutil
import socket
import subprocess

import grpc

import client
import forge
from client import ROOT, Client, error_of, eventually
from corp import READER, assert_unauthenticated, believe_corp, grant, workload
from deployment import STOP_SECONDS, free_ports
from registry import Skip, test

Code = grpc.StatusCode

HEADER = "x-forwarded-client-cert"
PROXY = "spiffe://corp.test/mesh/nginx"
STRANGER = "spiffe://corp.test/stranger"
EXAMPLE = os.path.join(ROOT, "deploy/examples/mesh/keyward.conf")

# What nginx wants around a file of /etc/nginx/conf.d. It keeps no log of calls
# and writes nothing outside of its folder.
AROUND = """
daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  include {example};
}}
"""


def program():
    # Debian has it where only administrators look.
    found = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if found is None:
        raise Skip("there is no nginx")
    return found


def list_file(keyward):
    return os.path.join(keyward.folder, "proxies")


def trust_nginx(keyward):
    believe_corp(keyward)
    forge.write(list_file(keyward), PROXY + "\n")
    keyward.set("forwarded_client_cert.trusted_proxies_file="
                + list_file(keyward))


def configure(keyward, folder, port):
    """The example with the names of this place, and what it names."""
    with open(EXAMPLE, encoding="utf-8") as file:
        text = file.read()
    for shown, here in (
        ("keyward.example.org:7100;", f"{keyward.address};"),
        ("listen 7443 ", f"listen 127.0.0.1:{port} "),
        ("spiffe://example.org/mesh/nginx", PROXY),
        ("keyward.example.org;", "localhost;"),
    ):
        assert text.count(shown) == 1, f"the example has no {shown!r}"
        text = text.replace(shown, here)
    assert text.count("/etc/nginx/mesh/") == 6, text
    text = text.replace("/etc/nginx/mesh/", folder + "/")
    workload(keyward, uris=[PROXY], addresses=["127.0.0.1"]).save(
        folder, "proxy")
    forge.write(os.path.join(folder, "authorities.pem"), keyward.corp.pem())
    shutil.copy(os.path.join(keyward.home, "keys", "ca.pem"),
                os.path.join(folder, "gateway-authorities.pem"))
    example = forge.write(os.path.join(folder, "keyward.conf"), text)
    return forge.write(os.path.join(folder, "nginx.conf"),
                       AROUND.format(example=example))


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def nginx(keyward):
    """The address of a running nginx before the gateway."""
    folder = os.path.join(keyward.folder, "nginx")
    os.makedirs(folder, exist_ok=True)
    port = free_ports(1)[0]
    configuration = configure(keyward, folder, port)
    with open(os.path.join(folder, "log"), "wb") as log:
        child = subprocess.Popen(
            [program(), "-p", folder, "-c", configuration, "-e", "stderr"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        eventually(lambda: listens(port) or child.poll() is not None)
        with open(os.path.join(folder, "log"), encoding="utf-8") as log:
            assert child.poll() is None, log.read()
        yield f"127.0.0.1:{port}"
    finally:
        child.terminate()
        child.wait(STOP_SECONDS)


def identity(keyward, certificate, name):
    """Files for a caller of nginx, whose server is of the mesh's authority."""
    roots = forge.write(
        os.path.join(keyward.folder, "mesh.pem"), keyward.corp.pem())
    return roots, *certificate.save(keyward.folder, name)


def directly(keyward, certificate, name):
    return (keyward.identity("admin")[0],
            *certificate.save(keyward.folder, name))


def read(caller, *headers):
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    return caller.secrets.AccessSecretVersion(
        messages.AccessSecretVersionRequest(
            name="projects/default/secrets/db"),
        metadata=[(HEADER, header) for header in headers],
        timeout=client.TIMEOUT).payload.data


def whoami(caller, *headers):
    messages = client.module("keyward.policy.v1.policy_service_pb2")
    return caller.policy.GetCallerIdentity(
        messages.GetCallerIdentityRequest(),
        metadata=[(HEADER, header) for header in headers],
        timeout=client.TIMEOUT)


def forged(keyward):
    """Headers with which a stranger would be the reader."""
    reader = workload(keyward)
    certificate = forge.quoted(reader.pem())
    return (f"URI={READER}", f"By={PROXY};URI={READER}",
            f'By={PROXY};Cert="{certificate}"', f"URI={READER},URI={READER}")


@test(prepare=trust_nginx, shared=True)
def a_caller_behind_nginx_is_who_its_certificate_says(keyward):
    grant(keyward)
    reader = workload(keyward)
    with nginx(keyward) as address, Client(
        address, identity(keyward, reader, "reader")
    ) as caller:
        assert read(caller) == b"for the reader"
        me = whoami(caller)
    fingerprint = forge.hashlib.sha256(reader.der()).hexdigest()
    assert (me.principal, me.authentication, me.credential_id) == (
        READER, "forwarded", f"certificate:{fingerprint}"), me
    messages = client.module("keyward.audit.v1.audit_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        found = admin.audit.QueryEntries(
            messages.QueryEntriesRequest(parent="system", principal=READER),
            timeout=client.TIMEOUT).entries
    reads = [e.entry for e in found if e.entry.action == "secrets.access"]
    assert reads and all(
        (e.authentication, e.forwarded_by, e.credential_id) == (
            "forwarded", PROXY, f"certificate:{fingerprint}")
        for e in reads), reads


@test(prepare=trust_nginx, shared=True)
def P1_a_header_that_a_caller_sends_through_nginx_never_counts(keyward):
    grant(keyward)
    stranger = workload(keyward, uris=[STRANGER])
    with nginx(keyward) as address, Client(
        address, identity(keyward, stranger, "stranger")
    ) as caller:
        for header in forged(keyward):
            for headers in ([header], [header, header]):
                me = whoami(caller, *headers)
                assert (me.principal, me.authentication) == (
                    STRANGER, "forwarded"), me
                error = error_of(read, caller, *headers)
                assert error.code() == Code.PERMISSION_DENIED, error


@test(prepare=trust_nginx, shared=True)
def P1_a_header_that_a_caller_sends_past_nginx_never_counts(keyward):
    grant(keyward)
    stranger = workload(keyward, uris=[STRANGER])
    with Client(keyward.address,
                directly(keyward, stranger, "stranger")) as caller:
        for header in forged(keyward):
            me = whoami(caller, header)
            assert (me.principal, me.authentication) == (STRANGER, "mtls"), me
            error = error_of(read, caller, header)
            assert error.code() == Code.PERMISSION_DENIED, error


@test(prepare=trust_nginx, shared=True)
def P1_nginx_is_nobody_without_a_callers_certificate(keyward):
    grant(keyward)
    with nginx(keyward) as address:
        roots, certificate, key = identity(keyward, workload(keyward), "reader")
        with Client(address, (roots, None, None)) as nobody:
            for headers in ([], [f"URI={READER}"]):
                error = error_of(whoami, nobody, *headers)
                assert error is not None, "nginx let nobody in"
        foreign = forge.Certificate(
            "reader", forge.authority("foreign"), uris=[READER])
        with Client(address, (roots, *foreign.save(
            keyward.folder, "foreign"))) as stranger:
            assert error_of(whoami, stranger) is not None
        with Client(address, (roots, certificate, key)) as caller:
            assert whoami(caller).principal == READER
    # Its own certificate, which its administrators have, is no caller's.
    folder = os.path.join(keyward.folder, "nginx")
    with Client(keyward.address, (
        keyward.identity("admin")[0], os.path.join(folder, "proxy.pem"),
        os.path.join(folder, "proxy.key"))) as proxy:
        assert_unauthenticated(
            error_of(whoami, proxy),
            f"{HEADER}: missing; this connection is a trusted proxy's, which "
            "is no caller itself")


@test(prepare=trust_nginx)
def P1_a_watch_through_nginx_ends_when_nginx_is_taken_off_the_list(keyward):
    grant(keyward)
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.bind("watcher", "secrets.viewer", READER, "projects/default")
        with nginx(keyward) as address, Client(
            address, identity(keyward, workload(keyward), "reader")
        ) as caller:
            stream = caller.secrets.WatchSecrets(
                messages.WatchSecretsRequest(parent="projects/default"),
                timeout=60)
            next(stream)
            admin.create("later", b"value")
            while next(stream).event.name != "projects/default/secrets/later":
                pass
            forge.write(list_file(keyward), "# Nobody.\n")
            error = error_of(lambda: list(stream))
            assert_unauthenticated(
                error, "the stream's credential is no longer believed: "
                f"{HEADER}: its sender is no trusted proxy any more")
            # What its callers do is done in its own name, which has no right.
            assert whoami(caller).principal == PROXY
            assert error_of(read, caller).code() == Code.PERMISSION_DENIED
