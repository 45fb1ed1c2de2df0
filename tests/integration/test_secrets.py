# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Secrets through the gateway, as applications use them."""

import threading

import grpc

import client
from client import Client, code_of, principal
from registry import test

Code = grpc.StatusCode


def messages():
    return client.module("keyward.secrets.v1.secret_service_pb2")


@test
def an_authorized_workload_reads_what_was_stored(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"correct horse")
        admin.bind("app", "secrets.accessor", principal("app"),
                   "projects/default/secrets/d*")
    with Client(keyward.address, keyward.identity("app")) as app:
        assert app.access("db") == b"correct horse"
        assert code_of(app.add, "db", b"x") == Code.PERMISSION_DENIED


@test
def a_stranger_cannot_tell_what_exists(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"correct horse")
    with Client(keyward.address, keyward.identity("stranger")) as stranger:
        errors = []
        for name in ("db", "nothing"):
            try:
                stranger.access(name)
            except grpc.RpcError as error:
                errors.append(error)
        assert [e.code() for e in errors] == [Code.PERMISSION_DENIED] * 2
        first, second = (e.details().replace("nothing", "db") for e in errors)
        assert first == second, (first, second)
        info = client.details_of(errors[0])["ErrorInfo"]
        assert info.domain == "keyward"
        assert info.metadata["action"] == "secrets.access"


@test
def a_caller_without_a_certificate_is_unauthenticated(keyward):
    ca, _, _ = keyward.identity("admin")
    with Client(keyward.address, (ca, None, None)) as nobody:
        assert code_of(nobody.access, "db") == Code.UNAUTHENTICATED


@test
def P7_stages_move_only_by_their_rules(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        stage = client.module("keyward.secrets.v1.secret_pb2").STAGE_PENDING
        admin.add("db", b"two", stage=stage)
        assert admin.access("db") == b"one"
        assert admin.access("db", "latest") == b"one"
        assert admin.access("db", "pending") == b"two"
        assert admin.access("db", "2") == b"two"
        admin.secrets.PromoteSecretVersion(
            messages().PromoteSecretVersionRequest(
                name="projects/default/secrets/db/versions/pending"),
            timeout=client.TIMEOUT)
        assert admin.access("db") == b"two"
        assert admin.access("db", "previous") == b"one"
        admin.secrets.RollbackSecret(
            messages().RollbackSecretRequest(
                name="projects/default/secrets/db"),
            timeout=client.TIMEOUT)
        assert admin.access("db") == b"one"
        assert admin.access("db", "latest") == b"two"


@test
def a_batch_answers_in_order_with_a_status_for_each(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("a", b"A")
        admin.create("b", b"B")
        names = [f"projects/default/secrets/{n}" for n in ("b", "none", "a")]
        answer = admin.secrets.BatchAccessSecretVersions(
            messages().BatchAccessSecretVersionsRequest(names=names),
            timeout=client.TIMEOUT)
        assert [r.name for r in answer.results] == names
        assert answer.results[0].response.payload.data == b"B"
        assert answer.results[1].error.code == 5
        assert answer.results[2].response.payload.data == b"A"


@test
def a_version_added_twice_under_one_request_id_is_added_once(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        first = admin.add("db", b"two", request_id="r-1")
        again = admin.add("db", b"two", request_id="r-1")
        assert first.version.name == again.version.name
        assert code_of(admin.add, "db", b"other",
                       request_id="r-1") == Code.INVALID_ARGUMENT


@test
def bad_input_is_named_and_changes_nothing(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        assert code_of(admin.create, "a/b", b"x") == Code.INVALID_ARGUMENT
        assert code_of(admin.create, "x" * 256, b"x") == Code.INVALID_ARGUMENT
        assert code_of(admin.add, "db", b"") == Code.INVALID_ARGUMENT
        assert code_of(admin.add, "db", b"x" * 65537) == Code.INVALID_ARGUMENT
        wrong = messages().AddSecretVersionRequest(
            parent="projects/default/secrets/db")
        wrong.payload.data = b"two"
        wrong.payload.data_crc32c = 1
        assert code_of(admin.secrets.AddSecretVersion, wrong,
                       timeout=client.TIMEOUT) == Code.INVALID_ARGUMENT
        assert code_of(admin.add, "db", b"two",
                       etag="AAAAAAAAAAA") == Code.ABORTED
        assert code_of(admin.add, "db", b"two",
                       etag="made up") == Code.INVALID_ARGUMENT
        assert code_of(admin.create, "db", b"x") == Code.ALREADY_EXISTS
        assert admin.access("db") == b"one"
        assert code_of(admin.access, "db", "2") == Code.NOT_FOUND


@test
def a_message_over_the_bound_is_refused(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        code = code_of(admin.add, "db", b"x" * (5 << 20))
        assert code == Code.RESOURCE_EXHAUSTED, code
        assert admin.access("db") == b"one"


@test
def a_deleted_secret_is_unreadable_and_can_be_restored(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        name = "projects/default/secrets/db"
        admin.secrets.DeleteSecret(
            messages().DeleteSecretRequest(name=name), timeout=client.TIMEOUT)
        assert code_of(admin.access, "db") == Code.FAILED_PRECONDITION
        assert code_of(admin.create, "db", b"x") == Code.ALREADY_EXISTS
        admin.secrets.UndeleteSecret(
            messages().UndeleteSecretRequest(name=name),
            timeout=client.TIMEOUT)
        assert admin.access("db") == b"one"


@test
def a_watch_sees_every_change_once_and_in_order(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("first", b"0")
        listed = admin.secrets.ListSecrets(
            messages().ListSecretsRequest(parent="projects/default"),
            timeout=client.TIMEOUT)
        assert [s.name for s in listed.secrets] == [
            "projects/default/secrets/first"]
        stream = admin.secrets.WatchSecrets(
            messages().WatchSecretsRequest(
                parent="projects/default", position=listed.watch_position),
            timeout=30)
        versions = []
        done = threading.Event()

        def follow():
            try:
                for answer in stream:
                    if answer.event.version:
                        versions.append(answer.event.version)
                    if len(versions) >= 5:
                        done.set()
                        return
            except grpc.RpcError as error:
                versions.append(error)
                done.set()

        thread = threading.Thread(target=follow)
        thread.start()
        for number in range(5):
            admin.add("first", b"%d" % number)
        assert done.wait(20), versions
        stream.cancel()
        thread.join(5)
        assert versions == [2, 3, 4, 5, 6], versions


@test
def a_made_up_position_or_page_token_is_refused(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
        assert code_of(
            admin.secrets.ListSecrets,
            messages().ListSecretsRequest(
                parent="projects/default", page_token="bWFkZSB1cA"),
            timeout=client.TIMEOUT) == Code.INVALID_ARGUMENT
        stream = admin.secrets.WatchSecrets(
            messages().WatchSecretsRequest(
                parent="projects/default", position="bWFkZSB1cA"),
            timeout=client.TIMEOUT)
        assert code_of(next, stream) in (
            Code.INVALID_ARGUMENT, Code.FAILED_PRECONDITION)


@test
def P5_no_value_is_in_the_data_folders(keyward):
    import base64
    import os

    values = [os.urandom(40), b"a-readable-but-unlikely-value-" + os.urandom(8)]
    with Client(keyward.address, keyward.identity("admin")) as admin:
        for index, value in enumerate(values):
            admin.create(f"s{index}", value)
            assert admin.access(f"s{index}") == value
    planted = os.path.join(keyward.home, "data", "planted")
    forms = []
    for value in values:
        forms += [value, value.hex().encode(), base64.b64encode(value)]

    def found():
        hits = []
        for folder, _, files in os.walk(os.path.join(keyward.home, "data")):
            for file in files:
                with open(os.path.join(folder, file), "rb") as handle:
                    content = handle.read()
                hits += [form for form in forms if form in content]
        return hits

    assert not found()
    with open(planted, "wb") as handle:
        handle.write(b"x" + values[0] + b"x")
    # The same search finds what was put there on purpose.
    assert found() == [values[0]]
    os.remove(planted)


@test
def run_gives_a_program_its_secrets_and_nothing_of_its_own(keyward):
    """The command quiets gRPC for itself; a program that uses gRPC must not
    inherit that."""
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.create("db", b"one")
    lines = keyward.ok("run", "--secret", "DB=db", "--", "env").splitlines()
    assert b"DB=one" in lines, lines
    assert not [line for line in lines if line.startswith(b"GRPC_")], lines
