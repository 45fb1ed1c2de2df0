# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The integration suite: real processes, one or five, the same tests.

  suite.py FORM [NAME...]    FORM is standalone or five; NAME picks tests

Prints `ok NAME`, `ok NAME # skip REASON` or `not ok NAME` for each test.
KEYWARD_BIN is the folder of Bazel's outputs.
"""

import os
import shutil
import sys
import tempfile
import time
import traceback

import client
import deployment
from registry import TESTS, Skip

# Each module adds its tests to the registry.
import test_audit  # noqa: F401  pylint: disable=unused-import
import test_backup  # noqa: F401  pylint: disable=unused-import
import test_certificates  # noqa: F401  pylint: disable=unused-import
import test_crash  # noqa: F401  pylint: disable=unused-import
import test_disk  # noqa: F401  pylint: disable=unused-import
import test_fence  # noqa: F401  pylint: disable=unused-import
import test_input  # noqa: F401  pylint: disable=unused-import
import test_interop  # noqa: F401  pylint: disable=unused-import
import test_memory  # noqa: F401  pylint: disable=unused-import
import test_operation  # noqa: F401  pylint: disable=unused-import
import test_limits  # noqa: F401  pylint: disable=unused-import
import test_policy  # noqa: F401  pylint: disable=unused-import
import test_readme  # noqa: F401  pylint: disable=unused-import
import test_recovery  # noqa: F401  pylint: disable=unused-import
import test_secrets  # noqa: F401  pylint: disable=unused-import
import test_start  # noqa: F401  pylint: disable=unused-import
import test_tokens  # noqa: F401  pylint: disable=unused-import
import test_verify  # noqa: F401  pylint: disable=unused-import

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
        test for test in TESTS if not wanted or test.__name__ in wanted
    ]
    runner = Runner(form, binaries)
    try:
        passed = [runner.run(test) for test in chosen]
    finally:
        runner.close()
        shutil.rmtree(binaries)
        shutil.rmtree(stubs)
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
