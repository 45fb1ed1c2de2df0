#!/usr/bin/python3
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""What a suite says that it can repeat, it repeats; what it skips is seen."""

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
import unittest
from unittest import mock

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "integration")]

# pylint: disable=wrong-import-position
import attack_kit  # noqa: E402
import attackers  # noqa: E402
import histories  # noqa: E402
import hostile  # noqa: E402
import plaintext  # noqa: E402
import points  # noqa: E402
import power_cuts  # noqa: E402
import power_script  # noqa: E402
import report  # noqa: E402
import seeds  # noqa: E402
import test_memory  # noqa: E402
import under_load  # noqa: E402


class SuiteTest(unittest.TestCase):
    def setUp(self):
        hook = sys.excepthook
        self.addCleanup(lambda: setattr(sys, "excepthook", hook))
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        # What is kept is kept here.
        self.enterContext(mock.patch.object(tempfile, "tempdir", self.folder))
        self.output = self.enterContext(
            contextlib.redirect_stdout(io.StringIO()))

    def report(self, name, *arguments, parser=None):
        return report.Report(name, parser, list(arguments))

    def lines(self):
        return self.output.getvalue().splitlines()

    def result_of(self, made):
        made.options.json = os.path.join(self.folder, "result")
        status = made.end()
        with open(made.options.json, encoding="utf-8") as file:
            return status, json.load(file)[made.name]


class HostileTest(SuiteTest):
    def target(self, random_seed):
        with mock.patch.object(attack_kit.http2, "tls_context"):
            return attack_kit.Target("127.0.0.1:1", ("ca", "crt", "key"), 60,
                                     random_seed)

    def test_the_attacker_gets_the_seed(self):
        keyward, callers = mock.MagicMock(), mock.MagicMock()
        keyward.front.pid = os.getpid()
        keyward.address = "127.0.0.1:1"
        keyward.identity.return_value = ("ca", "crt", "key")
        with mock.patch.object(hostile.subprocess, "Popen",
                               side_effect=InterruptedError) as popen:
            with self.assertRaises(InterruptedError):
                hostile.attack(keyward, callers, "garbage_frames", 4711)
        argv = popen.call_args.args[0][1:]
        with mock.patch.object(sys, "argv", argv), \
                mock.patch.object(os, "nice"), \
                mock.patch.object(attackers.resource, "setrlimit"), \
                mock.patch.object(attackers, "Target") as target, \
                mock.patch.dict(attackers.ATTACKS,
                                garbage_frames=lambda target: None):
            attackers.main()
        target.assert_called_once_with(
            "127.0.0.1:1", ["ca", "crt", "key"], mock.ANY, "4711")

    def frames(self, random_seed):
        with mock.patch.object(attackers, "again_and_again") as flood:
            attackers.garbage_frames(self.target(random_seed))
        return [flood.call_args.args[1](1) for _ in range(3)]

    def test_frames_that_are_made_up_come_from_the_seed(self):
        self.assertEqual(self.frames("5"), self.frames("5"))
        self.assertNotEqual(self.frames("5"), self.frames("6"))

    def sent(self, random_seed):
        target = self.target(random_seed)
        connection = mock.MagicMock()
        connection.__enter__.return_value = connection
        target.plain = lambda: connection
        target.left = mock.Mock(side_effect=[1, 1, 0])
        with mock.patch.object(attackers, "at_once",
                               lambda number, function: function()):
            attackers.garbage_bytes(target)
        return [call.args[0] for call in connection.sendall.call_args_list]

    def test_bytes_that_are_made_up_come_from_the_seed(self):
        self.assertEqual(len(self.sent("5")), 2)
        self.assertEqual(self.sent("5"), self.sent("5"))
        self.assertNotEqual(self.sent("5"), self.sent("6"))

    def dribbled(self, random_seed):
        target = self.target(random_seed)
        target.left = mock.Mock(side_effect=[1] * 20 + [0])
        connection = mock.Mock()
        with mock.patch.object(attackers.time, "sleep"):
            attackers.dribble(target, [connection], {connection: b"hello"})
        return b"".join(c.args[0] for c in connection.send.call_args_list)

    def test_bytes_after_the_last_come_from_the_seed(self):
        self.assertTrue(self.dribbled("5").startswith(b"hello"))
        self.assertEqual(self.dribbled("5"), self.dribbled("5"))
        self.assertNotEqual(self.dribbled("5"), self.dribbled("6"))

    def addresses(self, random_seed):
        target = self.target(random_seed)
        with mock.patch.object(attack_kit.socket, "create_connection") as made:
            for _ in range(20):
                target.plain(spread=True)
        return [call.args[2] for call in made.call_args_list]

    def test_addresses_come_from_the_seed(self):
        self.assertEqual(self.addresses("5"), self.addresses("5"))
        self.assertNotEqual(self.addresses("5"), self.addresses("6"))

    def drawn(self, random_seed):
        target, numbers = self.target(random_seed), []
        attack_kit.at_once(
            3, lambda: numbers.append(target.random.randrange(2**60)))
        return sorted(numbers)

    def test_each_thread_draws_the_same_again(self):
        self.assertEqual(len(set(self.drawn("5"))), 3)
        self.assertEqual(self.drawn("5"), self.drawn("5"))


class PlaintextTest(SuiteTest):
    def cancelled(self, random_seed):
        """The sizes and times of the cancelled calls."""
        hunt = mock.MagicMock(form="five", result=self.report(
            "plaintext", "--random-seed", random_seed))
        chosen = []
        hunt.planted.value = lambda size: chosen.append(size)
        with mock.patch.object(test_memory, "principal"), \
                mock.patch.object(test_memory, "messages"), \
                mock.patch.object(test_memory, "add_request"), \
                mock.patch.object(test_memory, "Client"), \
                mock.patch.multiple(
                    test_memory.Load, watch=mock.DEFAULT,
                    write_and_read=mock.DEFAULT, generate=mock.DEFAULT,
                    typed=mock.DEFAULT, refused=mock.DEFAULT,
                    bare=mock.DEFAULT), \
                mock.patch.object(test_memory.time, "sleep", chosen.append), \
                mock.patch.object(
                    test_memory, "code_of",
                    lambda *_, timeout: chosen.append(timeout)):
            hunt.keyward.identity.return_value = ("ca", "crt", "key")
            plaintext.plant(hunt, mock.MagicMock())
        return chosen

    def test_what_is_cancelled_and_when_comes_from_the_seed(self):
        first = self.cancelled("5")
        self.assertEqual(len(first), 4 * test_memory.CANCELLED)
        self.assertEqual(first, self.cancelled("5"))
        self.assertNotEqual(first, self.cancelled("6"))


class LoadTest(SuiteTest):
    def attack(self, form, made=None):
        with mock.patch.object(under_load.deployment, "Deployment"):
            return under_load.Attack(
                made or self.report("histories", "--random-seed", "5"),
                form, "")

    def test_a_form_chooses_the_same_after_whatever_came_before(self):
        alone = self.attack("five").random.random()
        made = self.report("histories", "--random-seed", "5")
        # How often is up to the machine.
        self.attack("standalone", made).random.random()
        self.assertEqual(self.attack("five", made).random.random(), alone)

    def test_a_history_that_is_kept_says_how_to_look_at_it(self):
        suspicious = os.path.join(self.folder, "suspicious")
        with open(suspicious, "w", encoding="utf-8") as file:
            file.write("secret a\n")
        attack = self.attack("five")
        tally = mock.MagicMock()
        tally.__getitem__.side_effect = (
            lambda name: [] if name == "findings" else 1)
        # pylint: disable-next=protected-access
        attack._note(tally, mock.Mock(suspicious=suspicious))
        kept = os.path.join(self.folder, "keyward-histories-5-five.history")
        self.assertTrue(os.path.exists(kept))
        self.assertIn(f"  again: tests/fault/run.sh --suite histories "
                      f"--history {kept}", self.lines())

    def look_again(self, status, text):
        """With a checker that says so."""
        checker = os.path.join(self.folder, "tests/fault/load/history_checker")
        os.makedirs(os.path.dirname(checker), exist_ok=True)
        with open(checker, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n"
                       + (f"echo \"{text} $1\"\n" if text else "")
                       + f"exit {status}\n")
        os.chmod(checker, 0o700)
        made = self.report("histories")
        with mock.patch.dict(os.environ, KEYWARD_BIN=self.folder), \
                mock.patch.object(histories.reports, "Report",
                                  return_value=made), \
                mock.patch.object(histories.under_load, "programs",
                                  side_effect=AssertionError("it starts")):
            made.options.history = "kept.history"
            made.options.json = os.path.join(self.folder, "result")
            status = histories.main()
        with open(made.options.json, encoding="utf-8") as file:
            return status, json.load(file)["histories"]

    def test_a_history_that_can_be_explained_passes(self):
        status, result = self.look_again(0, "a: can be explained")
        self.assertEqual(status, 0)
        self.assertEqual(result["tried"], {"files of histories": 1})

    def test_a_file_of_no_history_shows_nothing(self):
        self.assertEqual(self.look_again(0, "")[0], 1)

    def test_one_that_cannot_is_found(self):
        status, result = self.look_again(1, "a: has no order")
        self.assertEqual(status, 1)
        self.assertEqual([found["what"] for found in result["found"]],
                         ["a: has no order kept.history"])

    def test_a_file_that_is_no_history_fails(self):
        status, result = self.look_again(2, "no history")
        self.assertEqual(status, 1)
        self.assertEqual(result["found"], [])


class FakeRun:
    """Of which each image has one file that says which it is."""

    form = "five"

    def __init__(self, folder):
        self.keep = os.path.join(folder, "keep")
        os.mkdir(self.keep)
        for name in ("store.journal", "shown-1", "power_cut.so"):
            with open(os.path.join(self.keep, name), "w",
                      encoding="utf-8") as file:
                file.write(name)
        self.steps = {"installed": [10, 20], "read-1": [30, 40]}
        self.shown = {"shown-1": b"shown-1"}

    def write_image(self, boundary, mode, chance, folder):
        os.mkdir(os.path.join(folder, "home"))
        with open(os.path.join(folder, "home", "data"), "w",
                  encoding="utf-8") as file:
            file.write(f"{boundary} {mode} {chance.random()}")
        return power_script.Moment(self, 35)


class PowerCutTest(SuiteTest):
    def setUp(self):
        super().setUp()
        self.run_ = FakeRun(self.folder)
        self.judged = []
        self.error = power_cuts.Violation("P4", "a version is gone")
        self.enterContext(mock.patch.object(power_script, "judge", self.judge))
        self.keeper = power_cuts.Keeper()

    def judge(self, run, moment, image, _):
        """Judges badly, and leaves nothing of the image, as the real one."""
        with open(os.path.join(image, "home", "data"),
                  encoding="utf-8") as file:
            self.judged.append((
                file.read(), run.form, run.shown, moment.time_ns,
                moment.told("installed"), moment.told("read-1")))
        shutil.rmtree(os.path.join(image, "home"))
        if self.error is not None:
            raise self.error

    def cut(self, boundary=7):
        made = self.report("power_cuts", "--random-seed", "5",
                           parser=power_cuts.options())
        good = power_cuts.cut(made, self.run_, boundary, "mixed", "",
                              self.keeper)
        return good, self.result_of(made)[1]

    def kept(self):
        return [os.path.join(self.folder, name)
                for name in sorted(os.listdir(self.folder))
                if name.startswith("keyward-")]

    def test_what_a_failed_cut_left_is_kept_and_judged_again(self):
        good, result = self.cut()
        self.assertFalse(good)
        (folder,) = self.kept()
        self.assertEqual(result["found"][0]["image"], folder)
        self.assertIn("  again: tests/fault/run.sh --suite power_cuts --image "
                      + folder, self.lines())
        self.assertEqual(sorted(os.listdir(os.path.join(folder, "run"))),
                         ["shown-1", "store.journal"])
        # Twice, since what is judged is a copy.
        for _ in range(2):
            made = self.report("power_cuts", "--image", folder,
                               parser=power_cuts.options())
            power_cuts.look_again(made, folder, "")
            status, result = self.result_of(made)
            self.assertEqual(status, 1)
            self.assertEqual(result["found"], [{
                "promise": "P4", "what": "a version is gone",
                "image": folder}])
        self.assertEqual(self.judged[0][1:],
                         ("five", {"shown-1": b"shown-1"}, 35, True, False))
        self.assertEqual(self.judged[1:], [self.judged[0]] * 2)
        self.assertEqual(self.kept(), [folder])

    def test_one_that_is_good_now_passes(self):
        self.cut()
        (folder,) = self.kept()
        self.error = None
        made = self.report("power_cuts")
        power_cuts.look_again(made, folder, "")
        self.assertEqual(self.result_of(made)[0], 0)

    def test_a_folder_that_is_none_of_ours_fails(self):
        self.error = None
        made = self.report("power_cuts")
        power_cuts.look_again(made, self.folder, "")
        self.assertEqual(self.result_of(made)[0], 1)

    def test_one_that_could_not_be_judged_is_kept_too(self):
        self.error = OSError("no process can be started")
        self.assertFalse(self.cut()[0])
        self.assertEqual(len(self.kept()), 1)

    def test_nothing_is_kept_of_a_good_one(self):
        self.error = None
        self.assertTrue(self.cut()[0])
        self.assertEqual(self.kept(), [])

    def test_few_are_kept(self):
        for boundary in range(power_cuts.MOST_KEPT + 2):
            self.assertFalse(self.cut(boundary)[0])
        self.assertEqual(len(self.kept()), power_cuts.MOST_KEPT)

    def test_a_large_one_is_not_kept(self):
        with mock.patch.object(power_cuts, "MOST_KEPT_BYTES", 10):
            good, result = self.cut()
        self.assertFalse(good)
        self.assertEqual(self.kept(), [])
        self.assertNotIn("image", result["found"][0])
        self.assertRegex(self.output.getvalue(), "  not kept: it has ")


class PointsTest(SuiteTest):
    def test_a_check_that_cannot_be_made_is_skipped_by_name(self):
        made = self.report("points")
        environment = {name: value for name, value in os.environ.items()
                       if name != "KEYWARD_BIN"}
        with mock.patch.multiple(
                points.point_names, source_offences=lambda: [],
                present_offences=lambda folder: [],
                absent_offences=lambda folder: [], WITH_POINTS=()), \
                mock.patch.dict(os.environ, environment, clear=True):
            points.judge_names(made, "")
        _, result = self.result_of(made)
        self.assertEqual([each["name"] for each in result["skipped"]],
                         ["not_deployed"])


class FakeScratch:
    """In which a test that is named `root` is skipped, and `weak` finds
    nothing."""

    def __init__(self):
        self.patched = None

    def applies(self, seed):
        return seed.name != "stale"

    def patch(self, seed, *options):
        self.patched = None if options else seed
        return mock.Mock(returncode=0)

    def builds(self, _):
        return True, ""

    def test(self, seed):
        if seed.target == "root":
            raise seeds.Skipped("needs root")
        return self.patched is None or seed.target == "weak"


class SeedsTest(SuiteTest):
    def setUp(self):
        super().setUp()
        self.enterContext(mock.patch.object(seeds, "SEEDS", self.folder))
        self.enterContext(mock.patch.object(seeds, "Scratch", FakeScratch))
        self.seed("kept", "P1", "good")
        self.seed("hardened", "P5", "root")

    def seed(self, name, promise, test):
        with open(os.path.join(self.folder, f"{name}.patch"), "w",
                  encoding="utf-8") as file:
            file.write(f"Promise: {promise}\nViolation: breaks it\n"
                       f"Test: {test} of_it\n--- a\n")

    def run_seeds(self, *arguments):
        file = os.path.join(self.folder, "result")
        with mock.patch.object(sys, "argv",
                               ["seeds.py", "--json", file, *arguments]):
            status = seeds.main()
        with open(file, encoding="utf-8") as result:
            return status, json.load(result)["violations"]

    def test_one_that_was_skipped_is_among_the_others(self):
        status, violations = self.run_seeds()
        self.assertEqual(status, 0)
        self.assertEqual(
            [(each["seed"], each["found"], each.get("skipped"))
             for each in violations],
            [("hardened", False, "needs root"), ("kept", True, None)])
        self.assertIn("# P5  SKIPPED breaks it (hardened): needs root",
                      self.lines())

    def test_what_repeats_all_is_said_first(self):
        self.run_seeds()
        self.assertEqual(self.lines()[0],
                         "# again: tests/fault/run.sh --suite seeds")
        self.assertEqual(self.output.getvalue().count("# again"), 1)

    def test_what_repeats_a_choice_names_it(self):
        self.run_seeds("--sample", "text")
        self.assertEqual(
            self.lines()[0], "# again: tests/fault/run.sh --suite seeds "
            "--seed kept --seed hardened")

    def test_what_repeats_those_that_failed_is_said_last(self):
        self.seed("missed", "P2", "weak")
        self.seed("stale", "P2", "good")
        status, _ = self.run_seeds()
        self.assertEqual(status, 1)
        self.assertEqual(
            self.lines()[-1], "# again: tests/fault/run.sh --suite seeds "
            "--seed stale --seed missed")

    def test_a_name_that_is_none_fails(self):
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            with self.assertRaises(SystemExit):
                self.run_seeds("--seed", "kept", "--seed", "nobody")
        self.assertIn("no such seed: nobody", errors.getvalue())


if __name__ == "__main__":
    unittest.main()
