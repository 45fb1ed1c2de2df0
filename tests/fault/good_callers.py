#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Callers that do nothing wrong, in a process of their own (hostile.py).

  good_callers.py STUBS ADDRESS CA CERTIFICATE KEY

Reads numbers of seconds from standard input, calls for so long, and prints for
each what its callers got, as a line of JSON. Those on connections that have
been open from the start are counted apart from newcomers, each of which opens a
connection of its own.
"""

import json
import os
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "integration"))

# pylint: disable=wrong-import-position
import client  # noqa: E402

CALLERS = 4
# What a call waits at most, and how often a newcomer comes.
PATIENCE = 5
NEWCOMER_SECONDS = 0.25


def summary(calls):
    """Of (seconds, code) of calls."""
    served = sorted(seconds for seconds, code in calls if code == "OK")
    return {
        "tried": len(calls), "served": len(served),
        "p50": served[len(served) // 2] if served else None,
        "p99": served[len(served) * 99 // 100] if served else None,
        "codes": sorted({code for _, code in calls}),
    }


def call(stub):
    began = time.monotonic()
    code = client.code_of(stub.access, "small", timeout=PATIENCE)
    return time.monotonic() - began, code.name


def measure(stubs, newcomer, seconds):
    end = time.monotonic() + seconds
    old, new = [], []

    def go_on(stub):
        while time.monotonic() < end:
            old.append(call(stub))

    def come_anew():
        while time.monotonic() < end:
            began = time.monotonic()
            with newcomer() as stub:
                call_end = call(stub)
            new.append((time.monotonic() - began, call_end[1]))
            time.sleep(NEWCOMER_SECONDS)

    threads = [threading.Thread(target=go_on, args=(stub,)) for stub in stubs]
    threads.append(threading.Thread(target=come_anew))
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - began
    return {"old": summary(old), "new": summary(new),
            "per_second": sum(code == "OK" for _, code in old) / took}


def main():
    stubs, address, *identity = sys.argv[1:]
    client.use(stubs)
    callers = [client.Client(address, identity) for _ in range(CALLERS)]
    for stub in callers:
        client.eventually(lambda stub=stub: call(stub)[1] == "OK")
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(measure(
            callers, lambda: client.Client(address, identity), float(line))),
            flush=True)


if __name__ == "__main__":
    main()
