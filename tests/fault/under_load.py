# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A deployment with load on it, and what is done to its processes.

The load is tests/fault/load: a program of ours that calls the gateway from many
threads and checks what it is answered; see load_main.cc for what is said to it.
"""

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

# pylint: disable=wrong-import-position
import client
import deployment
import report as reports
import runner

FORMS = ("standalone", "five")

# Secrets in use at once, each by two owners and two guests.
SLOTS = 8
# What the load may take to answer: it waits two minutes for a service.
ANSWER_SECONDS = 600

# A guest whose binding is taken away is denied as fast as it can ask.
SETTINGS = ("limits.denials_per_second=1000",)


@contextlib.contextmanager
def programs():
    """A folder with the programs, and the modules of the contracts."""
    binaries = runner.link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    try:
        yield binaries
    finally:
        shutil.rmtree(binaries)
        shutil.rmtree(stubs)


class Load:
    """The program, its commands and its answers."""

    def __init__(self, keyward, random_seed, operations=0):
        self.suspicious = os.path.join(keyward.folder, "suspicious")
        ca = keyward.identity("admin")[0]
        self.child = subprocess.Popen(
            [os.path.join(os.environ["KEYWARD_BIN"],
                          "tests/fault/load/keyward-load"),
             "--address", keyward.address, "--ca", ca,
             "--identities", os.path.join(keyward.folder, "identities"),
             "--random-seed", str(random_seed), "--slots", str(SLOTS),
             "--operations", str(operations),
             "--suspicious", self.suspicious],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            # Connections break all the time.
            env={**os.environ, "GRPC_VERBOSITY": "NONE"})
        # Set when all operations are made.
        self.done = threading.Event()
        self._answers = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.child.stdout:
            answer = json.loads(line)
            if answer.get("done"):
                self.done.set()
            else:
                self._answers.put(answer)
        self._answers.put(None)
        self.done.set()

    def _say(self, command):
        self.child.stdin.write(command + "\n")
        self.child.stdin.flush()
        answer = self._answers.get(timeout=ANSWER_SECONDS)
        if answer is None:
            raise RuntimeError(f"the load ended with {self.child.wait()}")
        return answer

    def check(self):
        """What was done and found so far; the load goes on."""
        return self._say("check")

    def end(self):
        """The same at the end."""
        answer = self._say("end")
        if self.child.wait(timeout=60) != 0:
            raise RuntimeError(f"the load ended with {self.child.returncode}")
        return answer

    def close(self):
        self.child.kill()
        self.child.wait()
        self._reader.join()
        self.child.stdin.close()
        self.child.stdout.close()


def prepare(keyward):
    """The load's identities, and what each may do without a binding."""
    owners = [f"load-owner-{i}" for i in range(2 * SLOTS)]
    guests = [f"load-guest-{i}" for i in range(2 * SLOTS)]
    for name in (*owners, *guests, "load-auditor"):
        keyward.identity(name)
    policy = client.module("keyward.policy.v1.policy_pb2")
    with client.Client(keyward.address, keyward.identity("admin")) as admin:
        admin.apply(bindings=[
            policy.Binding(
                name=f"projects/default/bindings/load-{role}",
                role=f"roles/{role}", resource="projects/default",
                principals=[client.principal(name) for name in names])
            for role, names in (
                ("secrets.admin", owners), ("policy.admin", owners),
                ("secrets.accessor", ["load-auditor"]))])
        admin.apply(parent="system", bindings=[policy.Binding(
            name="system/bindings/load-auditor", role="roles/auditor",
            resource="system", principals=[client.principal("load-auditor")])])


class Attack:
    """One form under load, attacked by what `harm` does until it is over."""

    def __init__(self, report, form, binaries):
        self.report = report
        self.form = form
        # How many numbers another form's run has drawn is up to the machine.
        self.random = report.random_of(form)
        self.keyward = deployment.Deployment(form, binaries)
        self.keyward.set(*SETTINGS)

    def run(self, harm, operations=0):
        """Starts everything, calls harm(self, load), and judges the end.

        True if nothing was found. What failed is printed with the services'
        logs.
        """
        began = time.monotonic()
        load = None
        try:
            with self.keyward as keyward:
                prepare(keyward)
                load = Load(keyward, self.random.randrange(2**63), operations)
                try:
                    harm(self, load)
                    tally = load.end()
                    self._note(tally, load)
                    verified = self._verify_log()
                    keyward.check_logs()
                except BaseException:
                    print(keyward.logs(), flush=True)
                    raise
                finally:
                    load.close()
        except deployment.ProcessFailed as error:
            self.report.found("P4", f"does not come up again: {error}",
                              form=self.form)
            return False
        except Exception as error:  # pylint: disable=broad-except
            # Nothing that was found, but nothing that was tried either.
            traceback.print_exc(file=sys.stdout)
            print(f"  {self.form}: {error}", flush=True)
            return False
        self.report.tried("seconds", round(time.monotonic() - began))
        return verified and not tally["findings"]

    def _note(self, tally, load):
        tried = self.report.tried
        tried("operations", tally["operations"])
        tried("secrets", tally["secrets"])
        tried("versions acknowledged", tally["versions"])
        tried("versions read again later", tally["swept"])
        tried("reads answered", tally["reads"])
        tried("denials", tally["denials"])
        tried("grants and revokes", tally["policy_changes"])
        tried("lost answers found out by a repetition", tally["lost_answers"])
        tried("outcomes left unknown", tally["unknown"])
        tried("records of the log compared", tally["entries"])
        tried("intents open at the end", tally["open_intents"])
        self.report.most("largest search, in configurations",
                         tally["largest_search"])
        for finding in tally["findings"]:
            self.report.found(finding["promise"], finding["what"],
                              form=self.form)
        if os.path.exists(load.suspicious):
            kept = os.path.join(
                tempfile.gettempdir(),
                f"keyward-{self.report.name}-{self.report.random_seed}-"
                f"{self.form}.history")
            shutil.copy(load.suspicious, kept)
            print(f"  histories: {kept}\n  again: "
                  f"{reports.command('histories', '--history', kept)}",
                  flush=True)

    def _verify_log(self):
        """Beside the running services, and against what was pinned."""
        keyward = self.keyward
        keyward.ok("audit", "checkpoint", timeout=120)
        done = keyward.run("audit", "verify", "--data", keyward.data(""),
                           timeout=600)
        if done.returncode != 0:
            self.report.found(
                "P3", f"the log does not verify: {done.stderr.decode()}",
                form=self.form)
            return False
        return True

    # -- harm ----------------------------------------------------------------

    def kill(self, names):
        """As a crash of these processes, at the same moment."""
        for name in names:
            self.keyward.processes[name].kill()
        self.report.tried("kills")
        for name in names:
            self.report.tried(f"processes killed, {name}")

    def restart(self, names):
        began = time.monotonic()
        for name in names:
            self.keyward.processes[name].start()
        self.keyward.wait_ready()
        self.report.most("longest restart, ms",
                         round(1000 * (time.monotonic() - began)))

    def pause(self, name, seconds):
        """As a machine that stands still for a while."""
        process = self.keyward.processes[name]
        process.pause()
        time.sleep(seconds)
        process.resume()
        self.report.tried("pauses")
