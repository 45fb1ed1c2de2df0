# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Shows that the attacks would find what they look for.

An attack that finds nothing says little unless it would have. Each suite of
this folder is run once against a Keyward that is broken on purpose, by one of
the seeded violations (seeds.py), and must find it: built in the same scratch
copy, in the size that the test suite has time for or less.

  attack_seeds.py                  all
  attack_seeds.py --attack NAME    those of one suite
  attack_seeds.py --json FILE      what was tried, as run.py takes it
"""

import argparse
import json
import os
import subprocess
import sys

import report as reports
import seeds

PROCESSES = ("//services/...",)
LOAD = (*PROCESSES, "//tests/fault/load:keyward-load")

# Suite, its arguments, what it needs built, and the seed that it has to find.
ATTACKS = (
    ("kills", ("--kills", "6"), LOAD, "answer_before_record"),
    ("kills", ("--kills", "6"), LOAD, "store_request_id_forgotten"),
    ("histories", ("--operations", "20000"), LOAD,
     "release_before_authorization"),
    ("histories", ("--operations", "20000"), LOAD,
     "policy_answers_before_force"),
    ("plaintext", ("--form", "standalone"), PROCESSES, "memory_freed_left"),
    ("plaintext", ("--form", "standalone"), PROCESSES,
     "memory_connection_buffer_left"),
    ("stalls", ("--fault", "gateway-policy.silent"), PROCESSES,
     "unfenced_reads"),
    ("points", ("--form", "standalone", "--action", "crash", "--point",
                "audit.append.before_commit"), (),
     "audit_answer_before_commit"),
    ("power_cuts", ("--form", "standalone"), PROCESSES, "commit_without_sync"),
    ("hostile", ("--form", "standalone", "--attack", "rapid_reset"), PROCESSES,
     "flood_unbounded"),
    ("hostile", ("--form", "standalone", "--attack", "idle_tcp"), PROCESSES,
     "connections_unbounded"),
    ("fuzz", ("--target", "frames", "--seconds", "20"), (),
     "flood_unbounded"),
)

# A violation may well be a hang: that counts as found too.
LONGEST_SECONDS = 600


def run(scratch, suite, arguments):
    """The lines by which the suite says that it found something."""
    environment = {name: value for name, value in os.environ.items()
                   if name != "KEYWARD_BIN"}
    done = subprocess.run(
        ["timeout", "--signal=INT", "--kill-after=60", str(LONGEST_SECONDS),
         os.path.join(scratch.folder, "tests", "fault", "run.sh"),
         "--suite", suite, *arguments],
        env=environment, check=False, capture_output=True, text=True)
    lines = done.stdout.splitlines()
    # One that breaks says `not ok NAME: ...`.
    found = [line for line in lines if line.startswith(f"not ok {suite}.")]
    if done.returncode == 0 or not found:
        return [], "\n".join((done.stdout + done.stderr).splitlines()[-30:])
    return found, ""


def attack(scratch, entry, known):
    """(found, what it said or why it found nothing)"""
    suite, arguments, targets, name = entry
    seed = known[name]
    if scratch.patch(seed).returncode != 0:
        return False, "the patch does not apply"
    try:
        if targets:
            built = scratch.bazel("build", *targets)
            if built.returncode != 0:
                return False, built.stderr[-1500:]
        found, why = run(scratch, suite, arguments)
        return bool(found), "\n".join(found[:3]) or why
    finally:
        scratch.patch(seed, "--reverse")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--attack", action="append",
                        choices=sorted({entry[0] for entry in ATTACKS}))
    parser.add_argument("--json")
    options = parser.parse_args()
    known = {seed.name: seed for seed in seeds.all_seeds()}
    scratch = seeds.Scratch()
    tried = []
    for entry in ATTACKS:
        suite, arguments, _, name = entry
        if options.attack and suite not in options.attack:
            continue
        found, said = attack(scratch, entry, known)
        seeds.report(found, f"attack_seeds.{suite}.finds_{name}", said)
        tried.append({"attack": suite, "arguments": list(arguments),
                      "seed": name, "violation": known[name].violation,
                      "promise": known[name].promise, "found": found})
    if options.json:
        missed = [{"promise": one["promise"],
                   "what": f"{one['attack']} does not find {one['seed']}"}
                  for one in tried if not one["found"]]
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({"attack_seeds": {
                "again": reports.command("attack_seeds", *sys.argv[1:]),
                "tried": {"broken Keywards": len(tried)}, "found": missed,
                "skipped": [], "attacks": tried}}, file, indent=1)
    return 0 if tried and all(entry["found"] for entry in tried) else 1


if __name__ == "__main__":
    sys.exit(main())
