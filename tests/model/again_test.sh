#!/usr/bin/env bash
# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

# Bad verdicts of every kind are followed by what shows them again.

set -euo pipefail
again=$(dirname "${BASH_SOURCE[0]}")/again.sh

verdicts='model   without
ok model.fence.holds
not ok model.intent.holds
ok model.fence.without.gate.violates.linearizable
not ok model.fence.without.gate.violates.recorded_first
not ok model.engine.without.settled_at_reopen.holds
not ok model.commit.evaluates.made_once
not ok model.rules_name_code_and_seeds'

wanted='model   without
ok model.fence.holds
not ok model.intent.holds
# again: tests/model/run.sh --model intent
ok model.fence.without.gate.violates.linearizable
not ok model.fence.without.gate.violates.recorded_first
# again: tests/model/run.sh --model fence --without gate
not ok model.engine.without.settled_at_reopen.holds
# again: tests/model/run.sh --model engine --without settled_at_reopen
not ok model.commit.evaluates.made_once
# again: tests/model/run.sh
not ok model.rules_name_code_and_seeds
# again: tests/model/run.sh'

# Prints what differs, if anything does.
diff <(echo "$wanted") <("$again" <<<"$verdicts")
diff <(sed '/^# again/s/$/ --deep/' <<<"$wanted") \
  <("$again" --deep --model fence <<<"$verdicts")
