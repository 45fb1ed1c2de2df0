# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The network between two services, as bad as a test wants it to be.

A link is a port that leads to another one. What passes it can be cut, held,
held in one direction alone, or slowed; what was held goes on when that ends, as
TCP sends again what was lost on the way: late, but whole and in order.
"""

import asyncio
import contextlib
import socket
import struct
import threading

# A direction: what the caller sends, and what it is answered.
OUT, BACK = "out", "back"

# Connections are reset, those that are open and those that are made.
CUT = "cut"
# Nothing passes, and nobody is told.
SILENT = "silent"
# Only the answers pass; only the questions do.
MUTE, DEAF = "mute", "deaf"
# A byte a second, in each direction.
SLOW = "slow"
FAULTS = (CUT, SILENT, MUTE, DEAF, SLOW)

_HELD = {SILENT: (OUT, BACK), MUTE: (OUT,), DEAF: (BACK,)}
_CHUNK = 65536
_SLOW_SECONDS = 1
# What the network's own thread may take to do as it is told.
_PATIENCE = 10


class Link:
    """One way from a caller to a service. Made by a Network."""

    def __init__(self, network, target):
        self._network = network
        self._target = target
        self._fault = None
        self._changed = asyncio.Event()
        self._writers = set()
        self._server = None
        self.port = None
        # Bytes that passed or would have.
        self.offered = 0

    async def open(self):
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    @contextlib.contextmanager
    def suffers(self, fault):
        """The fault is there before this returns, and gone after."""
        self._network.do(self._set(fault))
        try:
            yield self
        finally:
            self._network.do(self._set(None))

    async def _set(self, fault):
        self._fault = fault
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
        if fault == CUT:
            for writer in list(self._writers):
                _reset(writer)

    async def close(self):
        self._server.close()
        for writer in list(self._writers):
            _reset(writer)

    async def _serve(self, reader, writer):
        with self._kept(writer):
            if self._fault == CUT:
                return
            await self._wait_for(OUT)
            try:
                there, back = await asyncio.open_connection(
                    "127.0.0.1", self._target)
            except OSError:
                return
            with self._kept(back):
                pumps = [
                    asyncio.ensure_future(self._pump(reader, back, OUT)),
                    asyncio.ensure_future(self._pump(there, writer, BACK)),
                ]
                await asyncio.wait(
                    pumps, return_when=asyncio.FIRST_COMPLETED)
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                for end in (writer, back):
                    with contextlib.suppress(OSError):
                        await end.drain()
                    end.close()

    @contextlib.contextmanager
    def _kept(self, writer):
        self._writers.add(writer)
        try:
            yield
        finally:
            self._writers.discard(writer)
            if not writer.is_closing():
                _reset(writer)

    async def _pump(self, reader, writer, direction):
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                self.offered += len(data)
                while data:
                    size = await self._wait_for(direction)
                    writer.write(data[:size])
                    await writer.drain()
                    data = data[size:]
                    if size == 1:
                        await self._sleep()
            # The end of a connection is told by bytes too.
            await self._wait_for(direction)

    async def _wait_for(self, direction):
        """Until something may pass; how many bytes may at once."""
        while direction in _HELD.get(self._fault, ()):
            await self._changed.wait()
        return 1 if self._fault == SLOW else _CHUNK

    async def _sleep(self):
        """Less long if the network changes."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._changed.wait(), _SLOW_SECONDS)


def _reset(writer):
    """Ends a connection with RST: nothing that is under way arrives."""
    with contextlib.suppress(OSError):
        writer.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _end_all():
    """Ends every task of the loop but this one."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class Network:
    """Links, on a thread of their own. Use as a context manager."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._links = []

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        for link in self._links:
            self.do(link.close())
        self.do(_end_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)

    def do(self, coroutine):
        """Runs it on the network's thread and returns what it returned."""
        return asyncio.run_coroutine_threadsafe(
            coroutine, self._loop).result(_PATIENCE)

    def link(self, target):
        """A new way to a port of this machine."""
        async def make():
            return await Link(self, target).open()

        link = self.do(make())
        self._links.append(link)
        return link
