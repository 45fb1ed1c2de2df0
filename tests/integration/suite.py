# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The integration suite: real processes, one or five, the same tests.

  suite.py FORM [NAME...]    FORM is standalone or five; NAME picks tests

Prints `ok NAME` or `not ok NAME` for each test. KEYWARD_BIN is the folder of
Bazel's outputs.
"""

import os
import shutil
import sys
import tempfile
import time
import traceback

import client
import deployment
from registry import TESTS

# Each module adds its tests to the registry.
import test_audit  # noqa: F401  pylint: disable=unused-import
import test_crash  # noqa: F401  pylint: disable=unused-import
import test_policy  # noqa: F401  pylint: disable=unused-import
import test_secrets  # noqa: F401  pylint: disable=unused-import

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


def run(form, binaries, test):
    name = f"{form}.{test.__name__}"
    began = time.monotonic()
    running = None
    try:
        running = deployment.Deployment(form, binaries)
        running.start()
        test(running)
        print(f"ok {name} # {time.monotonic() - began:.1f} s", flush=True)
        return True
    except BaseException as error:  # pylint: disable=broad-except
        traceback.print_exc(file=sys.stdout)
        if running is not None:
            print(running.logs())
        print(f"not ok {name}", flush=True)
        if isinstance(error, KeyboardInterrupt):
            raise
        return False
    finally:
        if running is not None:
            running.close()


def main():
    form, wanted = sys.argv[1], sys.argv[2:]
    binaries = link_binaries(tempfile.mkdtemp(prefix="keyward-bin-"))
    stubs = client.generate()
    chosen = [
        test for test in TESTS if not wanted or test.__name__ in wanted
    ]
    try:
        passed = [run(form, binaries, test) for test in chosen]
    finally:
        shutil.rmtree(binaries)
        shutil.rmtree(stubs)
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
