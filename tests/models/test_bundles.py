"""What a camera takes for a model bundle, and from whom."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from agent.cli.model_updating import check_newer
from agent.errors import OperatorError
from agent.models.bundles import signing
from agent.models.bundles.manifest import (
    BUNDLE,
    GOLDEN,
    LIMIT,
    MANIFEST,
    SIGNATURE,
    SIGNER,
    base_of,
    parse_bundle,
    parts_of,
)
from agent.models.bundles.parcel import is_parcel, pack, read_parcel
from agent.models.bundles.shelf import Shelf
from agent.update.slots import Refused
from hal.ports import WallTime
from models.golden import PEOPLE, PICTURE
from tests.models.signers import FILES, LAST_YEAR, Signer, made, parcel, signer, usage
from tools.model_bundle import bundle_of, signed

OURS = signer()
STRANGER = signer("Somebody else")
MODEL = "person-s.tflite"
WHOLE = made(OURS)


def contents(bundle: bytes = WHOLE) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(bundle)) as tar:
        return {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]


def refusal(folder: Path, bundle: bytes, *keyring: Signer) -> str:
    """Why it is refused."""
    path = folder / "a.model"
    path.write_bytes(bundle)
    with pytest.raises(Refused) as refused:
        read_parcel(path, tuple(one.certificate for one in keyring or (OURS,)))
    return str(refused.value)


def test_a_bundle_is_read_as_it_was_made(tmp_path: Path) -> None:
    path = tmp_path / "a.model"
    path.write_bytes(WHOLE)
    assert is_parcel(path)
    found = read_parcel(path, (STRANGER.certificate, OURS.certificate))
    assert (found.bundle.delivered, found.spec.name, found.spec.file) == ("person-s-v2", "person-s-v2", MODEL)
    assert found.model == FILES[MODEL]
    assert found.bundle.files.keys() == {MANIFEST, MODEL, GOLDEN, PICTURE, PEOPLE}
    assert found.signer == OURS.certificate
    assert made(OURS)[:512] == WHOLE[:512]


def test_an_image_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "a.raucb"
    path.write_bytes(b"hsqs" + bytes(4096))
    assert not is_parcel(path)


@pytest.mark.parametrize("lacking", [BUNDLE, SIGNER, SIGNATURE, MANIFEST, MODEL, GOLDEN, PICTURE, PEOPLE])
def test_nothing_may_be_left_out(tmp_path: Path, lacking: str) -> None:
    parts = contents()
    del parts[lacking]
    assert lacking in refusal(tmp_path, pack(parts))


@pytest.mark.parametrize(
    ("changed", "words"),
    [(BUNDLE, "changed after"), (SIGNATURE, "changed after"), (MANIFEST, "not the file"), (MODEL, "not the file")],
)
def test_no_byte_may_be_another(tmp_path: Path, changed: str, words: str) -> None:
    parts = contents()
    parts[changed] = parts[changed][:-2] + bytes([parts[changed][-2] ^ 1]) + parts[changed][-1:]
    assert words in refusal(tmp_path, pack(parts))


def test_a_stranger_is_refused_whatever_certificate_lies_in_the_bundle(tmp_path: Path) -> None:
    assert "CN=Somebody else, whom this camera does not trust" in refusal(tmp_path, made(STRANGER))
    parts = contents(made(STRANGER))
    parts[SIGNER] = OURS.pem
    assert "changed after" in refusal(tmp_path, pack(parts))
    assert "does not trust" in refusal(tmp_path, made(signer("Releases")))


def test_who_was_issued_by_the_keyrings_authority_may_sign(tmp_path: Path) -> None:
    below = signer("Models", issuer=OURS, authority=False)
    path = tmp_path / "a.model"
    path.write_bytes(made(below))
    assert read_parcel(path, (OURS.certificate,)).signer == below.certificate
    leaf = signer("No authority", authority=False)
    assert "does not trust" in refusal(tmp_path, made(signer("Below", issuer=leaf)), leaf)
    third = signer("Third", issuer=below)
    assert "does not trust" in refusal(tmp_path, made(third))


def test_ed25519_is_taken_and_rsa_is_not(tmp_path: Path) -> None:
    edward = signer("Edward", ed25519.Ed25519PrivateKey.generate())
    assert parcel(tmp_path, edward).signer == edward.certificate
    other = signer("Curve", ec.generate_private_key(ec.SECP384R1()))
    old = signer("Rivest", rsa.generate_private_key(65537, 2048))
    for one in (other, old):
        with pytest.raises(OperatorError, match="neither P-256 nor Ed25519"):
            made(one)
        parts = contents() | {SIGNER: one.pem}
        assert "neither P-256 nor Ed25519" in refusal(tmp_path, pack(parts), one)


def test_a_certificate_that_may_not_sign_is_refused(tmp_path: Path) -> None:
    builder = x509.CertificateBuilder(
        subject_name=OURS.certificate.subject,
        issuer_name=OURS.certificate.subject,
        public_key=OURS.key.public_key(),
        serial_number=7,
        not_valid_before=OURS.certificate.not_valid_before_utc,
        not_valid_after=OURS.certificate.not_valid_after_utc,
    ).add_extension(usage(signs_certificates=True, signs=False), critical=True)
    assert isinstance(OURS.key, ec.EllipticCurvePrivateKey)
    mute = Signer(OURS.key, builder.sign(OURS.key, hashes.SHA256()))
    assert "does not trust" in refusal(tmp_path, made(mute), mute)


def test_what_was_signed_for_another_purpose_counts_for_nothing(tmp_path: Path) -> None:
    parts = contents()
    assert isinstance(OURS.key, ec.EllipticCurvePrivateKey)
    parts[SIGNATURE] = OURS.key.sign(parts[BUNDLE], ec.ECDSA(hashes.SHA256()))
    assert "changed after" in refusal(tmp_path, pack(parts))


def test_the_signers_time_is_asked_only_of_a_clock_that_is_right() -> None:
    past = signer("Past", until=LAST_YEAR).certificate
    signing.check_dates(past, WallTime(1_790_000_000.0, synchronised=False))
    signing.check_dates(OURS.certificate, WallTime(1_790_000_000.0, synchronised=True))
    with pytest.raises(Refused, match="2025-12-31 only"):
        signing.check_dates(past, WallTime(1_790_000_000.0, synchronised=True))


def test_a_keyring_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="there is no keyring") as missing:
        signing.read_keyring(tmp_path / "none.pem")
    assert "AISLEWATCH_KEYRING" in missing.value.hint
    (tmp_path / "bad.pem").write_text("nothing")
    with pytest.raises(OperatorError, match="cannot be read"):
        signing.read_keyring(tmp_path / "bad.pem")


def test_a_file_that_is_too_large_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "a.model"
    with path.open("wb") as file:
        file.truncate(LIMIT * 2)
    with pytest.raises(Refused, match="larger than the 32 MiB"):
        read_parcel(path, (OURS.certificate,))


def test_a_description_of_too_large_files_is_refused() -> None:
    with pytest.raises(Refused, match="32 MiB together"):
        parse_bundle(b'{"format":1,"name":"a","version":"1","agent":"1","files":{"manifest.toml":'
                     b'{"sha256":"","size_bytes":40000000},"a.tflite":{"sha256":"","size_bytes":1}}}')  # fmt: skip


def odd(**changes: object) -> bytes:
    """The bundle with one more member, which tar may hold and a bundle may not."""
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name, content in contents().items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        more = tarfile.TarInfo("more")
        for key, value in changes.items():
            setattr(more, key, value)
        tar.addfile(more)
    return written.getvalue()


@pytest.mark.parametrize(
    "member",
    [
        {"name": "../person-s.tflite"},
        {"name": "/etc/aislewatch/config.toml"},
        {"name": "folder/person-s.tflite"},
        {"name": MODEL},
        {"name": "x" * 150},
        {"type": tarfile.SYMTYPE, "linkname": "/etc/passwd"},
        {"type": tarfile.LNKTYPE, "linkname": MODEL},
        {"type": tarfile.DIRTYPE},
        {"type": tarfile.CHRTYPE},
        {"type": tarfile.FIFOTYPE},
    ],
)
def test_tricks_of_tar_are_refused(tmp_path: Path, member: dict[str, object]) -> None:
    assert "does not belong" in refusal(tmp_path, odd(**member))


def test_what_the_description_does_not_name_is_refused(tmp_path: Path) -> None:
    assert "more" in refusal(tmp_path, odd())
    crowd = {f"f{number}": b"" for number in range(20)}
    assert "does not belong" in refusal(tmp_path, pack(crowd))


@settings(max_examples=60)
@given(st.binary(max_size=2000) | st.integers(1, len(WHOLE) - 1))
def test_whatever_is_no_bundle_is_refused_and_nothing_else_happens(
    tmp_path_factory: pytest.TempPathFactory, found: bytes | int
) -> None:
    bundle = found if isinstance(found, bytes) else WHOLE[:found]
    folder = tmp_path_factory.mktemp("any")
    if isinstance(found, int) and found > len(WHOLE.rstrip(b"\0")):
        return  # only the padding at the end is missing
    assert refusal(folder, bundle)


SAID: list[tuple[str, Callable[[dict[str, object]], object], str]] = [
    ("format", lambda told: 2, "format 2"),
    ("name", lambda told: "../a", "name has at most"),
    ("version", lambda told: "2-beta", "whole numbers"),
    ("agent", lambda told: "", "whole numbers"),
    ("slower", lambda told: 0, "0..100"),
    ("files", lambda told: {}, "has to name"),
    ("more", lambda told: 1, "unknown field"),
]


@pytest.mark.parametrize(("key", "value", "words"), SAID)
def test_even_a_signed_description_must_make_sense(
    tmp_path: Path, key: str, value: Callable[[dict[str, object]], object], words: str
) -> None:
    import msgspec

    told = msgspec.json.decode(bundle_of("person-s", "2", FILES, agent="0.1"))
    told[key] = value(told)
    assert words in refusal(tmp_path, signed(msgspec.json.encode(told), FILES, OURS.key_pem, OURS.pem))


def test_the_entry_must_be_that_of_the_model(tmp_path: Path) -> None:
    other = FILES | {MANIFEST: FILES[MANIFEST].replace(b'"person-s"', b'"person-t"')}
    with pytest.raises(Refused, match="one entry, person-s"):
        bundle_of("person-s", "2", other)
    other = FILES | {MODEL: b"another"}
    with pytest.raises(Refused, match="same file of the model"):
        bundle_of("person-s", "2", other)


def test_picture_and_people_come_together(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="go together"):
        parse_bundle(bundle_of("person-s", "2", {name: part for name, part in FILES.items() if name != PEOPLE}))


def test_names_of_versions() -> None:
    assert parts_of("person-m-v2.1") == ("person-m", "2.1")
    assert parts_of("door-v2-v3") == ("door-v2", "3")
    assert [parts_of(name) for name in ("person-m", "person-m-v", "person-m-vx", "a-v1.part")] == [None] * 4
    assert (base_of("person-m-v2.1"), base_of("person-m")) == ("person-m", "person-m")


def test_only_a_newer_one_is_taken(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, lambda: (OURS.certificate,))
    first, second, tenth = (parcel(tmp_path, OURS, version) for version in ("1", "2", "10"))
    check_newer(first, "person-s", shelf)
    shelf.put(second)
    check_newer(second, "person-s", shelf)  # its trial may have been cut short
    check_newer(tenth, "person-s-v2", shelf)
    with pytest.raises(Refused, match="in use already"):
        check_newer(second, "person-s-v2", shelf)
    with pytest.raises(Refused, match="1 of person-s is not newer than 2"):
        check_newer(first, "person-s", shelf)
    shelf.put(first)
    with pytest.raises(Refused, match="not newer"):
        check_newer(first, "person-s-v2", shelf)
    forged = replace(second.bundle, slower=99.0)
    assert forged != second.bundle
    with pytest.raises(Refused, match="not newer"):
        check_newer(parcel(tmp_path, OURS, "2", slower=99.0), "person-s", shelf)
    with pytest.raises(Refused, match="not newer than 3"):
        check_newer(second, "person-s-v3", Shelf(tmp_path / "empty"))


def test_a_model_for_newer_software_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"needs version 99\.1"):
        check_newer(parcel(tmp_path, OURS, agent="99.1"), "person-s", Shelf(tmp_path))
