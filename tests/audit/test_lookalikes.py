"""audit/lookalikes.py: what looks like a secret is masked, and what an archive is made of stays."""

from __future__ import annotations

import time

import pytest

from workbench.audit import lookalikes
from workbench.secret import MASK

# With the secret between the marks.
SECRETS = [
    "Authorization: Bearer <<abc.def>>",
    "authorization: Basic <<dXNlcjpwYXNz>>",
    "{'Authorization': 'Bearer <<zzzz>>'}",
    "Bearer <<0f8fad5b-d9cb-469f-a165-70867728950e>>",
    "curl -H 'Authorization: Token <<plainword>>'",
    "postgresql://me:<<hunter>>@db/x",
    "http://127.0.0.1:3128 and https://u:<<p%40ss>>@proxy.example:8080/",
    "API_KEY=<<hunterhunter>>",
    "export AWS_SECRET_ACCESS_KEY=<<abcd/efgh+1>>",
    "api_key = '<<abcd1234>>'",
    '{"password": "<<hunter>>"}',
    '{\\"password\\": \\"<<hunter>>\\"}',
    "os.environ['API_TOKEN'] = '<<zzzz>>'",
    "password=<<hunter>> user=me",
    "https://x.example/?token=<<abcd1234>>&page=1",
    "Set-Cookie: <<sid=abc; Path=/>>",
    "Cookie: <<a=b; c=d>>",
    "{'cookie': '<<xs=1:2>>'}",
    '{"name": "xs", "value": "<<1:abc>>", "domain": ".facebook.com"}',
    "-----BEGIN RSA PRIVATE KEY-----<<\nAAA\nBBB\n>>-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----<<\nAAA, cut off>>",
    "https://h.example/api/brightdata/webhook/<<AbCdEf0123456789xy>>",
    "brd-customer-hl_1-zone-z:<<pa55word>>@brd.example:33335",
    "accessToken: <<abc123def>>",
    "some_key = '<<Zx9Qw3Er7Ty1Ui5Op2>>'",
    "&quot;secret&quot;: &quot;<<hunter22>>&quot;",
    "client_secret=<<abc12345>>",
    "X-API-Key: <<abcdef12>>",
    "<<eyJhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl>>",
    "<<ghp_abcdefghijklmnopqrstuvwxyz0123456789>>",
]
FINE = [
    "primary_key=id12345678901234567",
    "sort_key: created_at_2024_01_01_00",
    "snapshot s_mabc123def456ghi789 of gd_lkaxegm826bjpoo9m5",
    "key=s_mabc123def456ghi789",
    "sha256: " + "a1" * 32,
    "key: " + "0c" * 20,
    "key: 0f8fad5b-d9cb-469f-a165-70867728950e",
    "dedupe_key = 'instagram:posts:https://x.example/1'",
    "listing_id=1234567890123456, remote_url=https://example.com/marketplace/item/1234567890123456/",
    "20261130-160000-runs-0a1b2c",
    "max_tokens=100000000, next_token: None, fencing_token: 12345",
    "token: str = ''",
    "password: Secret",
    "password=getpass.getpass()",
    "token = settings.token",
    "api_key = os.environ['API_KEY']",
    "headers = {'Authorization': f'Bearer {key}'}",
    "the bearer authentication scheme",
    "sorted(rows, key=operator.itemgetter(1))",
    "A secret: never print it",
    "password: required",
    "https://example.com:8080/a@b",
    "monkey = 'business', turkey: 5 pieces",
    "cookies are set; a cookie = something",
    f"password={MASK} Authorization: Bearer {MASK} postgresql://me:{MASK}@db/x",
]


@pytest.mark.parametrize("marked", SECRETS)
def test_what_looks_like_a_secret_is_masked_and_nothing_beside_it(marked):
    before, _, rest = marked.partition("<<")
    secret, _, after = rest.rpartition(">>")

    assert lookalikes.masked(before + secret + after) == (before + MASK + after, 1)
    assert lookalikes.masked(before + MASK + after) == (before + MASK + after, 0)


@pytest.mark.parametrize("text", FINE)
def test_what_an_archive_is_made_of_stays(text):
    assert lookalikes.masked(text) == (text, 0)


def test_no_text_takes_more_time_than_it_is_long():
    pieces = [
        *("a-", "key=", "a://b:c", "password", "-----BEGIN PRIVATE KEY-----", "bearer ", "cookie: a=b ", "sk-", "xoxb"),
        *("eyJaaaaaaaaa.", "authorization: ", '"value": "aaaa", "domain', "brd-customer-", "x", "key" + " " * 9),
    ]
    begun = time.monotonic()

    for piece in pieces:
        lookalikes.masked(piece * (500_000 // len(piece)))

    assert time.monotonic() - begun < 20


def test_the_secrets_of_an_environment_are_those_named_so_and_the_passwords_of_addresses():
    found = lookalikes.of_environment(
        {
            "STRIPE_API_KEY": "sk_abc_123456", "DB_PASSWORD": "p4ssw0rd-of-db", "HOME": "/usr/share/abc-1234567",
            "LEDGER_URL": "postgresql://me:p%40ss-word-9@db/x", "MODE_TOKEN": "true", "APP_SECRET": "development",
            "GITHUB_TOKEN": "", "PUBLIC_KEY": "abcd-12345678", "PROXY": "http://proxy:3128", "KEY_FILE": "/etc/abc-1",
        }
    )  # fmt: skip

    assert {one.reveal() for one in found} == {"sk_abc_123456", "p4ssw0rd-of-db", "p%40ss-word-9", "p@ss-word-9"}
