# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""An issuer of bearer tokens, as a deployment is told to believe it."""

import os

import forge

# The most that can be configured, so that no test is about seconds.
LEEWAY = 30


def jwks_file(keyward):
    return os.path.join(keyward.folder, "jwks.json")


def setting(keyward):
    return (
        f"jwt_issuers=[{{id: corp, issuer: '{forge.ISSUER}', "
        f"audiences: [{forge.AUDIENCE}], leeway: {LEEWAY}s, "
        f"jwks_file: '{jwks_file(keyward)}'}}]"
    )


def believe(keyward, *keys):
    """Before a start: tokens that one of the keys signed are good."""
    forge.write(jwks_file(keyward), forge.key_set(*keys))
    keyward.set(setting(keyward), "reload.interval=1s")


def nobody(keyward):
    """No certificate: only a token can say who calls."""
    return keyward.identity("admin")[0], None, None
