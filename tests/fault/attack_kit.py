# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What attackers.py's clients are made of."""

import os
import random
import select
import socket
import ssl
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

import http2  # noqa: E402  pylint: disable=wrong-import-position

# Of the attacks that need no more than a few connections.
FEW = 4
ACCESS = b"/keyward.secrets.v1.SecretService/AccessSecretVersion"
# The request up to the secret's name, which has five letters.
ACCESS_BODY = b"\x0a\x1eprojects/default/secrets/"
TIMEOUT = 10

TOTALS = {"connections": 0, "frames": 0, "bytes": 0, "ended": 0}
LOCK = threading.Lock()


def count(**numbers):
    with LOCK:
        for name, number in numbers.items():
            TOTALS[name] += number


def block(*more):
    """The headers of a call, in a form that the peer keeps in no table."""
    fields = ((b":method", b"POST"), (b":scheme", b"https"),
              (b":path", ACCESS), (b":authority", b"localhost"),
              (b"te", b"trailers"), (b"content-type", b"application/grpc"),
              *more)
    return b"".join(b"\x00" + http2.field(*field)[1:] for field in fields)


class Target:
    """The server, and who the attacker is to it."""

    def __init__(self, address, identity, seconds, random_seed):
        host, port = address.rsplit(":", 1)
        self.place = host, int(port)
        self.identity = identity
        self.until = time.monotonic() + seconds
        self.anonymous = http2.tls_context((identity[0], None, None))
        self.known = http2.tls_context(identity)
        self._random_seed = random_seed
        self._of_thread = threading.local()

    @property
    def random(self):
        """The calling thread's own, so that each draws the same again."""
        if not hasattr(self._of_thread, "random"):
            self._of_thread.random = random.Random(
                f"{self._random_seed} {threading.current_thread().name}")
        return self._of_thread.random

    def left(self):
        return self.until - time.monotonic()

    def plain(self, spread=False):
        """Comes from an address of attackers, of which there are many."""
        count(connections=1)
        address = f"127.1.0.{self.random.randrange(1, 201) if spread else 1}"
        return socket.create_connection(self.place, TIMEOUT, (address, 0))

    def tls(self, context=None):
        return (context or self.anonymous).wrap_socket(
            self.plain(), server_hostname=self.place[0])

    def http(self, context=None, settings=b"", acknowledges=True):
        """`acknowledges` the server's settings before it has seen them."""
        return Pump(self.tls(context), http2.PREFACE + http2.frame(
            http2.SETTINGS, 0, 0, settings) + (http2.frame(
                http2.SETTINGS, http2.ACK, 0) if acknowledges else b""))


class Pump:
    """A connection that sends as fast as it can, and reads or does not."""

    def __init__(self, connection, first):
        self.connection = connection
        connection.sendall(first)
        connection.setblocking(False)

    def send(self, data, until, reads=True):
        """False if the server ended the connection, or time is up."""
        view = memoryview(data)
        while view and time.monotonic() < until:
            try:
                view = view[self.connection.send(view):]
            except (ssl.SSLWantWriteError, ssl.SSLWantReadError):
                select.select(
                    [self.connection] if reads else [], [self.connection], [],
                    0.1)
            except OSError:
                count(ended=1)
                return False
            if reads and not self._read():
                count(ended=1)
                return False
        count(bytes=len(data) - len(view))
        return not view

    def _read(self):
        try:
            while data := self.connection.recv(65536):
                if len(data) < 65536:
                    return True
            return False
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return True
        except OSError:
            return False

    def close(self):
        self.connection.close()


def at_once(number, function, *arguments):
    """Runs it on so many threads, each of a name of its own, until all end."""
    threads = [threading.Thread(target=function, args=arguments,
                                name=f"attacker {name}")
               for name in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def again_and_again(target, make, frames, reads=True, **connection):
    """A flood: bytes of make(stream), on a new connection when one ends."""
    def one():
        while target.left() > 0:
            try:
                pump = target.http(**connection)
            except OSError:
                # The server takes no connection.
                time.sleep(0.1)
                continue
            stream = 1
            while target.left() > 0:
                data, stream = make(stream)
                if not pump.send(data, target.until, reads):
                    break
                count(frames=frames)
            pump.close()

    at_once(FEW, one)
