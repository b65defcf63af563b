"""What a doctor sees in the files of a camera, whether its agent runs or not; none of them is changed."""

from __future__ import annotations

import os
import sqlite3
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from cryptography import x509

import models
from agent.config import Config
from agent.doctor.facts import Ending
from agent.errors import ModelError
from agent.events.torn import is_broken
from agent.hub.identity_key import CERTIFICATE, FOLDER, KEY
from agent.hub.trust import Pins
from agent.hub.trust_certificates import BadAuthority, read_authority
from agent.models import STORE, Catalogue, store_of
from agent.models.proof import blindness
from agent.update.report import WORD
from agent.update.slots import Phase, Record
from hal.errors import HalError
from hal.sources import without_password

JOURNAL = "journal.db"
TRUST = "trust.json"
MADE_UTC_S = 1_767_225_600.0
"""2026-01-01: no camera with this program has seen an earlier day."""
_TRY_BYTES = 1 << 16


def files_facts(config: Config) -> dict[str, Any]:
    """Everything below the data folder, by the names of `agent.doctor.facts.Facts`."""
    data = Path(config.storage.data_dir)
    pins, trust_wrong = _pins(data / FOLDER / TRUST)
    return {
        "unwritable": unwritable(data),
        "journal_wrong": journal_wrong(data / JOURNAL),
        "salvaged": _salvaged(data / JOURNAL),
        "model": config.model.name,
        "model_wrong": model_wrong(config.model.name, store=store_of(config.storage.data_dir)),
        "camera_missing": camera_missing(config.camera.source),
        "source": without_password(config.camera.source),
        "camera": config.camera.name,
        "identity_wrong": (trust_wrong or identity_wrong(data / FOLDER)) if config.api.tls_port >= 0 else "",
        "claimed": bool(pins.authorities),
        "ends": tuple(_ends(pins)),
        "update_left": _update_left(data / WORD),
        "earliest_utc_s": earliest_utc_s(data),
    }


def unwritable(folder: Path) -> str:
    """Why nothing can be written there; "" where it can."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_TRY_BYTES))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return f"{folder} cannot be written: {error.strerror or error}"
    return ""


def journal_wrong(path: Path) -> str:
    """What is wrong with the journal's database; "" where nothing is, or it was not made yet."""
    if not path.exists():
        return ""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=2.0)) as database:
            (said,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        return "" if isinstance(error, sqlite3.OperationalError) else str(error)
    if said != "ok":
        return str(said).splitlines()[0]
    return "its log lost a part" if is_broken(path.with_name(f"{path.name}-wal")) else ""


def _salvaged(journal: Path) -> str:
    kept = journal.with_name(f"{journal.name}.damaged")
    return str(kept) if kept.exists() else ""


def model_wrong(name: str, manifest: Path = models.DIRECTORY, store: Path = STORE) -> str:
    """Why the model cannot be used; "" where it can."""
    try:
        catalogue = Catalogue.load(manifest, store=store)
        catalogue.read(catalogue.spec(name))
    except ModelError as error:
        return str(error)
    return ""


def model_blind(name: str, manifest: Path = models.DIRECTORY, store: Path = STORE) -> str | None:
    """What the model gets wrong on its reference picture; "" where it sees, None where it cannot look there."""
    try:
        catalogue = Catalogue.load(manifest, store=store)
        spec = catalogue.spec(name)
        return blindness(spec, catalogue.read(spec), catalogue.reference(spec))
    except (ModelError, HalError):
        return None


def camera_missing(source: str) -> str:
    """Why there is no camera to open; "" where there is one, or only opening it shows."""
    if source == "picamera":
        nodes = [*Path("/dev").glob("video*"), *Path("/dev").glob("media*")]
        return "" if nodes else "no camera is connected: there is no /dev/video* and no /dev/media*"
    if source == "simulated" or "://" in source or Path(source).exists():
        return ""
    return f"there is no {source}"


def identity_wrong(folder: Path) -> str:
    """Why the camera's key or certificate cannot be used; "" where they can, or are not made yet."""
    key, certificate = folder / KEY, folder / CERTIFICATE
    if not key.exists():
        return ""
    try:
        if not certificate.exists():
            return ""
        x509.load_pem_x509_certificate(certificate.read_bytes())
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except ValueError:
        return f"{certificate} cannot be read"
    except ssl.SSLError:
        return f"{key} is no key for {certificate}"
    except OSError as error:
        return f"{error.filename or folder} cannot be read: {error.strerror}"
    return ""


def _pins(path: Path) -> tuple[Pins, str]:
    """Whom the camera trusts, and what is wrong with the file that says so."""
    try:
        pins = msgspec.json.decode(path.read_bytes(), type=Pins)
        for authority in pins.authorities:
            read_authority(authority)
    except FileNotFoundError:
        aside = path.with_suffix(".bad")
        return Pins(), f"{aside} could not be read: whom the camera trusted is lost" if aside.exists() else ""
    except (OSError, msgspec.DecodeError, BadAuthority) as error:
        return Pins(), f"{path} cannot be read: {error}"
    return pins, ""


def _ends(pins: Pins) -> Iterator[Ending]:
    """The dates of an authority lock no hub out."""
    for authority in pins.authorities:
        certificate = read_authority(authority)
        yield Ending(f"the authority of {pins.hub}", certificate.not_valid_after_utc.timestamp(), locks_out=False)


def pass_ends(path: Path) -> Ending | None:
    """When a technician's pass ends; None for what is none."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        return None
    return Ending(f"the pass {path.name}", certificate.not_valid_after_utc.timestamp(), locks_out=True)


def _update_left(path: Path) -> str:
    """Why the last update was left, as far as its word still lies there."""
    try:
        record = msgspec.json.decode(path.read_bytes(), type=Record)
    except (OSError, msgspec.DecodeError):
        return ""
    return f"{record.version}: {record.why}" if record.phase is Phase.BACK else ""


def earliest_utc_s(data: Path) -> float:
    """A time that has passed: when the journal was last written, at the earliest when this program was made."""
    times = [path.stat().st_mtime for path in data.glob(f"{JOURNAL}*") if path.is_file()]
    return max([MADE_UTC_S, *times])
