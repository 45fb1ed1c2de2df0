# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Seeds of HTTP/2, as bytes and as the choices of frames_fuzz.cc; see
make_corpus.py."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS = 0, 1, 2, 3, 4
PING, GO_AWAY, WINDOW, CONTINUATION = 6, 7, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags=0, stream=0, payload=b""):
    return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + payload)


def setting(number, value):
    return struct.pack(">HI", number, value)


# -- choices -----------------------------------------------------------------

# Places in the tables of frames_fuzz.cc.
KINDS = (HEADERS, CONTINUATION, DATA, RESET, PING, SETTINGS, 77, WINDOW)
FLAGS = (0, 1, 4, 5, 0xFF)
LENGTHS = (0, 1, 63, 64, 2048, 16384, 65536, 65537)


def made(*steps, piece=1):
    return bytes([0, piece - 1]) + b"".join(steps)


def ticks(count):
    return bytes([2, count])


def most_streams(count):
    return bytes([3]) + struct.pack(">H", count)


def sent(kind, flags, length, times=1, each=0, side=5):
    head = bytes([side, KINDS.index(kind), FLAGS.index(flags),
                  LENGTHS.index(length), each])
    if times == 1:
        return head + bytes([5])
    if times <= 40:
        return head + bytes([1, times - 1])
    return head + bytes([0]) + struct.pack(">H", times - 1)


def answered(*arguments, **options):
    return sent(*arguments, side=4, **options)


def frames():
    call = (frame(HEADERS, END_HEADERS, 1, b"h" * 40)
            + frame(DATA, END_STREAM, 1, b"d" * 12))
    hello = PREFACE + frame(SETTINGS, 0, 0, setting(3, 100) + setting(4, 1))
    return {
        "empty": b"",
        "call": hello + frame(SETTINGS, 1) + call,
        "continued": hello + frame(HEADERS, 0, 1, b"h" * 20)
            + frame(CONTINUATION, 0, 1) + frame(CONTINUATION, 4, 1, b"h"),
        "taken-back": hello + call + frame(RESET, 0, 1, b"\0\0\0\x08"),
        "other-frames": hello + frame(PING, 0, 0, b"12345678")
            + frame(PRIORITY, 0, 1, b"\0\0\0\0\x10")
            + frame(WINDOW, 0, 0, b"\0\0\xff\xff") + frame(77, 0xFF, 9)
            + frame(GO_AWAY, 0, 0, b"\0" * 8),
        "oversize": PREFACE + b"\x01\x00\x01\x01\x04\0\0\0\x01" + b"h" * 9,
        "largest": PREFACE + b"\xff\xff\xff\x00\x00\xff\xff\xff\xff",
        "settings-cut": PREFACE + frame(
            SETTINGS, 0, 0, setting(3, 7) + setting(3, 8)[:5]) + call,
        "cut-in-preface": PREFACE[:11],
        "cut-in-header": hello + call[:5],
        "cut-in-payload": hello + call[:-3],
        "no-preface": call,
        "streams-go-back": hello + frame(HEADERS, 5, 0x7FFFFFFF)
            + frame(HEADERS, 5, 3) + frame(HEADERS, 5, 0x80000005),
        # Each of these comes to a bound and goes one further.
        "made-block-frames": made(
            sent(HEADERS, 0, 1, each=2), sent(CONTINUATION, 0, 0, 31),
            sent(HEADERS, 0, 1, each=2), sent(CONTINUATION, 0, 0, 32)),
        "made-block-bytes": made(
            sent(HEADERS, 0, 16384, each=2), sent(CONTINUATION, 0, 16384, 3),
            sent(CONTINUATION, 0, 1), piece=7),
        "made-one-block": made(
            sent(HEADERS, 4, 65536, each=2), sent(HEADERS, 4, 65537, each=2),
            piece=16),
        "made-early-calls": made(
            sent(HEADERS, 4, 1, 100, each=2), sent(HEADERS, 4, 1, each=2)),
        "made-calls": made(
            most_streams(7), sent(HEADERS, 5, 1, 107, each=2),
            answered(HEADERS, 5, 1, 10, each=2),
            sent(HEADERS, 5, 1, 10, each=2), sent(HEADERS, 5, 1, each=2)),
        "made-resets": made(
            sent(RESET, 0, 1, 100), ticks(4), sent(RESET, 0, 1, 10),
            sent(RESET, 0, 1)),
        "made-most-resets": made(
            most_streams(65535), sent(HEADERS, 5, 0, 4000, each=2),
            sent(RESET, 0, 0, 2000), sent(RESET, 0, 0), piece=9),
        "made-pings": made(
            sent(PING, 0, 1, 1000), answered(DATA, 0, 1, 3),
            sent(PING, 0, 1, 3), ticks(1), sent(PING, 0, 1, 126)),
        "made-crumbs": made(
            sent(HEADERS, 4, 0, each=2), sent(DATA, 0, 64, 40),
            sent(DATA, 1, 0), sent(DATA, 1, 0), sent(SETTINGS, 0, 0, 999),
            sent(DATA, 0, 63, 20), piece=5),
        "made-acknowledged": made(
            sent(PING, 1, 0, 20000), sent(PING, 1, 0), piece=11),
        "made-raw": made(
            bytes([0, 9]) + frame(PING), bytes([1, 15])
            + frame(SETTINGS, 0, 0, setting(3, 5)), bytes([0, 5])
            + frame(HEADERS, 4, 1)[:5], ticks(255), bytes([0, 4])
            + frame(HEADERS, 4, 1)[5:]),
    }


SEEDS = {"frames": frames}
