# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Policy changes as callers see them: in force when they are answered."""

from concurrent import futures

import grpc

import client
from client import Client, code_of, principal
from registry import test

Code = grpc.StatusCode


def messages():
    return client.module("keyward.policy.v1.policy_service_pb2")


@test
def P2_a_grant_and_a_revocation_hold_for_the_very_next_call(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("app")
    ) as app:
        admin.create("db", b"one")
        for _ in range(20):
            admin.bind("app", "secrets.accessor", principal("app"),
                       "projects/default/secrets/db")
            assert app.access("db") == b"one"
            admin.unbind("app")
            assert code_of(app.access, "db") == Code.PERMISSION_DENIED


@test
def P8_many_changes_at_once_are_all_made(keyward):
    """Each makes the decisions of the others stale."""
    with Client(keyward.address, keyward.identity("admin")) as admin:
        def bind(number):
            return code_of(
                admin.bind, f"b{number}", "secrets.accessor", principal("app"),
                f"projects/default/secrets/{number}")

        with futures.ThreadPoolExecutor(48) as threads:
            answers = list(threads.map(bind, range(96)))
        assert answers == [Code.OK] * 96, answers
        policy = admin.policy.GetPolicy(
            messages().GetPolicyRequest(parent="projects/default"))
        made = {binding.resource for binding in policy.bindings}
        assert {f"projects/default/secrets/{n}" for n in range(96)} <= made


@test
def nobody_grants_more_than_it_holds(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("deputy")
    ) as deputy:
        admin.bind("deputy", "policy.admin", principal("deputy"),
                   "projects/default")
        assert code_of(
            deputy.bind, "self", "secrets.accessor", principal("deputy"),
            "projects/default") == Code.PERMISSION_DENIED


def rules():
    return client.module("keyward.policy.v1.policy_pb2")


def deny(name, whom, *actions):
    return rules().DenyRule(
        name="projects/default/denyRules/" + name, principals=[whom],
        actions=actions, resource="projects/default")


@test
def P8_no_project_locks_the_administrator_out_of_mending_it(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("deputy")
    ) as deputy:
        admin.create("db", b"one")
        admin.bind("deputy", "policy.admin", principal("deputy"),
                   "projects/default")
        deputy.apply(deny_rules=[deny("lock", "*", "*")])
        # It binds the administrator in everything but mending the policy.
        assert code_of(admin.access, "db") == Code.PERMISSION_DENIED
        assert code_of(deputy.apply, removed=[deny("lock", "*").name]
                       ) == Code.PERMISSION_DENIED
        admin.policy.GetPolicy(
            messages().GetPolicyRequest(parent="projects/default"),
            timeout=client.TIMEOUT)
        admin.apply(removed=[deny("lock", "*").name])
        assert admin.access("db") == b"one"


@test
def P8_nobody_lifts_a_deny_rule_on_itself(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("deputy")
    ) as deputy:
        admin.create("db", b"one")
        admin.bind("deputy", "project.admin", principal("deputy"),
                   "projects/default")
        rule = deny("no-read", principal("deputy"), "secrets.access")
        admin.apply(deny_rules=[rule])
        harmless = deny("no-read", principal("nobody"), "secrets.access")
        for change in ({"removed": [rule.name]}, {"replace_all": True},
                       {"deny_rules": [harmless]}):
            code = code_of(deputy.apply, **change)
            assert code == Code.PERMISSION_DENIED, (change, code)
        assert code_of(deputy.access, "db") == Code.PERMISSION_DENIED


@test
def the_last_administrator_stays(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        answer = admin.policy.GetPolicy(
            messages().GetPolicyRequest(parent="system"),
            timeout=client.TIMEOUT)
        names = [b.name for b in answer.bindings]
        assert names
        code = code_of(admin.apply, parent="system", removed=names)
        assert code == Code.FAILED_PRECONDITION, code


@test
def explain_names_the_rule_and_the_caller_learns_its_own(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin, Client(
        keyward.address, keyward.identity("app")
    ) as app:
        admin.bind("app", "secrets.accessor", principal("app"),
                   "projects/default/secrets/p-*")
        answer = admin.policy.ExplainAccess(
            messages().ExplainAccessRequest(
                principal=principal("app"), action="secrets.access",
                resource="projects/default/secrets/p-1"),
            timeout=client.TIMEOUT)
        assert answer.allowed
        assert answer.rule == "projects/default/bindings/app"
        mine = app.policy.TestPermissions(
            messages().TestPermissionsRequest(
                resource="projects/default/secrets/p-1",
                actions=["secrets.delete", "secrets.access"]),
            timeout=client.TIMEOUT)
        assert list(mine.actions) == ["secrets.access"]
        me = app.policy.GetCallerIdentity(
            messages().GetCallerIdentityRequest(), timeout=client.TIMEOUT)
        assert me.principal == principal("app")
        assert [b.name for b in me.bindings] == [
            "projects/default/bindings/app"]


@test
def projects_are_made_emptied_and_never_made_again(keyward):
    with Client(keyward.address, keyward.identity("admin")) as admin:
        create = messages().CreateProjectRequest(project_id="payments")
        admin.policy.CreateProject(create, timeout=client.TIMEOUT)
        secrets = client.module("keyward.secrets.v1.secret_service_pb2")
        request = secrets.CreateSecretRequest(
            parent="projects/payments", secret_id="s")
        request.payload.data = b"value"
        admin.secrets.CreateSecret(request, timeout=client.TIMEOUT)
        delete = messages().DeleteProjectRequest(name="projects/payments")
        assert code_of(admin.policy.DeleteProject, delete,
                       timeout=client.TIMEOUT) == Code.FAILED_PRECONDITION
        admin.secrets.DeleteSecret(
            secrets.DeleteSecretRequest(
                name="projects/payments/secrets/s", destroy_now=True),
            timeout=client.TIMEOUT)
        admin.policy.DeleteProject(delete, timeout=client.TIMEOUT)
        assert code_of(admin.policy.CreateProject, create,
                       timeout=client.TIMEOUT) == Code.ALREADY_EXISTS
