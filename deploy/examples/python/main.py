# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Secrets of Keyward from Python.

  main.py create|add SECRET [REQUEST_ID]    stores the value on standard input
  main.py read SECRET                       prints the value
  main.py batch SECRET...                   prints what became of each
  main.py watch                             prints what there is, then changes
"""

import os
import sys

import grpc

import keyward_client as client
from keyward.secrets.v1 import secret_service_pb2 as api

PROJECT = "projects/" + os.environ.get("KEYWARD_PROJECT", "default")


def name_of(secret_id):
    return f"{PROJECT}/secrets/{secret_id}"


def batch(secrets, *secret_ids):
    results = client.read_all(secrets, [name_of(i) for i in secret_ids])
    for result in results:
        if result.HasField("error"):
            print(f"{result.name}: {client.describe(result.error)}")
        else:
            value = client.value_of(result.response.payload)
            print(f"{result.name}: {result.response.name}, {len(value)} bytes")


def watch(secrets):
    while True:
        found, position = client.list_all(secrets, PROJECT)
        for secret in found:
            print(f"LISTED {secret.name} {secret.current_version}", flush=True)
        try:
            for event in client.changes(secrets, PROJECT, position):
                kind = api.SecretEventKind.Name(event.kind)
                kind = kind.removeprefix("SECRET_EVENT_KIND_")
                print(f"{kind} {event.name} {event.version}", flush=True)
        except grpc.RpcError as error:
            info, _ = client.details_of(client.status_of(error))
            if info.reason not in ("POSITION_COMPACTED", "POSITION_FOREIGN"):
                raise


def main(arguments):
    secrets = client.connect()
    try:
        match arguments:
            case ["create", secret_id, *request_id]:
                print(client.create(secrets, PROJECT, secret_id,
                                    sys.stdin.buffer.read(), *request_id).name)
            case ["add", secret_id, *request_id]:
                print(client.add(secrets, name_of(secret_id),
                                 sys.stdin.buffer.read(), *request_id).name)
            case ["read", secret_id]:
                sys.stdout.buffer.write(client.read(secrets, name_of(secret_id)))
            case ["batch", *secret_ids]:
                batch(secrets, *secret_ids)
            case ["watch"]:
                watch(secrets)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except grpc.RpcError as error:
        print(client.describe(client.status_of(error)), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
