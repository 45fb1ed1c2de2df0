# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The integration suite: real processes, one or five, the same tests.

  suite.py FORM [NAME...]    FORM is standalone or five; NAME picks tests

Prints `ok NAME`, `ok NAME # skip REASON` or `not ok NAME` for each test.
KEYWARD_BIN is the folder of Bazel's outputs.
"""

import sys

import runner

# Each module adds its tests to the registry.
import test_audit  # noqa: F401  pylint: disable=unused-import
import test_backup  # noqa: F401  pylint: disable=unused-import
import test_certificates  # noqa: F401  pylint: disable=unused-import
import test_clock  # noqa: F401  pylint: disable=unused-import
import test_command  # noqa: F401  pylint: disable=unused-import
import test_crash  # noqa: F401  pylint: disable=unused-import
import test_disk  # noqa: F401  pylint: disable=unused-import
import test_fence  # noqa: F401  pylint: disable=unused-import
import test_gateway  # noqa: F401  pylint: disable=unused-import
import test_input  # noqa: F401  pylint: disable=unused-import
import test_internal  # noqa: F401  pylint: disable=unused-import
import test_memory  # noqa: F401  pylint: disable=unused-import
import test_operation  # noqa: F401  pylint: disable=unused-import
import test_limits  # noqa: F401  pylint: disable=unused-import
import test_policy  # noqa: F401  pylint: disable=unused-import
import test_proxy  # noqa: F401  pylint: disable=unused-import
import test_readme  # noqa: F401  pylint: disable=unused-import
import test_recovery  # noqa: F401  pylint: disable=unused-import
import test_secrets  # noqa: F401  pylint: disable=unused-import
import test_start  # noqa: F401  pylint: disable=unused-import
import test_tokens  # noqa: F401  pylint: disable=unused-import
import test_verify  # noqa: F401  pylint: disable=unused-import

if __name__ == "__main__":
    sys.exit(runner.main())
