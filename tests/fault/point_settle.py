# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Intents that were left open, and what the audit log must say in the end."""

import collections
import re

import client
from client import error_of, eventually
from point_operations import AddVersion
from point_world import all_entries, require, told
from test_clock import WallClock

# An intent is left to its gateway for a minute, and looked at every minute.
SETTLED_SECONDS = 150
# An intent counts as older than that if audit's clock is so far ahead.
AHEAD_SECONDS = 180

VERSION = re.compile(r"/versions/[0-9]+$")


def keeper(world):
    """The process that has the audit log."""
    return world.processes["audit" if world.form == "five" else "standalone"]


def age_intents(world):
    """Starts audit again, with a clock by which all intents are old."""
    process = keeper(world)
    process.kill()
    if not hasattr(world, "clock"):
        world.clock = WallClock(world.folder)
    # Further each time: its records of the last time are as far ahead.
    world.clock.step(AHEAD_SECONDS)
    environment = process.environment
    process.environment = dict(environment, **world.clock.environment)
    process.start()
    # The next start has the time of day again.
    process.environment = environment


class Reconcile(AddVersion):
    """The reconciler, which finds the intent of a gateway that has died."""

    in_call = False
    patience = 60

    def prepare(self):
        super().prepare()
        world = self.world
        self.since = world.log_size()
        point = "gateway.change.intended"
        world.arm(point, "crash")
        self.left = told(error_of(self.call))
        eventually(lambda: not world.host(point).running())
        world.recover()
        assert world.open_intents() > 0

    def drive(self):
        age_intents(self.world)

    def conclusion(self, error):
        return self.left

    def made(self):
        age_intents(self.world)
        self.world.recover()
        eventually(lambda: self.world.open_intents() == 0, self.patience)
        return super().made()


def judge_log(world, report, patient=False):
    """Every answer has its record, every intent its outcome, and the truth."""
    if not patient:
        age_intents(world)
    world.recover()
    eventually(lambda: world.open_intents() == 0, SETTLED_SECONDS)
    with world.client() as admin:
        entries = all_entries(admin)
    report.tried("records", len(entries))
    judge_answers(world, entries)
    judge_outcomes(world, entries)
    verified = world.run("audit", "verify", "--settled", "--data",
                         world.data(""))
    require(verified.returncode == 0, "P3", verified.stderr.decode())
    report.tried("reads answered", len(world.answered))
    report.tried("changes", len(world.expected))


def reads_on_record(entries):
    """How many reads of each secret, of whichever version."""
    kinds = client.module("keyward.audit.v1.audit_entry_pb2")
    return collections.Counter(
        VERSION.sub("", entry.resource) for _, entry in entries
        if entry.kind == kinds.ENTRY_KIND_ACCESS and entry.code == 0)


def judge_answers(world, entries):
    kinds = client.module("keyward.audit.v1.audit_entry_pb2")
    recorded = reads_on_record(entries)
    denied = sum(entry.kind == kinds.ENTRY_KIND_DENIAL for _, entry in entries)
    answered = collections.Counter(
        VERSION.sub("", name) for name in world.answered)
    for name, count in answered.items():
        require(recorded[name] >= count, "P1",
                f"{count} reads of {name} were answered, and "
                f"{recorded[name]} are on record")
    require(denied >= world.denied, "P1",
            f"{world.denied} denials were answered, and {denied} are on record")


def judge_outcomes(world, entries):
    kinds = client.module("keyward.audit.v1.audit_entry_pb2")
    closing = (kinds.CHANGE_OUTCOME_APPLIED, kinds.CHANGE_OUTCOME_NOT_APPLIED)
    closed, intents = {}, collections.defaultdict(list)
    for index, entry in entries:
        if entry.kind == kinds.ENTRY_KIND_INTENT:
            intents[entry.resource, entry.method].append(index)
        elif (entry.kind == kinds.ENTRY_KIND_OUTCOME
              and entry.outcome in closing):
            require(entry.intent_index not in closed, "P1",
                    f"intent {entry.intent_index} has two outcomes")
            closed[entry.intent_index] = entry.outcome
    everything = [index for group in intents.values() for index in group]
    require(set(everything) == set(closed), "P1",
            f"intents without an outcome: {set(everything) - set(closed)}")
    # The truth about the attempts of each change, and of the one that its
    # caller made when everything worked again.
    for operation, made, attempts in world.expected:
        of_it = intents[operation.resource, operation.method]
        applied = {index: closed[index] == kinds.CHANGE_OUTCOME_APPLIED
                   for index in of_it}
        before = [applied[index] for index in of_it if index in attempts]
        require(any(before) == made, "P1",
                f"{operation.resource}: a change was {'' if made else 'not '}"
                f"made, and its intents say {before}")
        require(of_it and applied[of_it[-1]], "P1",
                f"{operation.resource}: a change is on record as not made")
