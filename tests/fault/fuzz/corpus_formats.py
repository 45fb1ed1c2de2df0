# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Seeds in Keyward's own formats; see make_corpus.py."""

import base64
import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives import serialization

# libs/audit/FORMAT.md: the key with seed 32 times `s`.
LOG_KEY = ed25519.Ed25519PrivateKey.from_private_bytes(b"s" * 32)
ORIGIN = "keyward.example/log"


def h(text):
    return bytes.fromhex("".join(text.split()))


def b64(data):
    return base64.b64encode(data).decode()


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def u16(number):
    return struct.pack(">H", number)


def u32(number):
    return struct.pack(">I", number)


def u64(number):
    return struct.pack(">Q", number)


def prefixed(*parts):
    """libs/crypto/FORMAT.md, associated data."""
    return b"".join(u32(len(part)) + part for part in parts)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def public_key():
    return LOG_KEY.public_key().public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def key_id():
    return sha256(ORIGIN.encode(), b"\n\x01", public_key())[:4]


def verifier_key():
    return f"{ORIGIN}+{key_id().hex()}+" + b64(b"\x01" + public_key())


def signed(text):
    signature = LOG_KEY.sign(text.encode())
    return f"{text}\n\u2014 {ORIGIN} {b64(key_id() + signature)}\n"


def leaf_hash(leaf):
    return sha256(b"\x00", leaf)


def tree_root(leaves):
    if not leaves:
        return sha256()
    if len(leaves) == 1:
        return leaf_hash(leaves[0])
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return sha256(b"\x01", tree_root(leaves[:k]), tree_root(leaves[k:]))


def checkpoint(leaves):
    return signed(f"{ORIGIN}\n{len(leaves)}\n{b64(tree_root(leaves))}\n")


# The leaves of the log of libs/audit/FORMAT.md.
LEAVES = [b"ab", b"c"]


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


def entry(kind, revision=0, intent=None):
    """The leaf of a small AuditEntry."""
    leaf = b"\x10" + varint(kind)
    if revision:
        leaf += b"\x70" + varint(revision)
    if intent is not None:
        leaf += b"\x88\x01" + varint(intent) + b"\x90\x01\x01"
    return leaf


# What audit_export_fuzz.cc calls the good log.
ACCESS, DENIAL, INTENT, OUTCOME, IN_FORCE = 1, 2, 3, 4, 5
GOOD_LEAVES = [
    entry(IN_FORCE, 1), entry(ACCESS, 1), entry(INTENT, 1), entry(DENIAL, 1),
    entry(OUTCOME, intent=2), entry(IN_FORCE, 2), entry(INTENT, 2)]


def export(leaves, note, first=0):
    out = b"keyward-audit-export 1\n" + u64(first)
    if leaves:
        out += u16(len(leaves))
        out += b"".join(u16(len(leaf)) + leaf for leaf in leaves)
        out += b"".join(leaf_hash(leaf) for leaf in leaves)
    note = note.encode()
    return out + b"\0\0" + u32(len(note)) + note


def audit_export():
    return {
        "format-example": export(LEAVES, "note"),
        "good": export(GOOD_LEAVES, checkpoint(GOOD_LEAVES)),
        "empty": export([], checkpoint([])),
        "cut": export(GOOD_LEAVES, checkpoint(GOOD_LEAVES))[:90],
        "unsigned": export(GOOD_LEAVES, ""),
        "not-from-the-first": export(GOOD_LEAVES[1:], "", first=1),
        # Changes: of a leaf each, after the number of what is done.
        "as-it-is": b"",
        "drop-the-last": b"\x06\x00",
        "append-an-access": b"\x07\x01\x01",
        "swap": b"\x01\x02",
        "change-a-byte": b"\x03\x03\x01\x07",
        "cut-to-three": b"\x03\x04",
        "append-bytes": b"\x07\x05\x03" + entry(ACCESS, 2),
    }


def batch():
    return h("""
        01 0000000000000102 0000000000000007 0001 0000000000000102
        0001 0000000000000003 0000000000000103 0002 0002 6162 0001 63""")


def audit_record():
    summary = (b"\x01" + 2 * u64(100) + u16(1)
               + sha256(b"resource:projects/default")[:4])
    body = prefixed(b"keyward/audit/block-summary/1", u64(7), summary)
    sealed = summary + hmac.digest(b"k" * 32, body, "sha256")
    assert sealed.hex().endswith("4561301e424a2e21bc2c4d20fec455880fbaff5622d0f"
                                 "3250ca9eceda10b9d3c")
    return {
        "batch": batch() + h("31cfcdea2bfcc078483458f67958fca2"
                             "24715b3260747a9b06d7469c608a2512"),
        "batch-without-digest": batch(),
        "head": h("01 0000000000000000 e3b0c44298fc1c149afbf4c8996fb92427ae41e4"
                  "649b934ca495991b7852b855"),
        "leaf-in-force": entry(IN_FORCE, 258),
        "leaf-outcome": entry(OUTCOME, intent=2),
        "leaf-long-texts": entry(DENIAL, 7) + b"\x42\xac\x02" + b"\x1b[2J" * 75,
        "summary": summary,
        "summary-sealed": sealed,
        "key-batch": b"log/batch/" + u64(258),
        "key-open": b"log/open/" + u64(3),
        "key-block": b"index/block/" + u64(7),
    }


def note():
    empty = checkpoint([])
    small = checkpoint(LEAVES)
    # As libs/audit/FORMAT.md has it.
    assert "amts0HI8k6EPuzsWEoEHNSM5Ls+WTvbaEKh5AcSwcsOWemFA" in empty
    other = "\u2014 other.example/log " + b64(b"othr" + bytes(64)) + "\n"
    return {
        "empty-tree": empty,
        "two-leaves": small,
        "cosigned": small + other,
        "another-key-only": f"{ORIGIN}\n2\n{b64(tree_root(LEAVES))}\n\n" + other,
        "extension-line": signed(
            f"{ORIGIN}\n2\n{b64(tree_root(LEAVES))}\nextension\n").replace(
                "extension", "extensioN"),
        "checkpoint-text": f"{ORIGIN}\n2\n{b64(tree_root(LEAVES))}\n",
        "verifier-key": verifier_key(),
        "pin": f"{verifier_key()}\n\n{small}",
        "log-key": log_key_file(),
    }


def proof():
    return {
        "inclusion": b"\x00\x06\x03",
        "inclusion-flip": b"\x00\x06\x03\x03\x00\x00\x1f\x07",
        "inclusion-other-index": b"\x00\x06\x03\x00\x04",
        "inclusion-root": b"\x00\x1f\x1e\x02\x00\x01",
        "inclusion-long": b"\x00\x06\x03\x03\x00\x04\x50",
        "inclusion-one-leaf": b"\x00\x00\x00",
        "consistency": b"\x01\x07\x03",
        "consistency-full": b"\x01\x20\x10",
        "consistency-from-nothing": b"\x01\x07\x00",
        "consistency-same": b"\x01\x07\x07",
        "consistency-old-root": b"\x01\x07\x03\x01\x05\x02",
        "consistency-drop": b"\x01\x21\x11\x03\x00\x01",
        "bytes": b"\x02\x03abcd",
        "bytes-short": b"\x02\x02a\x0f\x1fb\x00",
    }


def proof_file():
    def of(index, leaves, note):
        path = [b64(leaf_hash(leaves[1 - index]))] if len(leaves) == 2 else []
        return "\n".join(["c2sp.org/tlog-proof@v1", "extra " + b64(leaves[index]),
                          f"index {index}", *path, "", note])
    good = of(0, LEAVES, checkpoint(LEAVES))
    # As libs/audit/FORMAT.md has it.
    assert "WX/LMSgtNGVMIA00GPylcFxkjr8ybsc9jd7xGEH4dtg=" in good
    return {
        "first": good,
        "second": of(1, LEAVES, checkpoint(LEAVES)),
        "of-another-tree": of(0, LEAVES, checkpoint([])),
        "no-path": of(0, [b"ab"], checkpoint(LEAVES)),
        "leading-zero": good.replace("index 0", "index 00"),
        "changed-nothing": b"\0\0",
        "changed-leaf": b"\0\1\1\1x",
        "changed-index": b"\0\0\0\1",
        "changed-path": b"\0\0\3\7\1",
        "changed-note": b"\0\0\4\x40B",
    }


# libs/crypto/FORMAT.md.
INSTALLATION = "6f1c2a3b-4c5d-4e6f-8a9b-acbdcedfe0f1"
AUDIT_KEY = h("757282408e792c29d32fcbad910ea1f651bb725f8880f0504c60eb9e28634c4f")
AUDIT_KEY_ID = h("da4405f7d4615349")


def log_key_file():
    """Sealed with the nonce that sealed_fuzz.cc uses."""
    inner = prefixed(b"keyward/audit/log-key/1", verifier_key().encode())
    outer = prefixed(b"keyward/wrapped-key/1", INSTALLATION.encode(),
                     b"keyward/audit", inner)
    nonce = b"log-key-nonc"
    box = nonce + AESGCM(AUDIT_KEY).encrypt(nonce, b"s" * 32, outer)
    wrapped = b"\x01" + AUDIT_KEY_ID + box
    return f"keyward-log-key 1\n{verifier_key()}\n{b64(wrapped)}\n"


def sealed():
    root = (b"KWROOTKY" + u32(1) + bytes.fromhex(INSTALLATION.replace("-", ""))
            + bytes(range(32)))
    assert crc32c(root) == 0x3E6D71B9
    return {
        "root-key": root + u32(crc32c(root)),
        "root-key-without-checksum": root,
        "root-key-newer": root[:8] + u32(2) + root[12:],
        "wrapped-key": h("""
            01 35222460c64d915e cafebabefacedbaddecaf888
            ccb4e219ed88c24d019f290ab0efba24 68984e1160ac3d28aa1406906bc13923
            25e63baa1c1979d319d543ecf7773eba"""),
        "version": h("""
            777261702d612d6e6f6e6365
            693e741597a067f8f7b323589a78bf2d51a4c736ad90155cfcd518a690e846cd
            e7547188b111d8e2ef9344d450462f33
            7061796c6f61646e6f6e6365 e04fb81f317b0e206a3480
            937b2b6e868c916f0ed8598d8cfb938b"""),
        "box-of-the-specification": h("""
            cafebabefacedbaddecaf888 522dc1f099567d07f47f37a32a84427d
            643a8cdcbfe5c0c97598a2bd2555d1aa 8cb08e48590dbb3da7b08b1056828838
            c5f61e6393ba7a0abcc9f662 76fc6ece0f4e1768cddf8853bb2d551b"""),
        "log-key": log_key_file(),
    }


def kv_record():
    # The worked examples of libs/kv/FORMAT.md, keys and values apart.
    return {
        "data-key": h("02 732f31"),
        "data-value": h("0000000000000102 6869"),
        "intent-key": h("03 69 0000000000000007"),
        "intent-value": h("41 0000000000000102 6f6b"),
        "session-id-key": h("03 73 0000000000000003 0000000000000009"),
        "session-id-value": h("42 0000000000000102"),
        "session-key": h("04 0000000000000003"),
        "number": h("0000000000000102"),
        "event": h("05 0002 652f 0000000000000102 652f31 50"),
        "event-deleted": h("05 0006 6576656e742f 0000000000000102 6b 44"),
        "erasure-key": h("06 0000000000000102 732f31"),
        "feed-key": b"\x01feed/e/",
        "marker": "keyward kv format 1\n",
        "newest-log": "keyward kv newest log 17\n",
    }


def log_record(data, kind=1):
    crc = crc32c(bytes([kind]) + data)
    crc = ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    return struct.pack("<IHB", crc, len(data), kind) + data


def kv_log():
    two = log_record(b"first commit") + log_record(b"second")
    flipped = bytearray(two)
    flipped[5] ^= 0x40
    return {
        "two-commits": two,
        "torn": two[:-3],
        "wrong-length": bytes(flipped),
        "in-parts": log_record(b"one", 2) + log_record(b"two", 4),
        "zeros-behind": two + bytes(40),
        # Choices that a log is made of: how many records, and of each whether
        # it is long and its size.
        "made-of-one": b"\0\0\1\5",
        "made-of-three": b"\0\2\1\5\1\x20\1\x09\0\x10\0\1\2\3",
        "made-of-a-long-one": b"\0\1\0\xff\xff\1\x10\x7f\xff\4\1\5\1",
        "made-and-hit-in-its-length": b"\0\1\1\5\1\5\0\x30\0\1\4\6",
    }


def token():
    position = u64(77)
    mac = hmac.digest(b"k" * 32, prefixed(
        b"keyward/audit/query-page/1", b"alice", b"query", position), "sha256")
    return {
        # services/store/FORMAT.md.
        "store-token": "AXOqU-8VxOeqGV-P9y6scNxjb250ZW50",
        "store-position":
            "AZtuXCTjZ4BVmOkUWEkbwQNpbmNhcm5hdGlvbi0xNmJ5AAAAAAAAAQI",
        "etag": "PL_roLiaXws",
        "other-etag": "AAAAAAAAAAA",
        "audit-page": b64url(position + mac),
        "canary": "canary7f3a",
        "nothing": "",
    }


SEEDS = {
    "audit_export": audit_export,
    "audit_record": audit_record,
    "kv_log": kv_log,
    "kv_record": kv_record,
    "note": note,
    "proof": proof,
    "proof_file": proof_file,
    "sealed": sealed,
    "token": token,
}
