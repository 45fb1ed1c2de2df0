# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""A gRPC client of bare HTTP/2 frames (RFC 9113), for what no library sends.

Calls that end half-way, and headers that the server is asked to remember as Go
clients do: gRPC's own library never asks that for a token.
"""

import socket
import ssl
import struct
import time

_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_DATA, _HEADERS, _RST_STREAM, _SETTINGS, _PING = 0, 1, 3, 4, 6
_ACK, _END_STREAM, _END_HEADERS = 1, 1, 4
_CANCEL = 8
_INITIAL_WINDOW_SIZE = 4
# What a peer may send in one frame before it is told otherwise.
_FRAME_BYTES = 16384
_TIMEOUT = 10


def _length(number, bits, first):
    """An integer of RFC 7541, section 5.1, in a byte that begins as `first`."""
    bound = (1 << bits) - 1
    if number < bound:
        return bytes([first | number])
    encoded = bytearray([first | bound])
    number -= bound
    while number >= 128:
        encoded.append(128 | number % 128)
        number //= 128
    encoded.append(number)
    return bytes(encoded)


def _field(name, value):
    """A header field that the peer is to keep in its table (section 6.2.1)."""
    return b"\x40" + b"".join(
        _length(len(text), 7, 0) + text for text in (name, value))


def _frame(kind, flags, stream, payload=b""):
    return struct.pack(
        ">BHBBI", len(payload) >> 16, len(payload) & 0xffff, kind, flags,
        stream) + payload


class Connection:
    """One connection, open until it is closed; use as a context manager.

    Nothing is read but in wait(): there is one thread, and OpenSSL wants no
    more on one connection.
    """

    def __init__(self, address, identity, window=None):
        """`window` is what the server may send on a stream, if not 64 KiB."""
        ca, certificate, key = identity
        context = ssl.create_default_context(cafile=ca)
        context.check_hostname = False
        context.set_alpn_protocols(["h2"])
        if certificate:
            context.load_cert_chain(certificate, key)
        host, port = address.rsplit(":", 1)
        plain = socket.create_connection((host, int(port)), timeout=_TIMEOUT)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=host)
        self._host = address.encode()
        self._stream = -1
        settings = b"" if window is None else struct.pack(
            ">HI", _INITIAL_WINDOW_SIZE, window)
        self._socket.sendall(_PREFACE + _frame(_SETTINGS, 0, 0, settings))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._socket.close()

    def call(self, method, message, *, headers=(), sent=1.0, end=True,
             cancel=False, pieces=None):
        """Calls `method` and returns the number of its stream.

        `sent` is the part of the message that is sent; then the call is
        cancelled at once, or ended, or neither. `pieces` is the size of the
        TLS records, a moment apart, in which all is sent; else it is one write.
        """
        self._stream += 2
        fields = [
            (b":method", b"POST"), (b":scheme", b"https"),
            (b":path", method.encode()), (b":authority", self._host),
            (b"te", b"trailers"), (b"content-type", b"application/grpc"),
            *headers,
        ]
        block = b"".join(_field(name, value) for name, value in fields)
        frames = _frame(_HEADERS, _END_HEADERS, self._stream, block)
        body = struct.pack(">BI", 0, len(message)) + message
        body = body[:int(len(body) * sent)]
        for place in range(0, len(body), _FRAME_BYTES):
            frames += _frame(
                _DATA, 0, self._stream, body[place:place + _FRAME_BYTES])
        if cancel:
            frames += self._reset(self._stream)
        elif end:
            frames += _frame(_DATA, _END_STREAM, self._stream)
        for place in range(0, len(frames), pieces or len(frames)):
            self._socket.sendall(
                frames[place:place + (pieces or len(frames))])
            if pieces:
                time.sleep(0.002)
        return self._stream

    def cancel(self, stream):
        self._socket.sendall(self._reset(stream))

    @staticmethod
    def _reset(stream):
        return _frame(_RST_STREAM, 0, stream, struct.pack(">I", _CANCEL))

    def wait(self, stream):
        """Until the server has ended the stream; so much for its answer."""
        ended = None
        while ended != stream:
            high, low, kind, flags, number = struct.unpack(
                ">BHBBI", self._exactly(9))
            payload = self._exactly(high << 16 | low)
            if kind in (_SETTINGS, _PING) and not flags & _ACK:
                self._socket.sendall(_frame(
                    kind, _ACK, 0, payload if kind == _PING else b""))
            ends = kind in (_DATA, _HEADERS) and flags & _END_STREAM
            if ends or kind == _RST_STREAM:
                ended = number

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise OSError("the server closed the connection")
            data += piece
        return data
