# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""An engine that opens its files again after its disk was full."""

import time

import grpc

from client import code_of
from point_operations import AddVersion
from test_disk import full, small_disks

Code = grpc.StatusCode

# How long it may take until a commit meets the full disk, and until the engine
# has noticed that there is room.
FULL_SECONDS = 20
REOPENED_SECONDS = 20


class Reopen(AddVersion):
    """A change after the disk of a service was full."""

    alone = True
    in_call = False
    patience = FULL_SECONDS + REOPENED_SECONDS
    folder = "store"

    @staticmethod
    def deploy(world):
        small_disks(world)

    def drive(self):
        with full(self.world.data(self.folder)):
            end = time.monotonic() + FULL_SECONDS
            code = Code.OK
            while code == Code.OK:
                assert time.monotonic() < end, "the disk is not full"
                with self.world.client() as admin:
                    code = code_of(admin.add, "known", b"known")
        self.call()


class ReopenAudit(Reopen):
    folder = "audit"
