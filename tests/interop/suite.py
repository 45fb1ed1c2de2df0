# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The interop suite: clients that others made, at real processes.

  suite.py FORM [NAME...]    as the integration suite's

It uses the harness of tests/integration.
"""

import os
import sys

sys.path.insert(1, os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "integration"))

# pylint: disable=wrong-import-position
import examples  # noqa: E402
import runner  # noqa: E402

# Each module adds its tests to the registry.
import test_grpcurl  # noqa: E402,F401  pylint: disable=unused-import
import test_examples  # noqa: E402,F401  pylint: disable=unused-import
import test_script  # noqa: E402,F401  pylint: disable=unused-import
import test_mesh  # noqa: E402,F401  pylint: disable=unused-import

if __name__ == "__main__":
    examples.begin()
    sys.exit(runner.main())
