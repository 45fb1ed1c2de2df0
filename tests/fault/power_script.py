# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The run whose disk loses power, and what must hold after each power cut."""

import contextlib
import json
import os
import shutil
import subprocess
import tempfile
import time

import grpc

import client
from client import Client, code_of, eventually, principal
from deployment import Deployment, ProcessFailed
from point_settle import AHEAD_SECONDS, reads_on_record
from point_world import (
    CALL_SECONDS, RECOVERY_SECONDS, all_entries, require)
from power_disk import Disk, read_journals
from test_clock import WallClock

Code = grpc.StatusCode

HERE = os.path.dirname(os.path.abspath(__file__))
DB = "projects/default/secrets/db"
PUTS = 3
# Of a moment that was saved: what callers knew, and the folder of its run.
MOMENT, RUN = "moment.json", "run"


def secrets():
    return client.module("keyward.secrets.v1.secret_service_pb2")


def policies():
    return client.module("keyward.policy.v1.policy_service_pb2")


class Recorded(Deployment):
    """A deployment whose processes write down what they do to files."""

    def __init__(self, form, binaries, journals):
        super().__init__(form, binaries)
        self.journals = journals
        self.library = os.path.join(journals, "power_cut.so")
        subprocess.run(
            ["g++", "-std=c++17", "-O2", "-shared", "-fPIC", "-o",
             self.library, os.path.join(HERE, "power_cut.cc")],
            check=True)
        for name, process in self.processes.items():
            process.environment = self.recording(name)

    def recording(self, name):
        return {"LD_PRELOAD": self.library, "POWER_CUT_ROOT": self.folder,
                "POWER_CUT_JOURNAL": os.path.join(
                    self.journals, f"{name}.journal")}

    def initialize(self):
        if not os.path.exists(self.home):
            subprocess.run(
                [self.binary("keyward-standalone"), "--home", self.home,
                 "--init"],
                check=True, capture_output=True,
                env=dict(os.environ, **self.recording("init")))


class Run:
    """What was done and when, on CLOCK_MONOTONIC, and what it did to files.

    `keep` is the folder of its journals and of the checkpoints that were shown.
    """

    def __init__(self, form, keep):
        self.form = form
        self.keep = keep
        self.steps = {}
        self.shown = {}
        self.root = None
        self.records = []

    def close(self):
        shutil.rmtree(self.keep)

    def read_shown(self):
        self.shown = {name: _read(os.path.join(self.keep, name))
                      for name in os.listdir(self.keep)
                      if name.startswith("shown-")}

    @contextlib.contextmanager
    def step(self, name):
        assert name not in self.steps
        self.steps[name] = [time.monotonic_ns(), None]
        yield
        self.steps[name][1] = time.monotonic_ns()

    def read(self, caller, count=1):
        for _ in range(count):
            with self.step(f"read-{len(self.steps)}"):
                caller.access("db")

    @property
    def boundaries(self):
        return sum(record.syncs for record in self.records)

    def write_image(self, boundary, mode, random, folder):
        """What is left if the power fails before that sync takes effect."""
        disk = Disk(self.root)
        left = boundary
        for record in self.records:
            if record.syncs and left == 0:
                disk.write_image(folder, mode, random)
                return Moment(self, record.end)
            left -= record.syncs
            disk.take(record)
        raise AssertionError(f"there is no boundary {boundary}")


class Moment:
    """What callers knew when the power failed."""

    def __init__(self, run, time_ns):
        self.run = run
        self.time_ns = time_ns

    def begun(self, step):
        return self.run.steps[step][0] < self.time_ns

    def told(self, step):
        return self.run.steps[step][1] < self.time_ns

    def reads(self):
        return sum(self.told(name) for name in self.run.steps
                   if name.startswith("read-"))

    def save(self, folder, **more):
        """Into files from which load() makes it, the run's journals too."""
        with open(os.path.join(folder, MOMENT), "w", encoding="utf-8") as file:
            json.dump({"form": self.run.form, "steps": self.run.steps,
                       "time_ns": self.time_ns, **more}, file, indent=1)
        shutil.copytree(self.run.keep, os.path.join(folder, RUN),
                        ignore=shutil.ignore_patterns("*.so"))

    @classmethod
    def load(cls, folder):
        with open(os.path.join(folder, MOMENT), encoding="utf-8") as file:
            saved = json.load(file)
        run = Run(saved["form"], os.path.join(folder, RUN))
        run.steps = saved["steps"]
        run.read_shown()
        return cls(run, saved["time_ns"])


def record(form, programs):
    """Does some of everything on an empty disk. The run is to be closed."""
    keep = tempfile.mkdtemp(prefix="keyward-run-")
    run = Run(form, keep)
    try:
        with contextlib.closing(Recorded(form, programs, keep)) as keyward:
            run.root = keyward.folder
            _first_day(run, keyward)
            with run.step("drained"):
                keyward.stop()
                keyward.restart()
            _second_day(run, keyward)
            keyward.kill()
        run.records = read_journals(
            os.path.join(keep, name) for name in sorted(os.listdir(keep))
            if name.endswith(".journal"))
        run.read_shown()
        return run
    except BaseException:
        run.close()
        raise


def _read(path):
    with open(path, "rb") as file:
        return file.read()


def _first_day(run, keyward):
    with run.step("installed"):
        keyward.start()
    with Client(keyward.address, keyward.identity("admin")) as admin:
        for number in range(PUTS):
            with run.step(f"put-{number}"):
                if number == 0:
                    admin.create("db", b"value 0")
                else:
                    admin.add("db", b"value %d" % number)
        run.read(admin)
        with run.step("granted"):
            admin.bind("app", "secrets.accessor", principal("app"), DB)
        with Client(keyward.address, keyward.identity("app")) as app:
            run.read(app, 3)
        _show(run, keyward, "shown-1")
        with run.step("pinned"):
            done = subprocess.run(
                [keyward.binary("keyward"), "audit", "checkpoint"],
                env=dict(keyward.environment(), **keyward.recording("cli")),
                capture_output=True, check=False)
            assert done.returncode == 0, done
        with run.step("destroyed"):
            admin.secrets.DestroySecretVersion(
                secrets().DestroySecretVersionRequest(name=f"{DB}/versions/1"),
                timeout=CALL_SECONDS)
        with run.step("revoked"):
            admin.unbind("app")


def _show(run, keyward, name):
    """A checkpoint that somebody keeps on another machine."""
    with run.step(name):
        elsewhere = dict(keyward.environment(), HOME=run.keep)
        subprocess.run(
            [keyward.binary("keyward"), "audit", "checkpoint", "--out",
             os.path.join(run.keep, name)],
            env=elsewhere, check=True, capture_output=True)


def _second_day(run, keyward):
    keys = client.module("keyward.keys.v1.key_service_pb2")
    with Client(keyward.address, keyward.identity("admin")) as admin:
        with run.step("rotated"):
            admin.keys.RotateKey(
                keys.RotateKeyRequest(name="projects/default/keys/default"),
                timeout=CALL_SECONDS)
        with run.step("project"):
            admin.policy.CreateProject(
                policies().CreateProjectRequest(project_id="other"),
                timeout=CALL_SECONDS)
        with run.step("put-last"):
            admin.add("db", b"value last")
        # The store rewraps by itself.
        eventually(lambda: admin.keys.GetKey(
            keys.GetKeyRequest(name="projects/default/keys/default"),
            timeout=CALL_SECONDS).key.versions[0].state
            == keys.KEY_VERSION_STATE_DESTROYED, RECOVERY_SECONDS)
        run.read(admin, 2)
        _show(run, keyward, "shown-2")


# -- after a power cut -----------------------------------------------------


def judge(run, moment, image, programs):
    """Starts what is left in the folder `image`, and looks at it."""
    with contextlib.closing(Deployment(run.form, programs)) as keyward:
        for name in ("home", "people"):
            if os.path.exists(os.path.join(image, name)):
                os.rename(os.path.join(image, name),
                          os.path.join(keyward.folder, name))
        _start(run, keyward)
        with Client(keyward.address, keyward.identity("admin")) as admin:
            # Before anything is read here.
            recorded = reads_on_record(all_entries(admin))[DB]
            require(recorded >= moment.reads(), "P1",
                    f"{moment.reads()} reads were answered, and {recorded} are "
                    "on record")
            _judge_secrets(moment, admin)
            _judge_policy(moment, admin, keyward)
            _goes_on(admin)
        _judge_log(run, moment, keyward)


def _start(run, keyward):
    # By this clock all intents are old enough to be settled at once.
    clock = WallClock(keyward.folder)
    clock.step(AHEAD_SECONDS)
    audit = "audit" if run.form == "five" else "standalone"
    keyward.processes[audit].environment = clock.environment
    try:
        if run.form == "five":
            # As its operator does who does not know how far it came.
            subprocess.run(
                [keyward.binary("keyward-standalone"), "--home", keyward.home,
                 "--init"],
                check=True, capture_output=True)
        keyward.start()
    except ProcessFailed as error:
        require(False, "P4", f"it does not start again: {error}")
    except subprocess.CalledProcessError as error:
        require(False, "P4", f"it does not start again: {error.stderr}")


def _judge_secrets(moment, admin):
    steps = [f"put-{number}" for number in range(PUTS)] + ["put-last"]
    for number, step in enumerate(steps, 1):
        value = None
        try:
            value = admin.access("db", str(number))
        except grpc.RpcError as error:
            destroyed = (number == 1 and moment.begun("destroyed")
                         and error.code() == Code.FAILED_PRECONDITION)
            absent = error.code() == Code.NOT_FOUND and not moment.told(step)
            require(destroyed or absent, "P4",
                    f"{step} was {'' if moment.told(step) else 'not '}"
                    f"acknowledged, and now: {error.details()}")
            continue
        require(moment.begun(step), "P4", f"{step} was made before its time")
        require(value == b"value " + step[4:].encode(), "P6",
                f"{step} reads {value!r}")
        require(not (number == 1 and moment.told("destroyed")), "P4",
                "a version that was destroyed can be read")


def _judge_policy(moment, admin, keyward):
    answer = admin.policy.GetPolicy(
        policies().GetPolicyRequest(parent="projects/default"),
        timeout=CALL_SECONDS)
    bound = "projects/default/bindings/app" in [
        one.name for one in answer.bindings]
    if moment.told("granted") and not moment.begun("revoked"):
        require(bound, "P4", "a grant was acknowledged, and is gone")
    if moment.told("revoked") or not moment.begun("granted"):
        require(not bound, "P4", "a revocation was acknowledged, and is gone")
    if not os.path.exists(os.path.join(keyward.home, "keys", "ca.pem")):
        return
    with Client(keyward.address, keyward.identity("app")) as app:
        code = code_of(app.access, "db")
    require((code != Code.PERMISSION_DENIED) == bound, "P2",
            f"the policy binds the caller: {bound}, and it is answered {code}")
    projects = admin.policy.ListProjects(
        policies().ListProjectsRequest(), timeout=CALL_SECONDS).projects
    if moment.told("project"):
        require("projects/other" in [one.name for one in projects], "P4",
                "a project was made, and is gone")


def _goes_on(admin):
    require(code_of(admin.create, "next", b"next") == Code.OK
            and admin.access("next") == b"next", "P4",
            "nothing can be created any more")


def _judge_log(run, moment, keyward):
    # Asked of the log itself: a gateway shows what it last heard of audit, and
    # before that nothing.
    try:
        eventually(lambda: _verification(keyward).returncode == 0,
                   RECOVERY_SECONDS)
    except AssertionError:
        pass  # What is wrong is told by the last try.
    _verify(keyward)
    for name, checkpoint in run.shown.items():
        if moment.told(name):
            path = os.path.join(keyward.folder, name)
            with open(path, "wb") as file:
                file.write(checkpoint)
            _verify(keyward, "--checkpoint", path)
    pins = [os.path.join(folder, name)
            for folder, _, names in os.walk(
                os.path.join(keyward.folder, "people"))
            for name in names if name.endswith(".pin")]
    if moment.told("pinned"):
        require(pins, "P3", "the checkpoint that was pinned is gone")
    for pin in pins:
        _verify(keyward, "--checkpoint", pin)


def _verification(keyward, *options):
    return keyward.run("audit", "verify", "--settled", "--data",
                       keyward.data(""), *options)


def _verify(keyward, *options):
    done = _verification(keyward, *options)
    require(done.returncode == 0, "P3", done.stderr.decode())
