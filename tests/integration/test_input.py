# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Input that callers made up: each is refused by name, and harms nobody."""

import json
import os
import subprocess

import grpc
from google.protobuf import field_mask_pb2

import client
from client import Client, details_of, error_of
from registry import test

Code = grpc.StatusCode

PROJECT = "projects/default"
DB = f"{PROJECT}/secrets/db"
ACCESS = "/keyward.secrets.v1.SecretService/AccessSecretVersion"

# Rules, as the answers state them.
FULL_NAME = "must be a full resource name"
SECRET_ID = ("an id must match [A-Za-z0-9_.-]{1,255} and be neither '.' nor "
             "'..'")
PROJECT_ID = "a project id must match [a-z][a-z0-9-]{1,61}[a-z0-9]"
VERSION = ("a version must be a number from 1 without leading zeros, a stage, "
           "an alias or 'latest'")
GRAMMAR = ('must be terms joined by AND: labels.KEY = "VALUE", labels:KEY, '
           'type = TYPE, name = "PREFIX*"')
MASK = ("may name only labels, annotations, expire_time, ttl, version_aliases "
        "and deletion_protection")
REQUEST_ID = "must be 1 to 64 printable ASCII characters"
ETAG = "must be an etag that the server has given"
EXPIRY = "must be from 60 seconds to 100 years ahead"
POSITION = "must be one that the server has given for this project"
TIMES = "must be a time in the years 1 to 9999"
MALFORMED = (
    "the request is no keyward.secrets.v1.AccessSecretVersionRequest, or a "
    "text in it is not UTF-8")


def messages():
    return client.module("keyward.secrets.v1.secret_service_pb2")


def secret(**fields):
    return client.module("keyward.secrets.v1.secret_pb2").Secret(**fields)


def stage(keyward):
    """The secret that must stay as it is; an administrator, to be closed."""
    admin = Client(keyward.address, keyward.identity("admin"))
    error_of(admin.create, "db", b"untouched")
    return admin


def assert_unharmed(admin):
    assert admin.access("db") == b"untouched"
    assert error_of(admin.access, "db", "2").code() == Code.NOT_FOUND


def assert_invalid(error, field, rule, reason="INVALID_FIELD"):
    """A program can tell which field broke which rule, and so can a person."""
    assert error is not None, f"{field} was accepted"
    assert error.code() == Code.INVALID_ARGUMENT, error
    assert error.details() == f"{field}: {rule}", error.details()
    details = details_of(error)
    info, bad = details["ErrorInfo"], details["BadRequest"]
    assert (info.domain, info.reason) == ("keyward", reason), info
    assert [(violation.field, violation.description)
            for violation in bad.field_violations] == [(field, rule)], bad


def call(method, request):
    return error_of(method, request, timeout=client.TIMEOUT)


def first_of(method):
    """A stream's first answer, as a call."""
    return lambda request, timeout: next(method(request, timeout=timeout))


# -- fields ------------------------------------------------------------------


@test(shared=True)
def names_that_break_a_rule_are_refused_by_that_rule(keyward):
    too_long = "must be at most 512 bytes long"
    rules = {
        "must not be empty": [""],
        FULL_NAME: [
            "db", "/", "projects", "projects/", f"/{DB}", f"{DB}/",
            f"{PROJECT}/secrets", f"{PROJECT}/secrets/", "projects//secrets/x",
            f"{DB}/versions/1/x", f"{DB}/values/1", "Projects/default"],
        SECRET_ID: [
            f"{PROJECT}/secrets/{name}" for name in
            ("a b", ".", "..", "x" * 256, "é", "a\0", "a\n", "a%2Fb", "*")],
        PROJECT_ID: [
            f"projects/{name}/secrets/x" for name in
            ("Default", "-x-", "de", "d" * 64, "default-", "0abc", "a_b")],
        VERSION: [
            f"{DB}/versions/{version}" for version in
            ("0", "01", "-1", "+1", "1x", "1.0", "9" * 20, "a" * 64, "é")],
        too_long: ["x" * 513, f"{DB}/versions/" + "1" * 500],
        "must be the name of a secret or of a version": [
            "system", PROJECT, f"{PROJECT}/keys/default"],
    }
    with stage(keyward) as admin:
        for rule, names in rules.items():
            for name in names:
                assert_invalid(
                    call(admin.secrets.AccessSecretVersion,
                         messages().AccessSecretVersionRequest(name=name)),
                    "name", rule)
        for name in ("system", PROJECT, f"{DB}/versions/1",
                     f"{PROJECT}/keys/default"):
            assert_invalid(
                call(admin.secrets.GetSecret,
                     messages().GetSecretRequest(name=name)),
                "name", "must be projects/{project}/secrets/{secret}")
        assert_unharmed(admin)


@test(shared=True)
def every_method_answers_an_empty_request(keyward):
    expected = {Code.OK, Code.INVALID_ARGUMENT, Code.UNIMPLEMENTED}
    with stage(keyward) as admin:
        for service, stub in (
                ("secrets.v1.secret_service", admin.secrets),
                ("policy.v1.policy_service", admin.policy),
                ("audit.v1.audit_service", admin.audit),
                ("keys.v1.key_service", admin.keys),
                ("operators.v1.operator_service", admin.operators)):
            module = client.module(f"keyward.{service}_pb2")
            described, = module.DESCRIPTOR.services_by_name.values()
            for method in described.methods:
                answer = getattr(stub, method.name)
                streams = method.name in (
                    "WatchSecrets", "TailEntries", "ExportEntries")
                request = getattr(module, method.input_type.name)()
                error = call(first_of(answer) if streams else answer, request)
                code = error.code() if error else Code.OK
                assert code in expected, (method.name, error)
                if error is not None:
                    # No error without a reason that programs can read.
                    assert details_of(error)["ErrorInfo"].reason, method.name
        assert_unharmed(admin)


@test(shared=True)
def numbers_out_of_their_bounds_are_refused(keyward):
    greatest, least = 2**31 - 1, -2**31
    policy = client.module("keyward.policy.v1.policy_service_pb2")
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    keys = client.module("keyward.keys.v1.key_service_pb2")
    with stage(keyward) as admin:
        negative = "must not be negative"
        for size in (-1, least):
            for method, request in (
                    (admin.secrets.ListSecrets, messages().ListSecretsRequest(
                        parent=PROJECT, page_size=size)),
                    (admin.secrets.ListSecretVersions,
                     messages().ListSecretVersionsRequest(
                         parent=DB, page_size=size)),
                    (admin.keys.ListKeys, keys.ListKeysRequest(
                        parent=PROJECT, page_size=size)),
                    (admin.policy.ListProjects, policy.ListProjectsRequest(
                        page_size=size))):
                assert_invalid(call(method, request), "page_size", negative)
        for size in (-1, 1001, least, greatest):
            assert_invalid(
                call(admin.audit.QueryEntries, audit.QueryEntriesRequest(
                    parent="system", page_size=size)),
                "page_size", "must be 0 to 1,000")
        for days in (-1, 6, 91, least, greatest):
            assert_invalid(
                call(admin.secrets.DeleteSecret, messages().DeleteSecretRequest(
                    name=DB, recovery_days=days)),
                "recovery_days", "must be 0 or from 7 to 90")
        for length in (-1, 15, 4097, least, greatest):
            request = messages().AddSecretVersionRequest(parent=DB)
            request.generate.length = length
            assert_invalid(
                call(admin.secrets.AddSecretVersion, request),
                "generate.length", "must be 0 or from 16 to 4096")
        # A page may be asked for that is larger than any.
        assert call(admin.secrets.ListSecrets, messages().ListSecretsRequest(
            parent=PROJECT, page_size=greatest)) is None
        assert_unharmed(admin)


@test(shared=True)
def times_out_of_their_bounds_are_refused(keyward):
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    with stage(keyward) as admin:
        for seconds, nanos, rule in (
                (-1, 0, EXPIRY), (0, 0, EXPIRY), (2**63 - 1, 0, EXPIRY),
                (-2**63, 0, EXPIRY),
                (3600, -1, "must be a valid duration ahead"),
                (3600, 2**31 - 1, "must be a valid duration ahead")):
            wanted = secret()
            wanted.ttl.seconds, wanted.ttl.nanos = seconds, nanos
            assert_invalid(
                call(admin.secrets.CreateSecret, messages().CreateSecretRequest(
                    parent=PROJECT, secret_id="new", secret=wanted)),
                "secret.ttl", rule)
        for seconds, nanos, rule in (
                (0, 0, EXPIRY), (2**63 - 1, 0, EXPIRY), (-2**63, 0, EXPIRY),
                (2 * 10**9, -1, "must be a valid timestamp")):
            wanted = secret()
            wanted.expire_time.seconds = seconds
            wanted.expire_time.nanos = nanos
            assert_invalid(
                call(admin.secrets.CreateSecret, messages().CreateSecretRequest(
                    parent=PROJECT, secret_id="new", secret=wanted)),
                "secret.expire_time", rule)
        for field in ("start_time", "end_time"):
            for seconds, nanos in ((-2**63, 0), (2**63 - 1, 0), (1, -1)):
                request = audit.QueryEntriesRequest(parent="system")
                getattr(request, field).seconds = seconds
                getattr(request, field).nanos = nanos
                assert_invalid(
                    call(admin.audit.QueryEntries, request), field, TIMES)
        assert_unharmed(admin)


@test(shared=True)
def page_tokens_are_good_only_where_they_were_given(keyward):
    policy = client.module("keyward.policy.v1.policy_service_pb2")
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    lists = "must be the one of the page before, with the same caller, " \
            "parent and filter"
    query = "must be from an earlier page of the same query"
    projects = "must be the next_page_token of the page before, of the same " \
               "list; begin again without one"
    reason = "PAGE_TOKEN_INVALID"
    with stage(keyward) as admin:
        error_of(admin.create, "second", b"x")
        page = admin.secrets.ListSecrets(
            messages().ListSecretsRequest(parent=PROJECT, page_size=1),
            timeout=client.TIMEOUT)
        token = page.next_page_token
        assert token
        found = admin.audit.QueryEntries(
            audit.QueryEntriesRequest(parent="system", page_size=1),
            timeout=client.TIMEOUT).next_page_token
        made_up = ["x", "bWFkZSB1cA", token[:-1], token + "A", token[::-1],
                   "x" * 5000, "\0", page.watch_position]
        for bad in made_up + [found]:
            assert_invalid(
                call(admin.secrets.ListSecrets, messages().ListSecretsRequest(
                    parent=PROJECT, page_size=1, page_token=bad)),
                "page_token", lists, reason)
        for bad in made_up + [token]:
            assert_invalid(
                call(admin.secrets.ListSecretVersions,
                     messages().ListSecretVersionsRequest(
                         parent=DB, page_token=bad)),
                "page_token", lists, reason)
            assert_invalid(
                call(admin.audit.QueryEntries, audit.QueryEntriesRequest(
                    parent="system", page_token=bad)),
                "page_token", query, reason)
            assert_invalid(
                call(admin.policy.ListProjects, policy.ListProjectsRequest(
                    page_token=bad)),
                "page_token", projects, reason)
        # Another filter, another query, another caller.
        for changed in ({"filter": "type = OPAQUE"}, {"show_deleted": True}):
            assert_invalid(
                call(admin.secrets.ListSecrets, messages().ListSecretsRequest(
                    parent=PROJECT, page_size=1, page_token=token, **changed)),
                "page_token", lists, reason)
        assert_invalid(
            call(admin.audit.QueryEntries, audit.QueryEntriesRequest(
                parent="system", page_token=found, descending=True)),
            "page_token", query, reason)
        admin.bind("lister", "secrets.viewer", client.principal("lister"),
                   PROJECT)
        request = messages().ListSecretsRequest(
            parent=PROJECT, page_size=1, page_token=token)
        with Client(keyward.address, keyward.identity("lister")) as lister:
            assert_invalid(call(lister.secrets.ListSecrets, request),
                           "page_token", lists, reason)
        assert call(admin.secrets.ListSecrets, request) is None
        assert_unharmed(admin)


@test(shared=True)
def watch_positions_are_good_only_where_they_were_given(keyward):
    policy = client.module("keyward.policy.v1.policy_service_pb2")
    with stage(keyward) as admin:
        error_of(admin.policy.CreateProject,
                 policy.CreateProjectRequest(project_id="elsewhere"),
                 timeout=client.TIMEOUT)
        position = admin.secrets.ListSecrets(
            messages().ListSecretsRequest(parent=PROJECT),
            timeout=client.TIMEOUT).watch_position
        watch = first_of(admin.secrets.WatchSecrets)
        for bad in ("x", "bWFkZSB1cA", position[:-1], position + "A",
                    position[::-1], "x" * 5000, "\0"):
            assert_invalid(
                call(watch, messages().WatchSecretsRequest(
                    parent=PROJECT, position=bad)), "position", POSITION)
        assert_invalid(
            call(watch, messages().WatchSecretsRequest(
                parent="projects/elsewhere", position=position)),
            "position", POSITION)
        assert_unharmed(admin)


@test(shared=True)
def etags_and_request_ids_that_were_made_up_are_refused(keyward):
    policy = client.module("keyward.policy.v1.policy_service_pb2")
    with stage(keyward) as admin:
        error_of(admin.create, "second", b"x")
        own, other = (
            admin.secrets.GetSecret(
                messages().GetSecretRequest(name=f"{PROJECT}/secrets/{name}"),
                timeout=client.TIMEOUT).secret.etag
            for name in ("db", "second"))
        for bad in ("x", "=", own + "=", own[:-1], own + own, "\n", "é" * 11):
            assert_invalid(
                call(admin.secrets.DeleteSecret, messages().DeleteSecretRequest(
                    name=DB, etag=bad)), "etag", ETAG)
        for stale in (other, "AAAAAAAAAAA"):
            error = call(admin.secrets.DeleteSecret,
                         messages().DeleteSecretRequest(name=DB, etag=stale))
            assert error.code() == Code.ABORTED, error
            assert details_of(error)["ErrorInfo"].reason == "ETAG_MISMATCH"
        for bad in ("x" * 65, "\x01", "é", "x" * 100000, "a\n"):
            for method, request in (
                    (admin.secrets.DeleteSecret,
                     messages().DeleteSecretRequest(name=DB, request_id=bad)),
                    (admin.policy.CreateProject, policy.CreateProjectRequest(
                        project_id="never", request_id=bad)),
                    (admin.policy.ApplyPolicy, policy.ApplyPolicyRequest(
                        parent=PROJECT, request_id=bad))):
                assert_invalid(
                    call(method, request), "request_id", REQUEST_ID)
        # A request id is one request's.
        request = messages().AddSecretVersionRequest(
            parent=f"{PROJECT}/secrets/second", request_id="one")
        request.payload.data = b"first"
        assert call(admin.secrets.AddSecretVersion, request) is None
        request.payload.data = b"second"
        assert_invalid(
            call(admin.secrets.AddSecretVersion, request), "request_id",
            "was used for a request with other content", "REQUEST_ID_REUSED")
        assert_unharmed(admin)


@test(shared=True)
def masks_enums_and_filters_that_mean_nothing_are_refused(keyward):
    with stage(keyward) as admin:
        for paths, rule in (
                ([], "must name at least one field"),
                (["expire_time", "ttl"],
                 "may name expire_time or ttl, not both"),
                *(([path], MASK) for path in
                  ("nope", "name", "uid", "etag", "type", "key", "*", "",
                   "labels.x", "secret.labels", "Labels", "x" * 3000)),
                (["labels", "nope"], MASK)):
            error = call(
                admin.secrets.UpdateSecret, messages().UpdateSecretRequest(
                    secret=secret(name=DB, labels={"changed": "yes"}),
                    update_mask=field_mask_pb2.FieldMask(paths=paths)))
            assert_invalid(error, "update_mask", rule)
        for value in (7, 99, -1, 2**31 - 1, -2**31):
            assert_invalid(
                call(admin.secrets.CreateSecret, messages().CreateSecretRequest(
                    parent=PROJECT, secret_id="new",
                    secret=secret(type=value))),
                "secret.type", "must be a known type")
            request = messages().AddSecretVersionRequest(
                parent=DB, stage=value)
            request.payload.data = b"x"
            assert_invalid(
                call(admin.secrets.AddSecretVersion, request),
                "stage", "must be CURRENT or PENDING")
        for text, rule in (
                *((text, GRAMMAR) for text in (
                    "x", "labels.a=b", 'labels.a = "b" OR type = OPAQUE',
                    "type = NOPE", "type = opaque", 'name = "*x"',
                    'name="db*" AND', "((((", 'labels.a = "', '"', "\0",
                    'labels. = "x"', 'name = "db" ANDtype = OPAQUE',
                    "NOT type = OPAQUE", "type != OPAQUE")),
                ("x" * 1025, "must have at most 1024 bytes"),
                ("type = OPAQUE" + " AND type = OPAQUE" * 16,
                 "must have at most 16 terms")):
            assert_invalid(
                call(admin.secrets.ListSecrets, messages().ListSecretsRequest(
                    parent=PROJECT, filter=text)), "filter", rule)
        found = admin.secrets.GetSecret(
            messages().GetSecretRequest(name=DB), timeout=client.TIMEOUT)
        assert not found.secret.labels
        assert_unharmed(admin)


# -- bytes -------------------------------------------------------------------


def raw(admin, path, content, **options):
    """Sends bytes as a request, and returns the answer's."""
    options.setdefault("timeout", client.TIMEOUT)
    return admin.channel.unary_unary(path)(content, **options)


def named(text):
    """AccessSecretVersionRequest.name, of any bytes."""
    return b"\x0a" + bytes([len(text)]) + text


@test(shared=True)
def bytes_that_are_no_request_are_refused_and_on_record(keyward):
    kind = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_INVALID
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    broken = (
        b"\xff" * 50, b"\x0a\x7fcut", b"\x02\x00", b"\x13" * 200,
        os.urandom(65536)[:-1] + b"\x80", b"\x0a\xff\xff\xff\xff\x0f",
        named(f"{PROJECT}/secrets/".encode() + b"\xff\xfe"),
        # Surrogates and overlong forms are not UTF-8 either.
        named(b"\xed\xa0\x80"), named(b"\xc0\xaf"))

    def recorded(admin):
        answer = admin.audit.QueryEntries(
            audit.QueryEntriesRequest(parent="system", page_size=1000),
            timeout=client.TIMEOUT)
        return [e.entry for e in answer.entries if e.entry.kind == kind]

    with stage(keyward) as admin:
        before = len(recorded(admin))
        for content in broken:
            error = error_of(raw, admin, ACCESS, content)
            assert error.code() == Code.INVALID_ARGUMENT, (content, error)
            assert error.details() == MALFORMED, error.details()
            info = details_of(error)["ErrorInfo"]
            assert info.reason == "MALFORMED_REQUEST", info
        entries = recorded(admin)[before:]
        assert [(e.code, e.resource) for e in entries] == [(3, "")] * len(
            broken)
        assert_unharmed(admin)
    # Nor does a library write to the log what is no line of ours.
    for process in keyward.processes.values():
        for line in process.log().splitlines():
            assert json.loads(line)["level"], line


@test(shared=True)
def fields_of_a_later_version_are_let_pass(keyward):
    # Field 99: a client may be newer than its server.
    with stage(keyward) as admin:
        answer = raw(admin, ACCESS, named(DB.encode()) + b"\x98\x06\x01")
        response = messages().AccessSecretVersionResponse.FromString(answer)
        assert response.payload.data == b"untouched"


@test(shared=True)
def methods_that_are_not_there_are_unimplemented(keyward):
    with stage(keyward) as admin:
        for path in (
                "/keyward.secrets.v1.SecretService/Nope", f"{ACCESS}/",
                ACCESS.lower(), "/keyward.secrets.v1.Nope/GetSecret", "/",
                "//", "/x", "/keyward.internal.store.v1.StoreService/Execute",
                "/keyward.internal.policy.v1.PolicySnapshotService/Watch",
                "/keyward.rotation.v1alpha1.RotationService/ListRotations",
                "/grpc.channelz.v1.Channelz/GetServers"):
            error = error_of(raw, admin, path, named(DB.encode()))
            assert error.code() == Code.UNIMPLEMENTED, (path, error)
        assert_unharmed(admin)


@test(shared=True)
def metadata_is_bounded_and_says_nothing_about_the_caller(keyward):
    with stage(keyward) as admin, Client(
            keyward.address, keyward.identity("stranger")) as stranger:
        request = named(DB.encode())
        for metadata in (
                [("x", "y" * 17000)], [("x", "y" * (1 << 20))],
                [("x-%d" % i, "value") for i in range(2000)]):
            # gRPC ends the whole connection, and its client may see no more
            # than that: each has one of its own.
            with Client(keyward.address, keyward.identity("admin")) as rude:
                error = error_of(raw, rude, ACCESS, request, metadata=metadata)
            assert error.code() in (
                Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE), error
        for metadata in (
                [("x-%d" % i, "value") for i in range(200)],
                [("x-bin", os.urandom(1000))]):
            assert raw(admin, ACCESS, request, metadata=metadata)
        administrator = "spiffe://keyward.internal/user/admin"
        for metadata in (
                [("x-forwarded-client-cert", f"By=x;URI={administrator}")],
                [("keyward-principal", administrator)],
                [("x-forwarded-user", "admin"), ("x-real-ip", "127.0.0.1")]):
            error = error_of(raw, stranger, ACCESS, request, metadata=metadata)
            assert error.code() == Code.PERMISSION_DENIED, error
        assert_unharmed(admin)


@test(shared=True)
def other_compressions_and_sizes_are_refused(keyward):
    with stage(keyward) as admin:
        # A small bomb would unfold in the server.
        error = error_of(raw, admin, ACCESS, named(DB.encode()),
                         compression=grpc.Compression.Gzip)
        assert error.code() == Code.UNIMPLEMENTED, error
        for size in ((1 << 20) + 1, 4 << 20):
            error = error_of(raw, admin, ACCESS, b"x" * size)
            assert error.code() == Code.RESOURCE_EXHAUSTED, error
        # Up to the bound it is read, and is no request.
        error = error_of(raw, admin, ACCESS, b"x" * (1 << 20))
        assert error.code() == Code.INVALID_ARGUMENT, error
        assert_unharmed(admin)


@test(shared=True)
def http_that_is_no_grpc_reaches_nothing(keyward):
    ca, certificate, key = keyward.identity("admin")
    body = os.path.join(keyward.folder, "frame")
    request = named(DB.encode())
    with open(body, "wb") as file:
        file.write(b"\0" + len(request).to_bytes(4, "big") + request)

    def curl(*options):
        return subprocess.run(
            ["curl", "-sSi", "--http2", "-m", "10", "--cacert", ca, "--cert",
             certificate, "--key", key, *options,
             f"https://{keyward.address}{ACCESS}"],
            capture_output=True, check=False).stdout

    grpc_type = ("-H", "content-type: application/grpc")
    trailers = ("-H", "te: trailers")
    with stage(keyward) as admin:
        # So would a client of gRPC, and it reads the secret.
        good = curl(*grpc_type, *trailers, "--data-binary", f"@{body}")
        assert b"untouched" in good and b"grpc-status: 0" in good, good
        for options in (
                # What a page in a browser that holds the certificate can
                # send: it cannot set TE.
                ("-H", "content-type: text/plain", "--data-binary",
                 f"@{body}"),
                (*grpc_type, "--data-binary", f"@{body}"),
                (*grpc_type, *trailers),
                (*grpc_type, *trailers, "-X", "PUT", "--data-binary",
                 f"@{body}"),
                (*grpc_type, *trailers, "--data-binary", "\x05no frame"),
                ("--http1.1",), ()):
            answer = curl(*options)
            assert b"untouched" not in answer, (options, answer)
            assert b"grpc-status: 0" not in answer, (options, answer)
        assert_unharmed(admin)


@test
def P5_a_value_pasted_where_a_name_belongs_is_repeated_nowhere(keyward):
    value = "hunter2 " + os.urandom(8).hex()
    policy = client.module("keyward.policy.v1.policy_service_pb2")
    audit = client.module("keyward.audit.v1.audit_service_pb2")
    with stage(keyward) as admin:
        for method, request in (
                (admin.secrets.AccessSecretVersion,
                 messages().AccessSecretVersionRequest(name=value)),
                (admin.secrets.GetSecret, messages().GetSecretRequest(
                    name=f"{PROJECT}/secrets/{value}")),
                (admin.secrets.CreateSecret, messages().CreateSecretRequest(
                    parent=PROJECT, secret_id=value)),
                (admin.secrets.ListSecrets, messages().ListSecretsRequest(
                    parent=PROJECT, filter=value)),
                (admin.secrets.ListSecrets, messages().ListSecretsRequest(
                    parent=PROJECT, page_token=value)),
                (admin.secrets.DeleteSecret, messages().DeleteSecretRequest(
                    name=DB, etag=value)),
                (admin.secrets.UpdateSecret, messages().UpdateSecretRequest(
                    secret=secret(name=DB),
                    update_mask=field_mask_pb2.FieldMask(paths=[value]))),
                (admin.secrets.CreateSecret, messages().CreateSecretRequest(
                    parent=PROJECT, secret_id="new",
                    secret=secret(labels={"a": value}))),
                (admin.policy.ExplainAccess, policy.ExplainAccessRequest(
                    principal=value, action="secrets.access", resource=DB))):
            error = call(method, request)
            assert error.code() == Code.INVALID_ARGUMENT, error
            assert value not in str(error), error
        answer = admin.audit.QueryEntries(
            audit.QueryEntriesRequest(parent="system", page_size=1000),
            timeout=client.TIMEOUT)
        assert value not in str(answer)
        assert_unharmed(admin)
    assert value not in keyward.logs()
    for folder, _, names in os.walk(os.path.join(keyward.home, "data")):
        for name in names:
            with open(os.path.join(folder, name), "rb") as file:
                assert value.encode() not in file.read(), name
