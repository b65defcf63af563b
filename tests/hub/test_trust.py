"""What the camera's trust makes of damaged files, damaged certificates and a disk that fails."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from agent.hub.callers import STRANGER, Role
from agent.hub.certificates import authority_certificate, certificate_pem, client_certificate, new_key
from agent.hub.trust import CameraTrust, NotKept
from agent.hub.trust_certificates import BadAuthority, holder_of, read_authority
from hal.simulated.clock import ManualClock
from tests.forge import Forge

KEY = new_key()
AUTHORITY = authority_certificate(KEY, "authority")
OWN = client_certificate(AUTHORITY, KEY, new_key(), "hub-a", "hub").public_bytes(Encoding.DER)
PEM = certificate_pem(AUTHORITY).decode()


def der_of(path: Path) -> bytes:
    return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)


def test_a_certificate_in_the_proper_shape_is_taken() -> None:
    holder = holder_of(OWN, (AUTHORITY,))
    assert holder is not None
    assert (holder.role, holder.name) == (Role.HUB, "hub-a")
    assert read_authority(PEM) == AUTHORITY


@given(at=st.integers(0, len(OWN) - 1), value=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_certificate_proves_nothing(at: int, value: int, cut: bool) -> None:
    damaged = OWN[:at] if cut else OWN[:at] + bytes([OWN[at] ^ value]) + OWN[at + 1 :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's, about numbers that it will refuse one day
        assert holder_of(damaged, (AUTHORITY,)) is None


@pytest.mark.parametrize("unused", range(1, 8))
def test_a_signature_has_one_form(unused: int) -> None:
    """Bits at its end that are said to be unused, and are none, change nothing of what was signed."""
    own = x509.load_der_x509_certificate(OWN)
    at = len(OWN) - len(own.signature) - 1
    assert OWN[at] == 0
    assert holder_of(OWN[:at] + bytes([unused]) + OWN[at + 1 :], (AUTHORITY,)) is None


@given(at=st.integers(0, len(PEM) - 1), letter=st.characters(codec="ascii"))
def test_a_damaged_authority_is_refused_or_the_same(at: int, letter: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = read_authority(PEM[:at] + letter + PEM[at + 1 :])
        except BadAuthority:
            return
    assert found == AUTHORITY


@given(text=st.text(max_size=300))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    with pytest.raises(BadAuthority):
        read_authority(text)


@pytest.mark.parametrize("content", ["", "{", '{"authorities": 3}', '{"authorities": ["no certificate"]}', "[]"])
def test_a_file_that_cannot_be_read_trusts_nobody_and_is_put_aside(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trust.json"
    path.write_text(content)
    trust = CameraTrust.open(path, ManualClock())
    assert trust.state == "unclaimed"
    assert [kept.name for kept in tmp_path.iterdir()] == ["trust.bad"]


async def test_what_narrows_the_trust_counts_though_the_disk_fails(tmp_path: Path) -> None:
    hub, trust = Forge(tmp_path), CameraTrust.open(tmp_path / "trust.json", ManualClock())
    await trust.claim(hub.pem, "shop", "hub-a")
    own, kim = hub.issue(), hub.issue("technician", "Kim")
    asking = trust.holder(der_of(own))
    assert asking is not None
    (tmp_path / "trust.json.part").mkdir()
    with pytest.raises(NotKept):
        await trust.revoke([hub.serials[kim]], asking)
    assert trust.caller(der_of(kim)) == STRANGER
    with pytest.raises(NotKept):
        await trust.accept([hub.pem, Forge(tmp_path, "new").pem], asking)
    assert trust.pins.authorities == (hub.pem,)
    assert trust.caller(der_of(own)).role is Role.HUB
