# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What a program needs of Keyward: copy it, and take out what you don't use."""

import json
import logging
import os
import random
import time
import uuid

import google_crc32c
import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from keyward.secrets.v1 import secret_pb2
from keyward.secrets.v1 import secret_service_pb2 as api
from keyward.secrets.v1 import secret_service_pb2_grpc

# Of one call, its repetitions included. A watch has none.
TIMEOUT_SECONDS = 10

# What gRPC does by itself. A call that a restarting server did not answer is
# made again, which is safe: a read changes nothing, and a change has a request
# id, by which the server does it once.
SERVICE_CONFIG = {
    "methodConfig": [{
        "name": [{"service": "keyward.secrets.v1.SecretService"}],
        "retryPolicy": {
            "maxAttempts": 5,
            "initialBackoff": "0.5s",
            "maxBackoff": "4s",
            "backoffMultiplier": 2,
            "retryableStatusCodes": ["UNAVAILABLE"],
        },
    }],
}

OPTIONS = [
    ("grpc.service_config", json.dumps(SERVICE_CONFIG)),
    # A server that went away is tried each 5 s at the latest.
    ("grpc.max_reconnect_backoff_ms", 5_000),
    # A watch is silent for long: this notices that its connection is dead.
    ("grpc.keepalive_time_ms", 30_000),
]


def _content(variable):
    """The content of the file that a variable of the environment names."""
    with open(os.environ[variable], "rb") as file:
        return file.read()


class _TokenFile(grpc.AuthMetadataPlugin):
    """Adds the token to each call, read anew: whoever issues it renews it."""

    def __call__(self, context, callback):
        try:
            token = _content("KEYWARD_TOKEN_FILE").decode().strip()
            callback((("authorization", "Bearer " + token),), None)
        except OSError as error:
            callback((), error)


def connect():
    """A client of the server at KEYWARD_ADDR, which KEYWARD_CA vouches for.

    It is who KEYWARD_TOKEN_FILE says (a JWT), otherwise who KEYWARD_CERT and
    KEYWARD_KEY say (mTLS).
    """
    if "KEYWARD_TOKEN_FILE" in os.environ:
        credentials = grpc.composite_channel_credentials(
            grpc.ssl_channel_credentials(_content("KEYWARD_CA")),
            grpc.metadata_call_credentials(_TokenFile()))
    else:
        credentials = grpc.ssl_channel_credentials(
            _content("KEYWARD_CA"), _content("KEYWARD_KEY"),
            _content("KEYWARD_CERT"))
    channel = grpc.secure_channel(
        os.environ["KEYWARD_ADDR"], credentials, OPTIONS)
    return secret_service_pb2_grpc.SecretServiceStub(channel)


# -- values ------------------------------------------------------------------


def payload_of(data):
    """A payload with the checksum by which the server sees it arrive whole."""
    return secret_pb2.SecretPayload(
        data=data, data_crc32c=google_crc32c.value(data))


def value_of(payload):
    """The value of a payload that arrived whole."""
    if google_crc32c.value(payload.data) != payload.data_crc32c:
        raise ValueError("the value was damaged on its way")
    return payload.data


def create(secrets, parent, secret_id, data, request_id=None):
    """Creates a secret with its first version and returns the version."""
    request = api.CreateSecretRequest(
        parent=parent, secret_id=secret_id, payload=payload_of(data),
        request_id=request_id or str(uuid.uuid4()))
    return secrets.CreateSecret(request, timeout=TIMEOUT_SECONDS).version


def add(secrets, secret, data, request_id=None):
    """Adds a version, which becomes the current one, and returns it."""
    request = api.AddSecretVersionRequest(
        parent=secret, payload=payload_of(data),
        request_id=request_id or str(uuid.uuid4()))
    return secrets.AddSecretVersion(request, timeout=TIMEOUT_SECONDS).version


def read(secrets, name):
    """The value of a secret's current version."""
    answer = secrets.AccessSecretVersion(
        api.AccessSecretVersionRequest(name=name), timeout=TIMEOUT_SECONDS)
    return value_of(answer.payload)


def read_all(secrets, names):
    """A result for each of up to 100 names, in order: a response or an error."""
    request = api.BatchAccessSecretVersionsRequest(names=names)
    return secrets.BatchAccessSecretVersions(
        request, timeout=TIMEOUT_SECONDS).results


# -- changes -----------------------------------------------------------------


def list_all(secrets, parent):
    """All secrets that the caller may see, and the position to watch from."""
    found, position, page = [], "", ""
    while True:
        answer = secrets.ListSecrets(
            api.ListSecretsRequest(parent=parent, page_token=page),
            timeout=TIMEOUT_SECONDS)
        found += answer.secrets
        # Only the first page has one, and so nothing after it is missed.
        position = position or answer.watch_position
        page = answer.next_page_token
        if not page:
            return found, position


def changes(secrets, parent, position):
    """Yields every change after a position once and in order, for ever.

    Whatever ends the stream but a refusal, it is opened again where it ended.
    FAILED_PRECONDITION with the reason POSITION_COMPACTED or POSITION_FOREIGN
    means that the position is too old, or from before a restore: list again.
    """
    again = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
    wait = 0.1
    while True:
        answered = False
        request = api.WatchSecretsRequest(parent=parent, position=position)
        try:
            for answer in secrets.WatchSecrets(request):
                answered, wait = True, 0.1
                if answer.HasField("event"):
                    yield answer.event
                position = answer.position
        except grpc.RpcError as error:
            # A credential that was good has expired: the next may be there.
            expired = (
                answered and error.code() is grpc.StatusCode.UNAUTHENTICATED)
            if error.code() not in again and not expired:
                raise
            logging.warning("the watch ended, %s: %s; it is opened again",
                            error.code().name, error.details())
        # Not all clients of a restarted server at the same moment.
        time.sleep(wait * random.uniform(0.5, 1))
        wait = min(2 * wait, 5)


# -- errors ------------------------------------------------------------------


def status_of(error):
    """The google.rpc.Status of a call that failed."""
    return rpc_status.from_call(error) or status_pb2.Status(
        code=error.code().value[0], message=error.details())


def details_of(status):
    """The ErrorInfo and the BadRequest of a status; empty if it has none."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        # Each takes only what is of its own type.
        detail.Unpack(info)
        detail.Unpack(bad)
    return info, bad


def describe(status):
    """What went wrong, for people; programs branch on code and reason."""
    code = {code.value[0]: code.name for code in grpc.StatusCode}[status.code]
    info, bad = details_of(status)
    lines = [f"{code}: {status.message}"]
    # What gRPC itself says, of a server that is away, has none.
    lines += [f"  reason: {info.reason}"] if info.reason else []
    lines += [f"  {key}: {info.metadata[key]}" for key in sorted(info.metadata)]
    lines += [f"  field {violation.field}: {violation.description}"
              for violation in bad.field_violations]
    return "\n".join(lines)
