#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Writes the seeds of corpus/: small inputs that begin where a fuzzer would
take long to get.

The examples of the FORMAT.md pages are copied from there, so that they are what
the pages say and not what the code makes. Run it by hand when a seed is added;
the results are kept. Inputs that a fuzzer found are put into corpus/ by hand.

  make_corpus.py [TARGET...]     the seeds of these targets, or of all

The private keys of tokens are thrown away: the seeds of `jwt` and jwt_keys.h
change together, each time.
"""

import os
import sys

import corpus_formats as formats
import corpus_frames as frames
import corpus_messages as messages
import corpus_texts as texts
import corpus_tokens as tokens

HERE = os.path.dirname(os.path.abspath(__file__))


def main(wanted):
    seeds = {}
    for module in (formats, frames, messages, texts, tokens):
        seeds.update(module.SEEDS)
    unknown = set(wanted) - set(seeds)
    if unknown:
        raise SystemExit(f"no target {', '.join(sorted(unknown))}")
    for target, make in sorted(seeds.items()):
        if wanted and target not in wanted:
            continue
        folder = os.path.join(HERE, "corpus", target)
        os.makedirs(folder, exist_ok=True)
        for name, content in make().items():
            if isinstance(content, str):
                content = content.encode()
            with open(os.path.join(folder, name), "wb") as file:
                file.write(content)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(sys.argv[1:])
