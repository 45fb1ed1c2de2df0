# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""The examples of deploy/examples, set up as their page says.

Each is copied, with the contracts, into a folder outside of the repository,
which is kept by what went into it: the next run needs no registry. Where a
registry cannot be reached, or the language is too old, its tests are skipped
and say why; whatever else goes wrong fails them.
"""

import concurrent.futures
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time

import pages
from client import ROOT
from registry import Skip

# By language: the page's heading, and the command that its set-up makes.
LANGUAGES = {
    "python": ("Python", (".venv/bin/python", "main.py")),
    "node": ("Node.js", ("node", "main.js")),
    "go": ("Go", ("bin/example",)),
}

# What is asked for its version, and the oldest that the page says.
NEEDS = {
    "python": (("python3", "--version"), (3, 10)),
    "node": (("node", "--version"), (18, 0)),
    "go": (("go", "version"), (1, 25)),
}

SETUP_SECONDS = 600
# Set-ups that no run has used for so long are removed.
KEPT_SECONDS = 7 * 24 * 3600

# How pip, npm and go say that they could not reach a registry: everything
# else that they say, such as a hash that is not the locked one, is a failure.
UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|"
    r"Temporary failure in name resolution|"
    r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|"
    r"dial tcp|proxyconnect tcp|no such host|i/o timeout|"
    r"TLS handshake timeout|50[234] (Bad Gateway|Service Unavailable|Gateway)")

# What set-ups make beside the sources, in the folder of an example.
MADE = shutil.ignore_patterns(
    ".venv", "__pycache__", "keyward", "node_modules", "bin", "access",
    "secrets")


def page_blocks(language):
    """The page's commands for a language: the set-up, and how it is used."""
    heading, _ = LANGUAGES[language]
    setup, use = pages.blocks("deploy/examples/README.md", heading)
    return setup, use


def cache():
    return os.path.join(os.environ["KEYWARD_CACHE"], "interop")


def environment():
    """Downloads and compiled packages are kept between set-ups."""
    return {
        **os.environ,
        "PIP_CACHE_DIR": os.path.join(cache(), "pip"),
        "npm_config_cache": os.path.join(cache(), "npm"),
        "GOPATH": os.path.join(cache(), "go"),
        "GOCACHE": os.path.join(cache(), "go-build"),
        # Otherwise modules could not be deleted.
        "GOFLAGS": "-modcacherw",
        # An old Go would fetch a whole new one.
        "GOTOOLCHAIN": "local",
    }


def version_of(language):
    """What a language's command says of itself; Skip if it is too old."""
    command, oldest = NEEDS[language]
    if shutil.which(command[0]) is None:
        raise Skip(f"there is no {command[0]}")
    said = subprocess.run(
        command, capture_output=True, check=True, env=environment(),
    ).stdout.decode().strip()
    found = tuple(map(int, re.search(r"(\d+)\.(\d+)", said).groups()))
    if found < oldest:
        raise Skip(f"{said} is older than {oldest[0]}.{oldest[1]}")
    return said


def digest(folder, *more):
    """A name for the content of a folder and for some texts."""
    state = hashlib.sha256(repr(more).encode())
    for place, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            path = os.path.join(place, name)
            state.update(os.path.relpath(path, folder).encode() + b"\0")
            with open(path, "rb") as file:
                state.update(hashlib.sha256(file.read()).digest())
    return state.hexdigest()[:16]


def copy_sources(language, tree):
    """Copies the example and the contracts, where they lie in a clone."""
    example = f"deploy/examples/{language}"
    shutil.copytree(os.path.join(ROOT, example),
                    os.path.join(tree, example), ignore=MADE)
    shutil.copytree(os.path.join(ROOT, "proto"), os.path.join(tree, "proto"),
                    ignore=shutil.ignore_patterns("*.bazel", "*.bzl"))


@contextlib.contextmanager
def locked(path):
    """Another working copy may set up the same at the same time."""
    with open(path, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remove_unused(folder):
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        if time.time() - os.path.getmtime(path) < KEPT_SECONDS:
            continue
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.remove(path)


def run_setup(language, folder):
    setup, _ = page_blocks(language)
    try:
        pages.run(setup, environment(), folder, timeout=SETUP_SECONDS)
    except subprocess.TimeoutExpired:
        raise Skip(f"not set up within {SETUP_SECONDS} s") from None
    except AssertionError as error:
        found = UNREACHABLE.search(str(error))
        if found:
            raise Skip(
                f"a registry cannot be reached: {found.group()}") from None
        raise


def set_up(language):
    """Returns the folder of a language's example, ready to be used."""
    version = version_of(language)
    setups = os.path.join(cache(), "examples")
    os.makedirs(setups, exist_ok=True)
    remove_unused(setups)
    fresh = os.path.join(setups, f"{language}-{os.getpid()}")
    copy_sources(language, fresh)
    setup, _ = page_blocks(language)
    tree = os.path.join(setups,
                        f"{language}-{digest(fresh, version, setup)}")
    example = os.path.join(tree, "deploy/examples", language)
    ready = os.path.join(tree, "ready")
    with locked(tree + ".lock"):
        if os.path.exists(ready):
            shutil.rmtree(fresh)
            os.utime(tree)
            os.utime(tree + ".lock")
            return example
        # An earlier run may have been stopped in the middle.
        shutil.rmtree(tree, ignore_errors=True)
        os.rename(fresh, tree)
        run_setup(language, example)
        with open(ready, "w", encoding="ascii"):
            return example


_FUTURES = {}


def begin():
    """Sets up all languages in the background."""
    pool = concurrent.futures.ThreadPoolExecutor(len(LANGUAGES))
    for language in LANGUAGES:
        _FUTURES[language] = pool.submit(set_up, language)
    pool.shutdown(wait=False)


def folder(language):
    """The folder of an example; raises what its set-up raised."""
    return _FUTURES[language].result()


def command(language, *arguments):
    _, words = LANGUAGES[language]
    return [*words, *arguments]
