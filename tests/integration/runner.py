# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Runs the tests of the registry on deployments, for a suite's script."""

import os
import shutil
import sys
import tempfile
import time
import traceback

import client
import deployment
from registry import TESTS, Skip

# Where Bazel puts the binaries, below KEYWARD_BIN.
BINARIES = {
    "keyward": "services/cli/keyward",
    "keyward-standalone": "services/standalone/keyward-standalone",
    "keyward-store": "services/store/keyward-store",
    "keyward-policy": "services/policy/keyward-policy",
    "keyward-audit": "services/audit/keyward-audit",
    "keyward-rotation": "services/rotation/keyward-rotation",
    "keyward-gateway": "services/gateway/keyward-gateway",
}


def link_binaries(folder):
    for name, path in BINARIES.items():
        built = os.path.join(os.environ["KEYWARD_BIN"], path)
        if os.path.exists(built):
            os.symlink(built, os.path.join(folder, name))
    return folder


class Runner:
    """Runs tests one after the other, each on a deployment that fits it."""

    def __init__(self, form, binaries):
        self.form = form
        self.binaries = binaries
        self.running = None
        self.sharer = None

    def close(self):
        if self.running is not None:
            self.running.close()
        self.running = self.sharer = None

    def _deploy(self, test):
        sharer = (test.prepare,) if test.shared else None
        if self.running is not None and sharer and sharer == self.sharer:
            return
        self.close()
        self.running = deployment.Deployment(self.form, self.binaries)
        if test.prepare is not None:
            test.prepare(self.running)
        self.running.start()
        self.sharer = sharer

    def run(self, test):
        name = f"{self.form}.{test.__name__}"
        began = time.monotonic()
        try:
            self._deploy(test)
            test(self.running)
            self.running.check_logs()
        except Skip as skip:
            print(f"ok {name} # skip {skip}", flush=True)
            return True
        except BaseException as error:  # pylint: disable=broad-except
            traceback.print_exc(file=sys.stdout)
            if self.running is not None:
                print(self.running.logs())
            print(f"not ok {name}", flush=True)
            self.close()
            if isinstance(error, KeyboardInterrupt):
                raise
            return False
        finally:
            if not test.shared:
                self.close()
        print(f"ok {name} # {time.monotonic() - began:.1f} s", flush=True)
        return True


def main():
    form, wanted = sys.argv[1], sys.argv[2:]
    binaries = link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    chosen = [
        test for test in TESTS
        if test.form in (None, form)
        and (not wanted or test.__name__ in wanted)
    ]
    runner = Runner(form, binaries)
    try:
        passed = [runner.run(test) for test in chosen]
    finally:
        runner.close()
        shutil.rmtree(binaries)
        shutil.rmtree(stubs)
    return 0 if passed and all(passed) else 1

