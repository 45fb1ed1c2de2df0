# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Bearer tokens at a running gateway: the good one, and all the others."""

import time

import grpc

import client
import forge
import issuer
from client import Client, details_of, error_of, eventually
from forge import TokenKey
from issuer import LEEWAY, jwks_file, nobody
from registry import test

Code = grpc.StatusCode

EC = TokenKey("ec")
RSA = TokenKey("rsa", "RS256")
ROTATED = TokenKey("rotated")
STRANGER = TokenKey("stranger")

READER = "oidc:corp:reader"


def believe_issuer(keyward):
    issuer.believe(keyward, EC, RSA)


def grant(keyward):
    """The secret and who may read it, made once for a shared deployment."""
    with Client(keyward.address, keyward.identity("admin")) as admin:
        if error_of(admin.create, "db", b"for the reader") is None:
            admin.bind("reader", "secrets.accessor", READER,
                       "projects/default/secrets/db")
        # Whoever takes a subject for a SPIFFE id answers it.
        assert admin.access("db") == b"for the reader"


def read(keyward, *headers, identity=None):
    """Reads with these `authorization` headers, and no other credential."""
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    with Client(keyward.address, identity or nobody(keyward)) as caller:
        return caller.secrets.AccessSecretVersion(
            messages.AccessSecretVersionRequest(
                name="projects/default/secrets/db"),
            metadata=[("authorization", header) for header in headers],
            timeout=client.TIMEOUT).payload.data


def bearer(token):
    return "Bearer " + token


def assert_refused(error, message):
    assert error is not None, "the token was accepted"
    assert error.code() == Code.UNAUTHENTICATED, error
    assert error.details() == message, error.details()
    info = details_of(error)["ErrorInfo"]
    assert (info.domain, info.reason) == ("keyward", "UNAUTHENTICATED"), info


def whoami(keyward, token, identity=None):
    messages = client.module("keyward.policy.v1.policy_service_pb2")
    with Client(keyward.address, identity or nobody(keyward), token) as caller:
        return caller.policy.GetCallerIdentity(
            messages.GetCallerIdentityRequest(), timeout=client.TIMEOUT)


def entries(keyward, **query):
    messages = client.module("keyward.audit.v1.audit_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        answer = admin.audit.QueryEntries(
            messages.QueryEntriesRequest(
                parent="system", page_size=1000, **query),
            timeout=client.TIMEOUT)
        return [entry.entry for entry in answer.entries]


# -- accepted ----------------------------------------------------------------


@test(prepare=believe_issuer, shared=True)
def a_token_reads_what_its_subject_was_granted_and_is_on_record(keyward):
    grant(keyward)
    for key, token_id in ((EC, "first"), (RSA, "second")):
        token = key.token(jti=token_id)
        assert read(keyward, bearer(token)) == b"for the reader"
        me = whoami(keyward, token)
        assert me.principal == READER, me
        reads = [entry for entry in entries(keyward, principal=READER)
                 if entry.credential_id == f"jwt:corp:{token_id}"
                 and entry.action == "secrets.access"]
        assert [(r.authentication, r.code) for r in reads] == [("jwt", 0)]
        assert reads[0].resource == "projects/default/secrets/db/versions/1"


@test(prepare=believe_issuer, shared=True)
def a_token_without_an_id_is_on_record_by_its_hash(keyward):
    grant(keyward)
    before = len(entries(keyward, principal=READER))
    token = EC.token(jti=None)
    assert read(keyward, bearer(token)) == b"for the reader"
    entry = entries(keyward, principal=READER)[before]
    signed = token.rpartition(".")[0].encode()
    expected = forge.hashlib.sha256(signed).hexdigest()
    assert entry.credential_id == f"jwt:sha256:{expected}", entry


@test(prepare=believe_issuer, shared=True)
def clocks_may_differ_by_the_leeway(keyward):
    grant(keyward)
    now = int(time.time())
    half = LEEWAY // 2
    for moved in ({"exp": now - half}, {"nbf": now + half},
                  {"iat": now + half}):
        assert read(keyward, bearer(EC.token(**moved))) == b"for the reader"


@test(prepare=believe_issuer, shared=True)
def a_token_that_was_accepted_is_refused_when_it_expires(keyward):
    # Verified credentials are remembered, and must not be remembered too long.
    grant(keyward)
    token = EC.token(exp=int(time.time()) - LEEWAY + 3)
    assert read(keyward, bearer(token)) == b"for the reader"
    error = eventually(lambda: error_of(read, keyward, bearer(token)))
    assert_refused(error, "bearer token: it has expired")


@test(prepare=believe_issuer, shared=True)
def a_stream_ends_when_its_token_expires(keyward):
    grant(keyward)
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.bind("watcher", "secrets.viewer", "oidc:corp:watcher",
                   "projects/default")
    token = EC.token(sub="watcher", exp=int(time.time()) - LEEWAY + 3)
    with Client(keyward.address, nobody(keyward), token) as watcher:
        stream = watcher.secrets.WatchSecrets(
            messages.WatchSecretsRequest(parent="projects/default"),
            timeout=30)
        # Idle, or delivering what had happened before: either way it ends.
        error = error_of(lambda: list(stream))
    assert_refused(error, "the credential has expired")


# -- refused -----------------------------------------------------------------


def foreign_signature():
    """A good token's header and signature around other claims."""
    good, other = EC.token(), EC.token(sub="admin")
    head, _, signature = good.split(".")
    return f"{head}.{other.split('.')[1]}.{signature}"


ALGORITHM = "the algorithm must be RS, PS or ES with 256, 384 or 512"

# What is wrong with a token: (the token, what its holder is told).
REFUSED = {
    "a_token_with_alg_none":
        (lambda: forge.unsigned_token("none"), ALGORITHM),
    "a_token_with_alg_none_in_other_letters":
        (lambda: forge.unsigned_token("nOnE"), ALGORITHM),
    "an_hmac_with_the_public_key_as_its_secret":
        (lambda: forge.hmac_token(RSA.public_pem(), "rsa"), ALGORITHM),
    "a_token_without_a_signature":
        (lambda: EC.token().rpartition(".")[0] + ".",
         "the signature has the wrong length"),
    "a_signature_of_other_claims":
        (foreign_signature, "the signature is wrong"),
    "a_token_signed_with_another_key":
        (lambda: STRANGER.token({"kid": "ec"}), "the signature is wrong"),
    "a_token_with_another_keys_id":
        (lambda: RSA.token({"kid": "ec"}),
         "alg is not the one of the key that kid names"),
    "a_token_with_an_unknown_key_id":
        (STRANGER.token, "kid names no key of this issuer"),
    "a_token_without_a_key_id":
        (lambda: EC.token({"kid": None}),
         "kid is missing, and the issuer has several keys"),
    "a_token_that_brings_its_own_key":
        (lambda: STRANGER.token({"jwk": STRANGER.jwk()}),
         "a header parameter is not supported"),
    "a_token_that_says_where_its_keys_are":
        (lambda: STRANGER.token({"jku": "https://attacker.test/keys"}),
         "a header parameter is not supported"),
    "a_token_with_an_extension_it_calls_critical":
        (lambda: EC.token({"crit": ["b64"], "b64": False}),
         "a header parameter is not supported"),
    "a_token_for_another_audience":
        (lambda: EC.token(aud="another-service"),
         "aud names none of the audiences configured here"),
    "a_token_without_an_audience":
        (lambda: EC.token(aud=None), "aud is missing"),
    "a_token_of_another_issuer":
        (lambda: EC.token(iss="https://issuer.test"),
         "iss is not a configured issuer"),
    "a_token_without_an_issuer":
        (lambda: EC.token(iss=None), "iss is missing"),
    "a_token_without_a_subject":
        (lambda: EC.token(sub=None), "sub is missing"),
    "a_token_with_a_number_as_its_subject":
        (lambda: EC.token(sub=7), "sub must be a string"),
    "an_expired_token":
        (lambda: EC.token(exp=int(time.time()) - LEEWAY - 1),
         "it has expired"),
    "a_token_that_never_expires":
        (lambda: EC.token(exp=None), "exp is missing"),
    "a_token_that_lives_for_years":
        (lambda: EC.token(exp=int(time.time()) + 10**8),
         "it lives longer than 24 hours"),
    "a_token_with_a_time_beyond_all_times":
        (lambda: EC.token(exp=10**300), "exp is out of range"),
    "a_token_that_is_not_valid_yet":
        (lambda: EC.token(nbf=int(time.time()) + 2 * LEEWAY),
         "it is not valid yet (nbf)"),
    "a_token_of_the_future":
        (lambda: EC.token(iat=int(time.time()) + 2 * LEEWAY),
         "it was issued in the future (iat)"),
    "an_overlong_token":
        (lambda: EC.token(filler="x" * 8192), "longer than 8192 bytes"),
    "a_token_of_two_parts":
        (lambda: "eyJhbGciOiJFUzI1NiJ9.e30",
         "not HEADER.PAYLOAD.SIGNATURE"),
    "a_token_of_garbage":
        (lambda: "!.?.*", "not base64url without padding"),
}


def refusal(name, make, reason):
    def case(keyward):
        token = make()
        error = error_of(read, keyward, bearer(token))
        assert_refused(error, f"bearer token: {reason}")
        # Nothing of it is repeated: it may be somebody's good token.
        assert token not in str(error)

    case.__name__ = name + "_is_refused"
    return test(prepare=believe_issuer, shared=True)(case)


for refused_name, (refused_make, refused_reason) in REFUSED.items():
    refusal(refused_name, refused_make, refused_reason)


@test(prepare=believe_issuer, shared=True)
def a_header_that_is_no_bearer_token_is_refused(keyward):
    for header in ("Basic YWRtaW46YWRtaW4=", EC.token(), "Bearer",
                   "bearer:" + EC.token()):
        assert_refused(error_of(read, keyward, header),
                       'the authorization header must be "Bearer TOKEN"')


@test(prepare=believe_issuer, shared=True)
def two_authorization_headers_are_refused(keyward):
    grant(keyward)
    good = bearer(EC.token())
    assert read(keyward, good) == b"for the reader"
    error = error_of(read, keyward, good, good)
    assert_refused(error, "more than one authorization header")


@test(prepare=believe_issuer, shared=True)
def a_subject_that_looks_like_a_spiffe_id_is_no_spiffe_principal(keyward):
    grant(keyward)
    for subject in ("spiffe://keyward.internal/user/admin", "system:store",
                    "corp:reader", "oidc:corp:reader", " reader", "reader\n"):
        token = EC.token(sub=subject)
        error = error_of(read, keyward, bearer(token))
        assert error.code() == Code.PERMISSION_DENIED, (subject, error)
        me = whoami(keyward, token).principal
        assert me.startswith("oidc:corp:") and me != READER, me


@test(prepare=believe_issuer, shared=True)
def a_token_alone_decides_beside_a_certificate(keyward):
    grant(keyward)
    admin = keyward.identity("admin")
    assert read(keyward, identity=admin) == b"for the reader"
    assert whoami(keyward, EC.token(), admin).principal == READER
    # The administrator may read: its certificate is not asked.
    other = EC.token(sub="nobody")
    error = error_of(read, keyward, bearer(other), identity=admin)
    assert error.code() == Code.PERMISSION_DENIED, error
    assert_refused(
        error_of(read, keyward, bearer(EC.token(aud="x")), identity=admin),
        "bearer token: aud names none of the audiences configured here")


@test(prepare=believe_issuer)
def refusals_of_strangers_are_on_record_without_their_tokens(keyward):
    grant(keyward)
    token = EC.token(aud="another-service")
    assert error_of(read, keyward, bearer(token)) is not None
    kind = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_UNAUTHENTICATED

    def recorded():
        return [e for e in entries(keyward) if e.kind == kind]

    # These alone may be answered before they are on record.
    found = eventually(recorded)
    assert len(found) == 1
    assert found[0].detail == (
        "bearer token: aud names none of the audiences configured here")
    assert found[0].code == Code.UNAUTHENTICATED.value[0]
    assert not found[0].principal and not found[0].resource
    assert token not in str(found[0])


@test(prepare=believe_issuer)
def rotated_keys_are_taken_up_and_old_ones_refused_without_a_restart(keyward):
    grant(keyward)
    old, new = bearer(EC.token()), bearer(ROTATED.token())
    assert read(keyward, old) == b"for the reader"
    assert_refused(error_of(read, keyward, new),
                   "bearer token: kid names no key of this issuer")
    # While a file is no key set, the last good one stays in force.
    whole = forge.key_set(ROTATED)
    forge.write(jwks_file(keyward), whole[:-1])
    eventually(lambda: "files refused" in keyward.front.log())
    assert read(keyward, old) == b"for the reader"
    forge.write(jwks_file(keyward), whole)
    eventually(lambda: error_of(read, keyward, new) is None)
    # The old token was verified before, and its like is not remembered.
    assert_refused(error_of(read, keyward, old),
                   "bearer token: kid names no key of this issuer")


@test(prepare=believe_issuer)
def P1_an_open_stream_ends_when_the_key_of_its_token_is_taken_out(keyward):
    grant(keyward)
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.bind("watcher", "secrets.viewer", "oidc:corp:watcher",
                   "projects/default")
    with Client(keyward.address, nobody(keyward),
                EC.token(sub="watcher")) as watcher:
        stream = watcher.secrets.WatchSecrets(
            messages.WatchSecretsRequest(parent="projects/default"),
            timeout=60)
        # It has told what there was, and is idle from here on.
        next(stream)
        # A key that comes beside it changes nothing for this one.
        forge.write(jwks_file(keyward), forge.key_set(EC, ROTATED))
        eventually(lambda: error_of(
            read, keyward, bearer(ROTATED.token())) is None)
        assert stream.is_active()
        forge.write(jwks_file(keyward), forge.key_set(ROTATED))
        error = error_of(lambda: list(stream))
    assert_refused(
        error, "the stream's credential is no longer believed: bearer token: "
        "kid names no key of this issuer")
    kind = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_STREAM_CLOSED
    ends = [e.code for e in entries(keyward, principal="oidc:corp:watcher")
            if e.kind == kind]
    assert ends == [Code.UNAUTHENTICATED.value[0]], ends


@test(prepare=believe_issuer)
def an_issuer_that_is_no_longer_configured_is_not_believed(keyward):
    grant(keyward)
    token = bearer(EC.token())
    assert read(keyward, token) == b"for the reader"
    keyward.unset(issuer.setting(keyward))
    assert keyward.front.stop() == 0
    keyward.front.start()
    keyward.front.wait_ready()
    assert_refused(error_of(read, keyward, token),
                   "bearer token: iss is not a configured issuer")
