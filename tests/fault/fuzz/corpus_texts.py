# Copyright 2026 The Keyward Authors
# SPDX-License-Identifier: Apache-2.0

"""Seeds that people and proxies write: names, YAML, filters, headers; see
make_corpus.py."""

# fuzz.h's: stands where secrets do.
CANARY = "canary7f3a"


def name():
    return {
        "secret": "projects/payments/secrets/db-password",
        "version": "projects/p-1/secrets/S_.-a/versions/latest",
        "version-number":
            "projects/ppp/secrets/s/versions/9223372036854775807",
        "key-version": "projects/ppp/keys/default/versions/3",
        "system": "system",
        "system-role": "system/roles/my.role",
        "builtin-role": "roles/secrets.accessor",
        "deny-rule": "projects/ppp/denyRules/stolen-laptop",
        "rotation": "projects/ppp/rotations/r1",
        "dots": "projects/ppp/secrets/..",
        "zero": "projects/ppp/secrets/s/versions/007",
        "scopes": "projects/pay*\nprojects/payments\n"
                  "projects/payments/secrets/a",
        "scope-secrets": "projects/ppp/secrets/pay-*\n"
                         "projects/ppp/secrets/pay-\n"
                         "projects/ppp/secrets/pay-roll/versions/1",
        "spiffe": "spiffe://corp.example/ns/default/sa/api",
        "spiffe-dots": "spiffe://corp/a/../b",
        "oidc": "oidc:corp:alice%20smith",
        "kubernetes": "k8s:cluster:default:my.account",
        "x509": "x509:ca:CN=db.example.org,O=Example",
        "system-principal": "system:store",
        "short": "db-password",
        "reference": "db-password:latest",
        "canary": f"projects/{CANARY}!/secrets/{CANARY}",
    }


def text():
    return {
        "base64url": "-_8A",
        "base64url-padded": "-_8=",
        "base64": "+/8=",
        "hex": "00ffAb",
        "duration": "1h30m",
        "days": "30d",
        "time": "2026-08-01T12:00:00Z",
        "forever": "infinite-future",
        "size": "64KiB",
        "size-greatest": "17179869183GiB",
        "address": "keyward.example.org:7100",
        "address-6": "[2001:db8::1]:443",
        "path": "/var/lib/keyward/../x",
        "pair": "env=prod=1",
        "type": "tls-certificate",
        "number": "18",
        "control": b"a\x1b[2J\r\nb\x7f\x00",
        "utf8": "\u00e9\u20ac\U0001f600\u202e\u200b\ufeff\u0085",
        "not-utf8": b"\xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80 \xff \xe2\x82",
        "backslashes": "\\x41\\\\u{1b}",
        "long": "\u00e9" * 140,
        "canary": CANARY,
    }


POLICY = """\
parent: projects/payments
etag: e1
roles:
  - name: deployer
    actions: [secrets.access, "versions.*"]
    description: What the pipeline does.
bindings:
  - name: payments-read
    role: secrets.accessor
    principals: ["spiffe://keyward.internal/workload/payments-api"]
    resource: secrets/payments-*
    expireTime: 2027-01-01T00:00:00Z
denyRules:
  - name: stolen
    principals: ["*"]
    credentialIds: ["sha256:00"]
    actions: ["*"]
    resource: projects/payments
"""

CONTEXTS = """\
current: "prod"
contexts:
  "prod":
    address: "keyward.example.org:7100"
    ca_file: "/etc/keyward/ca.pem"
    cert_file: "/home/alice/alice.pem"
    key_file: '/home/alice/alice.key'
    token_file: "/run/token"
    project: "payments"
    server_id: "spiffe://example.org/service/gateway"
  empty: {}
"""


def yaml():
    return {
        "policy": POLICY,
        "policy-of-system": 'parent: system\nroles:\n- {name: r, actions: [keys.get]}\n',
        "policy-escapes": 'roles:\n- name: r\n  actions: [a]\n'
                          '  description: "a \\"b\\" \\\\ \\t c"\n',
        "policy-times": "bindings:\n" + "".join(
            f"- {{name: b{i}, role: r, principals: [p], resource: system,"
            f" expireTime: {time}}}\n" for i, time in enumerate((
                "1970-01-01T00:00:00Z", "2027-01-01T01:00:00.5+01:00"))),
        "policy-time-without-end":
            "denyRules:\n- {name: d, actions: ['*'], principals: ['*'],"
            " resource: system, expireTime: infinite-future}\n",
        "policy-short": "bindings:\n- {name: b, role: r, principals: [p], "
                        "resource: system}\n",
        "contexts": CONTEXTS,
        "contexts-short": 'current: a\ncontexts: {a: {address: "h:1"}}\n',
        "empty": "",
        "comment": "# nothing\n",
        "flow": "{a: [1, 'two', \"three\", {b: c}], ? d : e}",
        "block-scalars": "a: |\n  one\n  two\nb: >-\n  three\n",
        "anchors": "a: &x [1]\nb: *x\n",
        "merge": "a: {<<: *x}\n",
        "tag": "a: !!binary aGk=\nb: !local x\n",
        "documents": "a: 1\n---\nb: 2\n",
        "twice": "a: 1\na: 2\n",
        "deep": "[" * 20 + "]" * 20,
        "unclosed-quote": 'a: "b\nc: d\n',
        "odd-keys": "? [a]\n: b\n? \n: c\n",
        "escapes": 'a: "\\x41\\u00e9\\U0001f600\\0\\n"\n',
        "directive": "%YAML 1.2\n---\na: 1\n...\n",
    }


def config():
    standalone = """\
listen:
  address: 127.0.0.1:7100
  tls: {cert_file: /tls/a.pem, key_file: /tls/a.key}
trust_domains:
- {name: corp.example, bundle_file: /keys/ca.pem}
jwt_issuers:
- id: corp
  issuer: https://corp.example
  audiences: [keyward]
  jwks_file: /keys/jwks.json
  algorithms: [ES256]
  leeway: 5s
log: {level: debug}
"""
    store = """\
listen: {address: "[::1]:7200"}
allowed_callers:
  methods:
    keyward.internal.store.v1.StoreInternalService/*:
      spiffe_ids: [spiffe://keyward.internal/service/gateway]
data: {folder: /data}
"""
    return {
        "empty": "",
        "standalone": standalone,
        "store": store,
        "limits": "limits:\n  requests_per_second: 20000\n  calls_at_once: 8\n",
        "misspelt": "listn: {}\n",
        "no-value": "listen:\n",
        "wrong-type": "listen: [1]\nlog: {level: {}}\n",
        "set": "log: {level: info}\0listen.address=0.0.0.0:0\0log.level=error",
        "set-section": "\0allowed_callers.methods={a.B/C: {spiffe_ids: []}}",
        "set-list": "\0trust_domains=[{name: a, bundle_file: '{home}/b'}]",
        "set-wrong": "data: 1\0data.folder=/x\0nothing\0.=1",
    }


def filter_():
    return {
        "label": 'labels.env = "prod"',
        "present": "labels:a.b-c",
        "type": "type = API_KEY",
        "prefix": 'name = "pay*"',
        "exact": 'name="AND"',
        "all": 'labels.env="prod" AND labels:a.b-c AND type=API_KEY AND '
               'name="payments*" AND name="*"',
        "no-space": 'name="p"AND type=OPAQUE',
        "glued": "labels:envAND type=OPAQUE",
        "many": " AND ".join(["labels:env"] * 17),
        "or": 'name="a" OR name="b"',
        "star-inside": 'name="a*b"',
        "empty": "",
        "spaces": " \t\n",
        "canary": f'name = "{CANARY}" AND {CANARY}',
    }


def schedule():
    after = "\n\x01\x04\x80\x00\x10\x00"
    return {
        "aws-hours": "cron(0 8/8 * * ? *)\nUTC" + after,
        "aws-days": "cron(0 8 1/10 * ? *)\nEurope/Berlin" + after,
        "aws-nth": "cron(0 0 ? * SUN#1 *)\nAmerica/New_York" + after,
        "aws-last-day": "cron(0 16 L * ? *)\nAsia/Kathmandu" + after,
        "aws-last-friday": "cron(30 2 ? FEB,4-6 FRIL *)\nUTC" + after,
        "aws-saturday": "cron(59 */2 ? 1-12/3 L *)\nAustralia/Lord_Howe",
        "aws-both-days": "cron(0 8 1 * SUN *)\nUTC",
        "aws-no-year": "cron(0 8 1 * ? 2027)\nUTC",
        "aws-w": "cron(0 8 15W * ? *)",
        "five": "0 3 * * 1-5\nAmerica/Sao_Paulo" + after,
        "five-or": "30 2,14 13 * 5\nPacific/Apia" + after,
        "five-sundays": "0 0-23/6 * jan-DEC 0,5-7,sun\nEurope/London" + after,
        "five-stepped-star": "0 3 */2 * 1",
        "five-bare-step": "0 4/12 * * *",
        "february-30": "0 0 30 2 *",
        "leap-day": "0 0 29 2 *\nUTC" + after,
        "rarest": "cron(0 0 ? 2 SUN#5 *)\nUTC" + after,
        "minutes": "*/5 * * * *",
        "spaces": "  0  3  *  *  *  \nUTC",
        "zeros": "000 003 01 001 07",
        "range-down": "0 22-4 * * *",
        "rate-days": "rate(10 days)\nAmerica/St_Johns" + after,
        "rate-hours": "rate(4 hours)\nUTC" + after,
        "rate-most": "rate(23976 hour)",
        "rate-too-much": "rate(1000 days)",
        "zone-path": "0 3 * * *\n../../../etc/localtime",
        "zone-file": "0 3 * * *\nfile:/etc/localtime",
        "long": "0 3 " + "1," * 124 + "1 * *",
        "empty": "",
        "canary": f"0 {CANARY} * * *\n{CANARY}",
        "canary-rate": f"rate({CANARY})\nA{CANARY}",
    }


def xfcc():
    return {
        "envoy": "By=spiffe://corp/ns/mesh/sa/ingress;Hash=0a1b;"
                 'Subject="CN=web,OU=\\"x\\";y";URI=spiffe://corp/web;'
                 "DNS=web.corp;DNS=www.corp",
        "certificate": 'Cert="-----BEGIN%20X%0A";Chain=-----BEGIN%20X%0A',
        "two-hops": 'URI=spiffe://corp/a,By=b;URI=spiffe://corp/c,DNS="d,e"',
        "any-case": 'uri=A;URI=b;Uri="C"',
        "nothing-in-it": 'Subject="";URI=',
        "pairs-in-a-subject":
            'Subject="CN=\\";URI=spiffe://corp/admin;DNS=\\""',
        "two-backslashes": 'Subject="CN=x\\\\";URI=spiffe://corp/a"',
        "three-backslashes": 'Subject="CN=x\\\\\\"y";URI=b',
        "backslash-at-the-end": "URI=a\\;DNS=b",
        "spaces": "URI=a; DNS=b",
        "empty-element": "URI=a,,URI=b",
        "unknown-key": "Issuer=a",
        "not-ended": 'URI="a',
        "many": ";".join(["DNS=a"] * 330),
        "canary": f'{CANARY}={CANARY};Subject="{CANARY}\x01"',
    }


def proxy_list():
    return {
        "example": "# The mesh's ingress.\nspiffe://example.org/mesh/nginx\n",
        "two": "spiffe://corp/a\n\n  spiffe://corp/b # of the lab\r\n",
        "nobody": " \t\n# spiffe://corp/a\n",
        "nothing": "",
        "no-newline": "spiffe://corp/a",
        "two-in-a-line": "spiffe://corp/a spiffe://corp/b",
        "second-is-wrong": "spiffe://corp/a\nspiffe://Corp/b\nx\n",
        "after-nothing": "\n \n# \nspiffe://corp/%\n",
        "two-comments": "spiffe://corp/a # of # the lab\n",
        "no-path": "spiffe://corp\n",
        "glued": "spiffe://corp/a#spiffe://corp/b\n#",
        "zero": "spiffe://corp/a\0\n",
        "canary": f"spiffe://corp/{CANARY}%\n{CANARY}\n",
    }


def redis_reply():
    def bulk(text):
        return f"${len(text)}\r\n{text}\r\n"

    def array(*elements):
        return f"*{len(elements)}\r\n" + "".join(elements)

    def rules(commands, keys, channels):
        return (bulk("commands"), bulk(commands), bulk("keys"), bulk(keys),
                bulk("channels"), bulk(channels))

    redis_7 = array(
        bulk("flags"), array(bulk("on"), bulk("skip-sanitize-payload")),
        bulk("passwords"), array(bulk("6b" * 32)),
        *rules("-@all +get", "~a %R~b", "&c"),
        bulk("selectors"), array(array(*rules("-@all +set", "~x", ""))))
    redis_6 = array(
        bulk("flags"), array(bulk("off"), bulk("allcommands")),
        bulk("passwords"), array(), bulk("commands"), bulk("+@all"),
        bulk("keys"), array(bulk("a"), bulk("*")))
    # The first byte is the size of the pieces in which the rest comes.
    return {
        "redis-7": "\x7f" + redis_7,
        "redis-7-in-pieces": "\x06" + redis_7,
        "redis-6": "\x00" + redis_6,
        "rules-that-are-none": "\x7f" + redis_7.replace("~a %R~b", "~a >nop"),
        "status": "\x00+OK\r\n",
        "two": "\x7f+OK\r\n+OK\r\n",
        "error": f"\x03-WRONGPASS {CANARY}\r\n",
        "number": "\x00:-42\r\n",
        "nil": "\x00$-1\r\n",
        "large": "\x7f*2147483647\r\n",
        "deep": "\x7f" + "*1\r\n" * 12,
        "canary": f"\x7f{CANARY}\r\n",
        "empty": "",
    }


SEEDS = {
    "config": config,
    "filter": filter_,
    "name": name,
    "redis_reply": redis_reply,
    "schedule": schedule,
    "text": text,
    "proxy_list": proxy_list,
    "xfcc": xfcc,
    "yaml": yaml,
}
