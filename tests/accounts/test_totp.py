"""Codes of an authenticator, held against the vectors of RFC 6238, appendix B (SHA-1, last six digits)."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from pbtrain.accounts import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 9, 25, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_the_standard(seconds, code):
    now = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_at(SECRET, totp.step_at(now)) == code
    assert totp.step_of(SECRET, code, now) == seconds // 30


@pytest.mark.parametrize(("off", "good"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_a_clock_may_be_one_step_off(off, good):
    code = totp.code_at(SECRET, totp.step_at(NOW + timedelta(seconds=off)))
    assert (totp.step_of(SECRET, code, NOW) is not None) is good


def test_the_address_names_site_and_person():
    found = totp.address("ABC", username="wuyun01", site="示例区党员学习")
    assert found.startswith("otpauth://totp/%E7%A4%BA")
    assert "secret=ABC&issuer=%E7%A4%BA" in found
    assert found.isascii()


def test_secrets_are_160_bits_and_differ():
    one, other = totp.new_secret(), totp.new_secret()
    assert one != other
    assert len(base64.b32decode(one)) == 20
    assert totp.grouped("ABCDEFGH") == "ABCD EFGH"
