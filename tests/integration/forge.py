# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Certificates and tokens, as issuers make them and as attackers would.

Everything here is made with a library that Keyward does not use, so that a
mistake of ours is not made twice.
"""

import base64
import datetime
import hashlib
import hmac
import ipaddress
import json
import os
import time
import urllib.parse
import uuid

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BOTH = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)

ISSUER = "https://issuer.test/"
AUDIENCE = "keyward"


def write(path, content, mode=0o644):
    """Replaces a file in one step, as a careful operator does."""
    if isinstance(content, str):
        content = content.encode()
    opened = os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(opened, "wb") as file:
        file.write(content)
    os.rename(path + ".new", path)
    return path


# -- tokens ------------------------------------------------------------------


def encoded(content):
    """base64url without padding, of bytes or of a value as JSON."""
    if not isinstance(content, bytes):
        content = json.dumps(content, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def number(value, size=None):
    size = size or (value.bit_length() + 7) // 8
    return encoded(value.to_bytes(size, "big"))


def claims(**changes):
    """The claims of a good token; a change to None takes a claim out."""
    now = int(time.time())
    found = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "reader", "iat": now,
        "exp": now + 300, "jti": str(uuid.uuid4()),
    }
    found.update(changes)
    return {name: value for name, value in found.items() if value is not None}


class TokenKey:
    """A key of an issuer: ES256 or RS256."""

    def __init__(self, kid, algorithm="ES256"):
        self.kid = kid
        self.algorithm = algorithm
        if algorithm == "ES256":
            self.private = ec.generate_private_key(ec.SECP256R1())
        else:
            self.private = rsa.generate_private_key(65537, 2048)

    def jwk(self):
        public = self.private.public_key().public_numbers()
        shared = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if self.algorithm == "ES256":
            return {"kty": "EC", "crv": "P-256", "x": number(public.x, 32),
                    "y": number(public.y, 32), **shared}
        return {"kty": "RSA", "n": number(public.n), "e": number(public.e),
                **shared}

    def public_pem(self):
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo)

    def signature(self, signed):
        if self.algorithm != "ES256":
            return self.private.sign(
                signed, padding.PKCS1v15(), hashes.SHA256())
        r, s = utils.decode_dss_signature(
            self.private.sign(signed, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, header=None, **changes):
        """A good token, but for the changes to its header and claims."""
        head = {"alg": self.algorithm, "kid": self.kid, "typ": "JWT"}
        head.update(header or {})
        head = {name: value for name, value in head.items()
                if value is not None}
        signed = f"{encoded(head)}.{encoded(claims(**changes))}"
        return f"{signed}.{encoded(self.signature(signed.encode()))}"


def hmac_token(secret, kid):
    """A token whose HMAC is keyed with bytes that anyone may know."""
    header = {"alg": "HS256", "kid": kid, "typ": "JWT"}
    signed = f"{encoded(header)}.{encoded(claims())}"
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{encoded(mac)}"


def unsigned_token(algorithm):
    header = {"alg": algorithm, "typ": "JWT"}
    return f"{encoded(header)}.{encoded(claims())}."


def key_set(*keys):
    return json.dumps({"keys": [key.jwk() for key in keys]})


# -- certificates ------------------------------------------------------------


def name_of(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def usage(*allowed):
    every = ("digital_signature", "content_commitment", "key_encipherment",
             "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign",
             "encipher_only", "decipher_only")
    return x509.KeyUsage(**{name: name in allowed for name in every})


class Certificate:
    """A certificate with its key, and what it can sign."""

    def __init__(self, subject, issuer=None, *, days=(-1, 1), uris=(),
                 names=(), addresses=(), authority=False, key_usage=None,
                 extended=BOTH):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.issuer = issuer
        now = datetime.datetime.utcnow()
        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(subject))
            .issuer_name(issuer.certificate.subject if issuer
                         else name_of(subject))
            .public_key(self.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=days[0]))
            .not_valid_after(now + datetime.timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(authority, None), True)
            .add_extension(
                key_usage or usage("key_cert_sign" if authority
                                   else "digital_signature"), True)
        )
        # By these OpenSSL tells authorities of one name apart (RFC 5280, 4.2.1).
        public = self.key.public_key()
        signer = (issuer or self).key.public_key()
        builder = builder.add_extension(
            x509.SubjectKeyIdentifier.from_public_key(public), False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signer), False)
        alternative = [x509.UniformResourceIdentifier(uri) for uri in uris]
        alternative += [x509.DNSName(name) for name in names]
        alternative += [x509.IPAddress(ipaddress.ip_address(address))
                        for address in addresses]
        if alternative:
            builder = builder.add_extension(
                x509.SubjectAlternativeName(alternative), False)
        if extended and not authority:
            builder = builder.add_extension(
                x509.ExtendedKeyUsage(extended), False)
        self.certificate = builder.sign(
            issuer.key if issuer else self.key, hashes.SHA256())

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def der(self):
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def key_pem(self):
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption())

    def chain(self):
        """The certificate and its intermediates: not the root."""
        above = self.issuer
        intermediates = b""
        while above is not None and above.issuer is not None:
            intermediates += above.pem()
            above = above.issuer
        return self.pem() + intermediates

    def save(self, folder, name):
        """Writes NAME.pem and NAME.key and returns their paths."""
        return (
            write(os.path.join(folder, name + ".pem"), self.chain()),
            write(os.path.join(folder, name + ".key"), self.key_pem(), 0o600),
        )


def quoted(pem):
    """A certificate as proxies write it into a header."""
    return urllib.parse.quote(pem, safe="")


def authority(name, issuer=None, **options):
    return Certificate(name, issuer, authority=True, **options)
