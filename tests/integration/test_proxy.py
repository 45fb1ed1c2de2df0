# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Callers whose TLS a proxy has ended, as in a service mesh.

The test plays the proxy: it holds a certificate that the gateway is told to
trust, and writes x-forwarded-client-cert. tests/interop has a real one.
"""

import os

import grpc

import client
import forge
import issuer
from client import Client, error_of, eventually
from corp import (
    READER, assert_unauthenticated, believe_corp, files, grant, workload)
from registry import test

Code = grpc.StatusCode

HEADER = "x-forwarded-client-cert"
PROXY = "spiffe://corp.test/mesh/ingress"
SECOND = "spiffe://corp.test/mesh/second"
STRANGER = "spiffe://corp.test/stranger"
CALLER = f"URI={READER}"

TOKENS = forge.TokenKey("mesh")


def list_file(keyward):
    return os.path.join(keyward.folder, "proxies")


def trust_proxies(keyward):
    believe_corp(keyward)
    forge.write(list_file(keyward), f"# The mesh.\n{PROXY}\n{SECOND}\n")
    forge.write(issuer.jwks_file(keyward), forge.key_set(TOKENS))
    keyward.set("forwarded_client_cert.trusted_proxies_file="
                + list_file(keyward), issuer.setting(keyward))
    keyward.proxy = workload(keyward, uris=[PROXY])


def trust_nobody(keyward):
    believe_corp(keyward)
    keyward.proxy = workload(keyward, uris=[PROXY])


def metadata(headers, token=None):
    found = [(HEADER, header) for header in headers]
    if token is not None:
        found.append(("authorization", f"Bearer {token}"))
    return found


def read(keyward, certificate, *headers, token=None):
    """Reads the secret on a connection of this certificate."""
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    with Client(keyward.address,
                files(keyward, certificate, "peer")) as caller:
        return caller.secrets.AccessSecretVersion(
            messages.AccessSecretVersionRequest(
                name="projects/default/secrets/db"),
            metadata=metadata(headers, token),
            timeout=client.TIMEOUT).payload.data


def whoami(keyward, certificate, *headers, token=None):
    messages = client.module("keyward.policy.v1.policy_service_pb2")
    with Client(keyward.address,
                files(keyward, certificate, "peer")) as caller:
        return caller.policy.GetCallerIdentity(
            messages.GetCallerIdentityRequest(),
            metadata=metadata(headers, token), timeout=client.TIMEOUT)


def entries(keyward, **query):
    messages = client.module("keyward.audit.v1.audit_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        answer = admin.audit.QueryEntries(
            messages.QueryEntriesRequest(
                parent="system", page_size=1000, **query),
            timeout=client.TIMEOUT)
        return [entry.entry for entry in answer.entries]


def pem_pair(certificate):
    return f'Cert="{forge.quoted(certificate.pem())}"'


def fingerprint(certificate):
    return forge.hashlib.sha256(certificate.der()).hexdigest()


# -- from a trusted proxy ----------------------------------------------------


@test(prepare=trust_proxies, shared=True)
def a_trusted_proxy_says_who_calls_and_both_are_on_record(keyward):
    grant(keyward)
    caller = workload(keyward)
    shown = f'By={PROXY};Hash={fingerprint(caller)};Subject="";{CALLER};DNS=a'
    assert read(keyward, keyward.proxy, shown) == b"for the reader"
    entry = entries(keyward, principal=READER)[-1]
    assert (entry.authentication, entry.forwarded_by, entry.code) == (
        "forwarded", PROXY, 0), entry
    assert entry.credential_id == f"certificate:{fingerprint(caller)}", entry
    assert entry.peer.startswith("ipv4:127.0.0.1:"), entry
    me = whoami(keyward, keyward.proxy, CALLER)
    assert (me.principal, me.authentication) == (READER, "forwarded"), me
    assert me.credential_id == f"proxy:{fingerprint(keyward.proxy)}", me


@test(prepare=trust_proxies, shared=True)
def a_callers_certificate_says_who_it_is(keyward):
    grant(keyward)
    caller = workload(keyward)
    for header in (pem_pair(caller), f"By={PROXY};{pem_pair(caller)};{CALLER}"):
        assert read(keyward, keyward.proxy, header) == b"for the reader"
        me = whoami(keyward, keyward.proxy, header)
        assert me.credential_id == f"certificate:{fingerprint(caller)}", me


@test(prepare=trust_proxies, shared=True)
def a_credential_ends_with_the_first_of_both_certificates(keyward):
    # A whole second: certificates have no other times.
    brief = workload(keyward, days=(-1, 1 / 24))
    me = whoami(keyward, keyward.proxy, pem_pair(brief))
    end = me.expire_time.ToDatetime()
    assert end == brief.certificate.not_valid_after, me
    me = whoami(keyward, keyward.proxy, CALLER)
    assert (me.expire_time.ToDatetime()
            == keyward.proxy.certificate.not_valid_after), me


@test(prepare=trust_proxies, shared=True)
def P1_a_stranger_is_not_served_because_its_proxy_is_trusted(keyward):
    grant(keyward)
    error = error_of(read, keyward, keyward.proxy, f"URI={STRANGER}")
    assert error.code() == Code.PERMISSION_DENIED, error
    denial = entries(keyward, principal=STRANGER)[-1]
    assert denial.forwarded_by == PROXY, denial


def another(keyward, **options):
    return pem_pair(workload(keyward, **options))


# What is wrong with a header: (its values, what its sender is told).
REFUSED = {
    "no_header":
        (lambda _: [], "missing; this connection is a trusted proxy's, which "
         "is no caller itself"),
    "two_headers":
        (lambda _: [CALLER, CALLER], "sent more than once"),
    "an_empty_header":
        (lambda _: [""], "not KEY=VALUE"),
    "an_element_of_the_caller_and_one_of_the_proxy":
        (lambda _: [f"{CALLER},By={PROXY};URI={STRANGER}"],
         "more than one element; the proxy must replace the header, not "
         "append to it"),
    "two_ids":
        (lambda _: [f"{CALLER};URI={STRANGER}"], "more than one URI"),
    "a_certificate_with_two_ids":
        (lambda keyward: [another(keyward, uris=[READER, STRANGER])],
         "Cert: it carries more than one URI name"),
    "an_authoritys_certificate":
        (lambda keyward: [pem_pair(keyward.corp)],
         "Cert: it carries no SPIFFE id"),
    "an_id_and_a_certificate_of_another":
        (lambda keyward: [f"{another(keyward)};URI={STRANGER}"],
         "URI is not the one of Cert"),
    "a_certificate_and_the_hash_of_another":
        (lambda keyward: [f"{another(keyward)};Hash={'a' * 64}"],
         "Hash is not of Cert"),
    "a_fingerprint_by_sha_1":
        (lambda _: [f"{CALLER};Hash={'a' * 40}"],
         "Hash must be a SHA-256 digest in hexadecimal"),
    "an_expired_certificate":
        (lambda keyward: [another(keyward, days=(-3, -1))],
         "the caller's certificate is expired, or not valid yet"),
    "a_header_of_another_proxy":
        (lambda _: [f"By={SECOND};{CALLER}"],
         "By is not the SPIFFE id of the proxy that sent it"),
    "a_caller_of_a_domain_that_is_not_configured":
        (lambda _: ["URI=spiffe://other.test/reader"],
         "the caller's trust domain is not configured here"),
    "the_proxy_as_its_own_caller":
        (lambda _: [f"By={PROXY};URI={PROXY}"], "the caller is a proxy"),
    "another_proxy_as_the_caller":
        (lambda _: [f"URI={SECOND}"], "the caller is a proxy"),
    "a_service_of_keywards_as_the_caller":
        (lambda _: ["URI=spiffe://keyward.internal/service/rotation"],
         "the caller is one of Keyward's own services"),
    "a_system_principal":
        (lambda _: ["URI=system:rotation"],
         "URI: a SPIFFE id must begin with spiffe://"),
    "a_caller_without_an_id":
        (lambda _: [f'By={PROXY};Subject="CN=reader";URI='],
         "URI: a SPIFFE id must begin with spiffe://"),
    "a_subject_alone":
        (lambda _: [f'By={PROXY};Subject="CN=reader"'],
         "neither URI nor Cert says who calls"),
    "a_subject_that_may_end_in_two_places":
        (lambda _: [f'Subject="CN=x\\\\";{CALLER}'],
         "backslashes before a quote may mean two things"),
    "a_key_that_nobody_knows":
        (lambda _: [f"{CALLER};Principal=x"],
         "a key must be one of By, Hash, Cert, Chain, Subject, URI, DNS"),
    "an_overlong_header":
        (lambda _: [f'{CALLER};Subject="{"x" * 12288}"'],
         "longer than 12288 bytes"),
}


def refusal(name, make, reason):
    def case(keyward):
        grant(keyward)
        error = error_of(read, keyward, keyward.proxy, *make(keyward))
        assert_unauthenticated(error, f"{HEADER}: {reason}")

    case.__name__ = name + "_from_a_trusted_proxy_is_refused"
    return test(prepare=trust_proxies, shared=True)(case)


for refused_name, (refused_make, refused_reason) in REFUSED.items():
    refusal(refused_name, refused_make, refused_reason)


@test(prepare=trust_proxies, shared=True)
def a_token_alone_decides_through_a_proxy_too(keyward):
    grant(keyward)
    for headers in ([], [CALLER], [CALLER, CALLER], ["garbage"]):
        me = whoami(keyward, keyward.proxy, *headers, token=TOKENS.token())
        assert (me.principal, me.authentication) == (
            "oidc:corp:reader", "jwt"), me
    error = error_of(read, keyward, keyward.proxy, CALLER,
                     token=TOKENS.token(aud="x"))
    assert_unauthenticated(
        error, "bearer token: aud names none of the audiences configured here")


# -- from anyone else --------------------------------------------------------


@test(prepare=trust_proxies, shared=True)
def P1_a_header_that_a_caller_sends_by_itself_never_counts(keyward):
    grant(keyward)
    stranger = workload(keyward, uris=[STRANGER])
    forged = ([CALLER], [f"By={PROXY};{CALLER}"], [another(keyward)],
              [CALLER, CALLER], ["garbage"], [f"URI={PROXY}"])
    for headers in forged:
        me = whoami(keyward, stranger, *headers)
        assert (me.principal, me.authentication) == (STRANGER, "mtls"), me
        error = error_of(read, keyward, stranger, *headers)
        assert error.code() == Code.PERMISSION_DENIED, error
    denial = entries(keyward, principal=STRANGER)[-1]
    assert (denial.authentication, denial.forwarded_by) == ("mtls", ""), denial
    assert READER not in str(denial), denial
    # Nor without a certificate.
    messages = client.module("keyward.policy.v1.policy_service_pb2")
    with Client(keyward.address, issuer.nobody(keyward)) as nobody:
        error = error_of(
            nobody.policy.GetCallerIdentity,
            messages.GetCallerIdentityRequest(),
            metadata=metadata([CALLER]), timeout=client.TIMEOUT)
        assert_unauthenticated(
            error, "no credential: connect with a client certificate, or send "
            '"authorization: Bearer TOKEN"')


@test(prepare=trust_proxies, shared=True)
def P1_the_name_of_a_proxy_is_no_use_without_its_domains_authority(keyward):
    grant(keyward)
    # TLS takes either authority; only its own domain's counts.
    other = forge.Certificate("mesh", forge.authority("corp"), uris=[PROXY])
    assert error_of(
        read, keyward, other, CALLER).code() == Code.UNAVAILABLE
    foreign = workload(keyward, uris=["spiffe://keyward.internal/mesh"])
    assert_unauthenticated(error_of(read, keyward, foreign, CALLER),
                           "certificate: the certificate is not trusted: unable to get "
                           "local issuer certificate")


@test(prepare=trust_nobody)
def P1_no_header_counts_where_no_proxy_is_configured(keyward):
    grant(keyward)
    assert whoami(keyward, keyward.proxy, CALLER).principal == PROXY
    error = error_of(read, keyward, keyward.proxy, CALLER)
    assert error.code() == Code.PERMISSION_DENIED, error


# -- records, limits, reloads ------------------------------------------------


@test(prepare=trust_proxies)
def refusals_of_a_proxys_callers_are_on_record_without_their_headers(keyward):
    grant(keyward)
    header = f"{CALLER};URI={STRANGER}"
    assert error_of(read, keyward, keyward.proxy, header) is not None
    kind = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_UNAUTHENTICATED
    found = eventually(
        lambda: [e for e in entries(keyward) if e.kind == kind])
    assert [(e.detail, e.code) for e in found] == [
        (f"{HEADER}: more than one URI", Code.UNAUTHENTICATED.value[0])]
    assert not found[0].principal, found
    assert READER not in str(found[0]) and STRANGER not in str(found[0])


def trust_proxies_and_count(keyward):
    trust_proxies(keyward)
    keyward.set("limits.requests_per_second=1", "limits.burst=5")


@test(prepare=trust_proxies_and_count)
def a_proxys_callers_use_up_nothing_of_each_others(keyward):
    grant(keyward)
    codes = set()
    for _ in range(20):
        error = error_of(read, keyward, keyward.proxy, CALLER)
        codes.add(error.code() if error else Code.OK)
    assert codes == {Code.OK, Code.RESOURCE_EXHAUSTED}, codes
    assert whoami(keyward, keyward.proxy, f"URI={STRANGER}").principal == (
        STRANGER)


@test(prepare=trust_proxies)
def P1_a_proxy_that_is_taken_off_the_list_speaks_for_nobody(keyward):
    grant(keyward)
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    closed = client.module(
        "keyward.audit.v1.audit_entry_pb2").ENTRY_KIND_STREAM_CLOSED
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, files(keyward, keyward.proxy)
    ) as proxy:
        admin.bind("watcher", "secrets.viewer", READER, "projects/default")
        stream = proxy.secrets.WatchSecrets(
            messages.WatchSecretsRequest(parent="projects/default"),
            metadata=metadata([CALLER]), timeout=60)
        # It has told what there was, and is idle from here on.
        next(stream)
        # A list that cannot be read takes nobody off it.
        forge.write(list_file(keyward), f"{SECOND}\nmesh\n")
        eventually(lambda: "files refused" in keyward.front.log())
        assert read(keyward, keyward.proxy, CALLER) == b"for the reader"
        # One without the other proxy changes nothing for this one.
        third = "spiffe://corp.test/mesh/third"
        forge.write(list_file(keyward), f"{PROXY}\n{third}\n")
        eventually(lambda: error_of(
            read, keyward, workload(keyward, uris=[third]), CALLER) is None)
        assert stream.is_active()
        forge.write(list_file(keyward), f"{third}\n")
        error = error_of(lambda: list(stream))
        assert_unauthenticated(
            error, "the stream's credential is no longer believed: "
            f"{HEADER}: its sender is no trusted proxy any more")
    ends = [e for e in entries(keyward, principal=READER) if e.kind == closed]
    assert [(e.code, e.forwarded_by) for e in ends] == [
        (Code.UNAUTHENTICATED.value[0], PROXY)], ends
    # It is a caller like any other, and of no right.
    assert whoami(keyward, keyward.proxy, CALLER).principal == PROXY
    error = error_of(read, keyward, keyward.proxy, CALLER)
    assert error.code() == Code.PERMISSION_DENIED, error


@test(prepare=trust_proxies, shared=True)
def P1_a_stream_ends_with_the_proxys_certificate(keyward):
    grant(keyward)
    messages = client.module("keyward.secrets.v1.secret_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        admin.bind("watcher", "secrets.viewer", READER, "projects/default")
    brief = workload(keyward, uris=[PROXY], days=(-1, 4 / 86400))
    with Client(keyward.address, files(keyward, brief, "brief")) as proxy:
        stream = proxy.secrets.WatchSecrets(
            messages.WatchSecretsRequest(parent="projects/default"),
            metadata=metadata([CALLER]), timeout=60)
        error = error_of(lambda: list(stream))
    assert_unauthenticated(error, "the credential has expired")
