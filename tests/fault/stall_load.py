# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Callers of every kind, who note what they were told and when.

What they know is enough to judge it: which changes were acknowledged, refused
or neither, and from when to when somebody was allowed to read, or was not.
Everything is on one clock, that of this process.
"""

import contextlib
import dataclasses
import itertools
import math
import threading
import time
import uuid

import grpc

import client
import http2
from client import Client, code_of, details_of, principal

Code = grpc.StatusCode

# What every call is given.
DEADLINE = 2
# Between two calls of one caller.
PAUSE = 0.05
# What changes may take that went wrong while the fault was there.
PATIENCE = 30

ACCESS, ADD, LIST, CHANGE = KINDS = ("access", "add", "list", "change")

SECRETS = "/keyward.secrets.v1.SecretService/"
POLICY = "/keyward.policy.v1.PolicyService/"


def messages(service="secrets"):
    name = {"secrets": "secret", "policy": "policy"}[service]
    return client.module(f"keyward.{service}.v1.{name}_service_pb2")


def secret_name(secret):
    return f"projects/default/secrets/{secret}"


@dataclasses.dataclass
class Ended:
    """A call, and how it ended."""

    kind: str
    gateway: str
    begin: float
    end: float
    code: Code = Code.OK
    reason: str = ""

    @property
    def unknown(self):
        """Whether a change may have been made all the same."""
        return (self.code in (Code.DEADLINE_EXCEEDED, Code.CANCELLED)
                or self.reason == "OUTCOME_UNKNOWN"
                # gRPC's own, of a connection that broke: it has no reason.
                or (self.code == Code.UNAVAILABLE and not self.reason))


@dataclasses.dataclass
class Period:
    """When a guest may read, or may not: what is certain of it."""

    allowed: bool
    since: float
    until: float = math.inf


class Guest:
    """Somebody whose grant comes and goes."""

    def __init__(self, name):
        self.name = name
        self.periods = []

    def wrong(self, call):
        """What is wrong with the answer to a read, None if nothing is."""
        for period in self.periods:
            if call.begin < period.since or call.end > period.until:
                continue
            if period.allowed and call.code == Code.PERMISSION_DENIED:
                return f"{self.name} was denied after its grant was answered"
            if not period.allowed and call.code == Code.OK:
                return (f"{self.name} was answered {call.end - period.since:.3f}"
                        " s after its revocation was")
        return None


class Gateway:
    """The callers' connections to one gateway."""

    def __init__(self, keyward, name, address, guests, stack):
        self.name = name
        self.address = address
        self.identity = keyward.identity("admin")

        def connect(identity):
            return stack.enter_context(
                Client(address, keyward.identity(identity)))

        self.admin = connect("admin")
        self.app = connect("app")
        self.guests = {guest: connect(guest) for guest in guests}


class Load:
    """All callers, for one fault. They use a secret of its own."""

    def __init__(self, gateways, guests, number, probes):
        self.gateways = gateways
        self.guests = guests
        self.secret = f"s{number}"
        self.probes = probes
        self.calls = []
        # (caller's word for it, call) of reads by a guest.
        self.reads = []
        # Values by how their change ended.
        self.acknowledged, self.unknown, self.refused = {}, set(), set()
        self.seen = {gateway.name: set() for gateway in gateways}
        # (seconds until a call's end by the gateway alone, method)
        self.probed = []
        self.problems = []
        self._numbers = itertools.count()
        # For callers, and then for those who watch what they did.
        self._stop, self._end = threading.Event(), threading.Event()
        self._threads, self._watchers = [], []
        self._streams = {}

    # -- callers -----------------------------------------------------------

    def start(self):
        admin = self.gateways[0].admin
        client.eventually(lambda: code_of(
            admin.create, self.secret, b"first") in (
                Code.OK, Code.ALREADY_EXISTS))
        client.eventually(lambda: code_of(
            admin.bind, "app", "secrets.accessor", principal("app"),
            "projects/default") == Code.OK)
        position = admin.secrets.ListSecrets(
            messages().ListSecretsRequest(parent="projects/default"),
            timeout=DEADLINE).watch_position
        for gateway in self.gateways:
            self._run(self._read, gateway)
            self._run(self._add, gateway)
            self._run(self._list, gateway)
            self._thread(self._watch, gateway, position, keep=self._watchers)
            for guest in self.guests.values():
                self._run(self._read_as, gateway, guest)
        # Each guest's grants come by a gateway of its own.
        for gateway, guest in zip(self.gateways, self.guests.values()):
            self._thread(self._change, gateway, guest)
        if self.probes:
            self._thread(self._probe, self.gateways[0])

    def stop(self):
        """Ends the calls; those who watch go on until they have seen all."""
        self._stop.set()
        self._join(self._threads)
        with contextlib.suppress(AssertionError):
            client.eventually(lambda: not self.unseen(), PATIENCE)
        self._end.set()
        for stream in list(self._streams.values()):
            stream.cancel()
        self._join(self._watchers)

    def _join(self, threads):
        for thread in threads:
            thread.join(PATIENCE + 2 * DEADLINE)
            if thread.is_alive():
                self.problems.append(f"{thread.name} hangs")

    def _thread(self, function, *arguments, keep=None):
        def guarded():
            try:
                function(*arguments)
            except Exception as error:  # pylint: disable=broad-except
                self.problems.append(f"{function.__name__}: {error!r}")

        thread = threading.Thread(
            target=guarded, name=function.__name__, daemon=True)
        (self._threads if keep is None else keep).append(thread)
        thread.start()

    def _run(self, function, *arguments):
        def again():
            while not self._stop.wait(PAUSE):
                function(*arguments)

        self._thread(again)

    def _call(self, kind, gateway, function, *arguments, **options):
        call = Ended(kind, gateway.name, time.monotonic(), 0)
        answer = None
        try:
            answer = function(*arguments, timeout=DEADLINE, **options)
        except grpc.RpcError as error:
            call.code = error.code()
            info = details_of(error).get("ErrorInfo")
            call.reason = info.reason if info else ""
        call.end = time.monotonic()
        self.calls.append(call)
        return call, answer

    def _read(self, gateway):
        call, value = self._call(
            ACCESS, gateway, gateway.app.access, self.secret)
        if call.code == Code.OK and value in self.refused:
            self.problems.append("a change that was refused was made")
        if call.code == Code.PERMISSION_DENIED:
            self.problems.append("somebody was denied who is allowed")

    def _read_as(self, gateway, guest):
        call, _ = self._call(
            ACCESS, gateway, gateway.guests[guest.name].access, self.secret)
        self.reads.append((guest, call))

    def _list(self, gateway):
        self._call(LIST, gateway, gateway.admin.secrets.ListSecrets,
                   messages().ListSecretsRequest(
                       parent="projects/default",
                       filter=f'name = "{self.secret}*"'))

    def _add(self, gateway):
        value = b"%s %d" % (self.secret.encode(), next(self._numbers))
        request = messages().AddSecretVersionRequest(
            parent=secret_name(self.secret))
        request.payload.data = value
        call, answer = self._call(
            ADD, gateway, gateway.admin.secrets.AddSecretVersion, request)
        if answer is not None:
            number = int(answer.version.name.rsplit("/", 1)[1])
            self.acknowledged[value] = number
        elif call.unknown:
            self.unknown.add(value)
        else:
            self.refused.add(value)

    def _change(self, gateway, guest):
        """Grants and revokes, and knows when each was in force."""
        policy = client.module("keyward.policy.v1.policy_pb2")
        binding = policy.Binding(
            name=f"projects/default/bindings/{guest.name}",
            role="roles/secrets.accessor", resource="projects/default",
            principals=[principal(guest.name)])
        allowed = False
        while not self._stop.wait(4 * PAUSE):
            allowed = not allowed
            what = {"bindings": [binding]} if allowed else {
                "removed": [binding.name]}
            self._change_once(gateway, guest, allowed, what)
        if allowed:
            self._change_once(
                gateway, guest, False, {"removed": [binding.name]})

    def _change_once(self, gateway, guest, allowed, what):
        """Repeats one change, as the same change, until it is answered."""
        request = messages("policy").ApplyPolicyRequest(
            parent="projects/default", request_id=str(uuid.uuid4()), **what)
        if guest.periods:
            guest.periods[-1].until = time.monotonic()
        end = None
        while True:
            call, answer = self._call(
                CHANGE, gateway, gateway.admin.policy.ApplyPolicy, request)
            if answer is not None:
                guest.periods.append(Period(allowed, call.end))
                return
            if call.code not in (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED,
                                 Code.RESOURCE_EXHAUSTED):
                self.problems.append(
                    f"a change of the policy ended {call.code} {call.reason}")
                return
            # While the load goes on, so may the fault.
            if self._stop.wait(2 * PAUSE):
                end = end or time.monotonic() + PATIENCE
                if time.monotonic() > end:
                    self.problems.append("a change of the policy never ended")
                    return
                time.sleep(2 * PAUSE)

    def _watch(self, gateway, position):
        """Follows the secret's events, each time from where it was."""
        while not self._end.is_set():
            stream = gateway.admin.secrets.WatchSecrets(
                messages().WatchSecretsRequest(
                    parent="projects/default", position=position),
                timeout=10 * PATIENCE)
            self._streams[gateway.name] = stream
            try:
                for answer in stream:
                    position = answer.position
                    if answer.event.name == secret_name(self.secret):
                        self.seen[gateway.name].add(answer.event.version)
            except grpc.RpcError as error:
                if error.code() not in (Code.UNAVAILABLE, Code.CANCELLED):
                    self.problems.append(
                        f"a watch ended {error.code()} {error.details()}")
            self._end.wait(2 * PAUSE)

    def _probe(self, gateway):
        """Calls that nobody but the gateway ends."""
        access = messages().AccessSecretVersionRequest(
            name=secret_name(self.secret)).SerializeToString()
        listed = messages().ListSecretsRequest(
            parent="projects/default").SerializeToString()
        test = messages("policy").ApplyPolicyRequest(
            parent="projects/default",
            removed=["projects/default/bindings/none"]).SerializeToString()
        calls = itertools.cycle((
            (SECRETS + "AccessSecretVersion", access),
            (SECRETS + "ListSecrets", listed),
            (POLICY + "ApplyPolicy", test),
        ))
        timeout = (b"grpc-timeout", b"%dm" % (DEADLINE * 1000))
        with http2.Connection(gateway.address, gateway.identity) as connection:
            while not self._stop.wait(PAUSE):
                method, body = next(calls)
                began = time.monotonic()
                connection.wait(connection.call(
                    method, body, headers=(timeout,)))
                self.probed.append((time.monotonic() - began, method))

    # -- what became of it -------------------------------------------------

    def answered_since(self, moment):
        """When each gateway has answered each kind of call begun since then.

        None while one has not.
        """
        first = {}
        for call in list(self.calls):
            if call.begin >= moment and call.code == Code.OK:
                first.setdefault((call.gateway, call.kind), call.end)
        if len(first) < len(self.gateways) * len(KINDS):
            return None
        return max(first.values())

    def check(self):
        """After all has ended and the fault is over: what is not as told."""
        admin = self.gateways[-1].admin
        found = self._versions(admin)
        for value, number in self.acknowledged.items():
            if found.get(number) != value:
                yield "P4", f"version {number} was acknowledged and is not there"
        for value in found.values():
            if value in self.refused:
                yield "P4", "a version is there whose change was refused"
        for guest, call in self.reads:
            wrong = guest.wrong(call)
            if wrong:
                yield "P2", f"{wrong} by the gateway {call.gateway}"
        for problem in self.problems:
            yield "P8", problem

    def unseen(self):
        """Acknowledged versions that a watch has not told."""
        numbers = set(self.acknowledged.values())
        return {name: sorted(numbers - seen)
                for name, seen in self.seen.items() if numbers - seen}

    def _versions(self, admin):
        """The value of every version of the secret, by number."""
        numbers, token = [], ""
        while True:
            page = admin.secrets.ListSecretVersions(
                messages().ListSecretVersionsRequest(
                    parent=secret_name(self.secret), page_size=1000,
                    page_token=token), timeout=client.TIMEOUT)
            numbers += [int(version.name.rsplit("/", 1)[1])
                        for version in page.versions]
            token = page.next_page_token
            if not token:
                break
        found = {}
        for begin in range(0, len(numbers), 100):
            chosen = numbers[begin:begin + 100]
            names = [f"{secret_name(self.secret)}/versions/{number}"
                     for number in chosen]
            answer = admin.secrets.BatchAccessSecretVersions(
                messages().BatchAccessSecretVersionsRequest(names=names),
                timeout=client.TIMEOUT)
            for number, result in zip(chosen, answer.results):
                found[number] = result.response.payload.data
        return found
