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

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING = 0, 1, 2, 3, 4, 6
WINDOW_UPDATE, CONTINUATION = 8, 9
ACK, END_STREAM, END_HEADERS = 1, 1, 4
CANCEL = 8
_INITIAL_WINDOW_SIZE = 4
# What a peer may send in one frame before it is told otherwise.
FRAME_BYTES = 16384
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


def field(name, value):
    """A header field that the peer is to keep in its table (section 6.2.1)."""
    return b"\x40" + b"".join(
        _length(len(text), 7, 0) + text for text in (name, value))


def frame(kind, flags, stream, payload=b""):
    return struct.pack(
        ">BHBBI", len(payload) >> 16, len(payload) & 0xffff, kind, flags,
        stream) + payload


def tls_context(identity):
    """What a client of this identity begins TLS with; (ca, None, None): none."""
    ca, certificate, key = identity
    context = ssl.create_default_context(cafile=ca)
    context.check_hostname = False
    context.set_alpn_protocols(["h2"])
    if certificate:
        context.load_cert_chain(certificate, key)
    return context


class Connection:
    """One connection, open until it is closed; use as a context manager.

    Nothing is read but in wait(): there is one thread, and OpenSSL wants no
    more on one connection.
    """

    def __init__(self, address, identity, window=None):
        """`window` is what the server may send on a stream, if not 64 KiB."""
        host, port = address.rsplit(":", 1)
        plain = socket.create_connection((host, int(port)), timeout=_TIMEOUT)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = tls_context(identity).wrap_socket(
            plain, server_hostname=host)
        self._host = address.encode()
        self._stream = -1
        # What the next headers begin with.
        self._table = b""
        settings = b"" if window is None else struct.pack(
            ">HI", _INITIAL_WINDOW_SIZE, window)
        self._socket.sendall(PREFACE + frame(SETTINGS, 0, 0, settings))

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
        block = self._table + b"".join(
            field(name, value) for name, value in fields)
        self._table = b""
        frames = frame(HEADERS, END_HEADERS, self._stream, block)
        body = struct.pack(">BI", 0, len(message)) + message
        body = body[:int(len(body) * sent)]
        for place in range(0, len(body), FRAME_BYTES):
            frames += frame(
                DATA, 0, self._stream, body[place:place + FRAME_BYTES])
        if cancel:
            frames += self._reset(self._stream)
        elif end:
            frames += frame(DATA, END_STREAM, self._stream)
        for place in range(0, len(frames), pieces or len(frames)):
            self._socket.sendall(
                frames[place:place + (pieces or len(frames))])
            if pieces:
                time.sleep(0.002)
        return self._stream

    def is_ended_after(self, frames):
        """Sends the frames one by one; whether the server ends the connection.

        Nothing is answered to the server's own frames.
        """
        try:
            for each in frames:
                self._socket.sendall(each)
            while self._socket.recv(FRAME_BYTES):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def cancel(self, stream):
        self._socket.sendall(self._reset(stream))

    @staticmethod
    def _reset(stream):
        return frame(RST_STREAM, 0, stream, struct.pack(">I", CANCEL))

    def wait(self, stream):
        """Until the server has ended the stream; so much for its answer."""
        ended = None
        while ended != stream:
            high, low, kind, flags, number = struct.unpack(
                ">BHBBI", self._exactly(9))
            payload = self._exactly(high << 16 | low)
            if kind == SETTINGS and not flags & ACK:
                # The server keeps no table, and wants to hear that its client
                # knows (RFC 7541, section 6.3).
                self._table = b"\x20"
            if kind in (SETTINGS, PING) and not flags & ACK:
                self._socket.sendall(frame(
                    kind, ACK, 0, payload if kind == PING else b""))
            if kind == DATA and payload:
                # The connection's window; a stream's stays as it is.
                self._socket.sendall(frame(
                    WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
            ends = kind in (DATA, HEADERS) and flags & END_STREAM
            if ends or kind == RST_STREAM:
                ended = number

    def _exactly(self, size):
        data = b""
        while len(data) < size:
            piece = self._socket.recv(size - len(data))
            if not piece:
                raise OSError("the server closed the connection")
            data += piece
        return data
