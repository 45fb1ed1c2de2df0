# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Which operation passes which point, and what is done and judged there."""

import contextlib
import dataclasses
import time
import traceback

import grpc

import point_names
from client import code_of, error_of, eventually
from point_background import DeleteProject, Destroy, Purge, Rewrap, Rotate
from point_operations import AddVersion, Batch, Denied, Read, Unbind, Watch
from point_reopen import Reopen, ReopenAudit
from point_settle import Reconcile, judge_log
from point_world import (
    CALL_SECONDS, LATE_SECONDS, MADE, RECOVERY_SECONDS, REFUSED, Call,
    Violation, World, require, told)
from registry import Skip

Code = grpc.StatusCode

ACTIONS = ("crash", "stall")
STALL_MS = 1500

# What passes each point. A point of kv is one of each service that is named.
DRIVERS = {
    "gateway.call": (Read,),
    "gateway.denial": (Denied,),
    "gateway.read": (Read,),
    "gateway.batch": (Batch,),
    "gateway.change": (AddVersion,),
    "gateway.stream": (Watch,),
    "gateway.policy": (Unbind,),
    "store.change": (AddVersion,),
    "store.own": (Rewrap,),
    "store.rotate": (Rotate,),
    "store.rewrap": (Rewrap,),
    "store.purge": (Purge,),
    "store.project": (DeleteProject,),
    "policy.change": (Unbind,),
    "policy.fence": (Unbind,),
    "policy.project": (DeleteProject,),
    "audit.append": (AddVersion, Read),
    "audit.reconcile": (Reconcile,),
    "kv.commit/store": (AddVersion,),
    "kv.commit/policy": (Unbind,),
    "kv.commit/audit": (AddVersion, Read),
    "kv.reopen/store": (Reopen,),
    "kv.reopen/audit": (ReopenAudit,),
    "kv.erase/store": (Destroy,),
}

# Operations that wait for no timer, and need no deployment of their own.
CHEAP = (AddVersion, Batch, DeleteProject, Denied, Read, Rotate, Unbind, Watch)

# Where a read stands still before its record: revoked meanwhile, it must not
# be answered.
REVOCABLE = ("gateway.call.authenticated", "gateway.call.decided",
             "gateway.read.before_fetch", "gateway.read.fetched")


# Where a record stands still that is not durable: nobody is told.
UNRECORDED = ("audit.append.before_commit", "kv.commit.before_write/audit",
              "kv.commit.written/audit")


@dataclasses.dataclass(frozen=True)
class Case:
    point: str
    action: str
    operation: type
    # Told apart from that of another operation, if there is one.
    suffix: str = ""

    @property
    def name(self):
        return f"{self.action}.{self.point}{self.suffix}"

    @property
    def cheap(self):
        return self.operation in CHEAP

    @property
    def revokes(self):
        return self.action == "stall" and self.point in REVOCABLE


def cases():
    """Every point with every action. Each listed point has an operation."""
    found = []
    for name in point_names.listed():
        group = name.rsplit(".", 1)[0]
        places = [key.partition("/")[2] for key in DRIVERS
                  if key.partition("/")[0] == group]
        assert places, f"nothing passes {name}"
        for place in places:
            suffix = "/" + place if place else ""
            operations = DRIVERS[group + suffix]
            for operation in operations:
                of = f".{operation.__name__}" if len(operations) > 1 else ""
                found += [Case(name + suffix, action, operation, of)
                          for action in ACTIONS]
    return found


def attempt(world, case, operation):
    """Drives the operation to the point; what its caller may conclude."""
    before = world.noted(case.point, case.action)
    world.arm(case.point,
              "crash" if case.action == "crash" else f"stall:{STALL_MS}")
    call = Call(operation.drive)
    eventually(lambda: world.noted(case.point, case.action) > before,
               operation.patience)
    if case.action == "stall":
        stand_still(world, case, operation, call)
    call.wait(operation.patience)
    if case.revokes:
        require(call.code != Code.OK, "P2",
                "a read was revoked while it stood still, and answered")
    elif case.action == "stall" and operation.in_call:
        # Shorter than the call's time: it ends as if nothing had been.
        require(call.code == Code.OK, "P8",
                f"a stall of {STALL_MS} ms ended a call with {call.error}")
    return operation.conclusion(call.error)


def stand_still(world, case, operation, call):
    """While one thread stands still no other call hangs for good."""
    began = time.monotonic()
    if call.ended_within(STALL_MS / 3000):
        require(case.point not in UNRECORDED or call.code != Code.OK, "P1",
                "a call was answered before its record was durable")
        # Told while the rest of it stands still: what is told holds now.
        operation.check(operation.conclusion(call.error))
    if case.revokes:
        operation.revoke()
        require(world.noted(case.point, "go") == 0 or
                time.monotonic() - began < STALL_MS / 1000, "P8",
                "a revocation waited for a read that stood still")
    with world.client() as admin:
        code = code_of(admin.access, "known", timeout=CALL_SECONDS)
    if code == Code.OK:
        world.answered.append("projects/default/secrets/known")
    took = time.monotonic() - began
    require(code in (Code.OK, Code.UNAVAILABLE)
            and took < CALL_SECONDS + LATE_SECONDS, "P8",
            f"beside a stall a read ended with {code} after {took:.1f} s")
    eventually(lambda: world.noted(case.point, "go"), CALL_SECONDS)


def judge_change(world, operation, outcome):
    """The change is what its caller was told, and is made once."""
    made = operation.made()
    if made is None:
        return
    if outcome == MADE:
        require(made, "P4", "a change was told made, and is gone")
    if outcome == REFUSED:
        require(not made, "P4", "a change was told not made, and is there")
    world.expect(operation, made)
    operation.check(outcome)
    # What a caller does that does not know: the same again, until it is told.
    eventually(lambda: told(error_of(operation.call)) == MADE,
               RECOVERY_SECONDS)
    require(operation.made(), "P4", "a repeated change is not there")
    operation.finished()


def run_case(world, case):
    operation = case.operation(world)
    operation.prepare()
    operation.since = operation.since or world.log_size()
    outcome = attempt(world, case, operation)
    if case.action == "crash":
        eventually(lambda: not world.host(case.point).running())
    world.recover()
    judge_change(world, operation, outcome)


class FormRun:
    """The cases of one form, one after the other on one deployment."""

    def __init__(self, report, form, programs):
        self.report = report
        self.form = form
        self.programs = programs
        self.world = None
        self.reached = set()

    def _world(self):
        if self.world is None:
            self.world = World(self.form, self.programs)
            self.world.start()
            self.world.begin()
        return self.world

    def run(self, case):
        name = f"{self.form}.{case.name}"
        report = self.report
        try:
            if case.operation.alone:
                self._run_alone(case)
            else:
                run_case(self._world(), case)
        except Skip as skip:
            report.skip(name, str(skip))
            return
        except Exception as error:  # pylint: disable=broad-except
            self._failed(name, case, error)
            return
        report.tried("crashes" if case.action == "crash" else "stalls")
        report.verdict(True, name)

    def _run_alone(self, case):
        world = World(self.form, self.programs)
        with contextlib.closing(world):
            case.operation.deploy(world)
            world.start()
            world.begin()
            run_case(world, case)
            judge_log(world, self.report)
            self.reached |= world.reached()

    def _failed(self, name, case, error):
        report = self.report
        detail = traceback.format_exc()
        if isinstance(error, Violation):
            report.found(error.promise, error.what, form=self.form,
                         point=case.point, action=case.action)
        if self.world is not None:
            detail += self.world.logs()
            self.reached |= self.world.reached()
            self.world.close()
            self.world = None
        report.verdict(False, name, detail)

    def end(self):
        """What is judged of all cases together."""
        if self.world is None:
            return
        report, name = self.report, f"{self.form}.log"
        try:
            judge_log(self.world, report, patient=report.options.all)
            report.verdict(True, name)
        except Exception as error:  # pylint: disable=broad-except
            if isinstance(error, Violation):
                report.found(error.promise, error.what, form=self.form)
            report.verdict(False, name,
                           traceback.format_exc() + self.world.logs())
        self.reached |= self.world.reached()
        self.world.close()


def run(report, form, programs, chosen):
    """Runs the cases; of a whole run none of the points may be left out."""
    form_run = FormRun(report, form, programs)
    try:
        for case in chosen:
            form_run.run(case)
        form_run.end()
    except BaseException:
        if form_run.world is not None:
            form_run.world.close()
        raise
    if report.options.all and not report.options.action:
        missed = {case.point for case in cases()} - form_run.reached
        report.verdict(not missed, f"{form}.every_point_was_reached",
                       "\n".join(sorted(missed)))
