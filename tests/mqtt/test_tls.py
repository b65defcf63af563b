"""TLS and passwords: the broker is who it should be, the camera proves who it is, and whoever does not gets nothing."""

from __future__ import annotations

import ipaddress
import ssl
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from agent.config import parse_config
from agent.errors import ConfigError
from agent.hub.certificates import authority_certificate, certificate_pem, key_pem, new_key
from hal.simulated.clock import ManualClock
from tests.mqtt.rig import TOPICS, camera, listening, until
from tools.benchmarks.mosquitto import mosquitto, no_mosquitto

needs_broker = pytest.mark.skipif(bool(no_mosquitto()), reason=no_mosquitto())


class Authority:
    """Signs certificates for brokers and cameras, as files in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self._key = new_key()
        self._own = authority_certificate(self._key, name)
        self.ca = folder / f"{name}-ca.pem"
        self.ca.write_bytes(certificate_pem(self._own))

    def issue(self, name: str, *, server: bool, over: bool = False) -> tuple[Path, Path]:
        """The files of a certificate for 127.0.0.1, and of its key."""
        key, now = new_key(), datetime.now(UTC) - timedelta(days=100 if over else 0)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._own.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if server:
            names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
            builder = builder.add_extension(names, critical=False)
        cert, key_file = self.folder / f"{self.ca.stem}-{name}.pem", self.folder / f"{self.ca.stem}-{name}.key"
        cert.write_bytes(certificate_pem(builder.sign(self._key, hashes.SHA256())))
        key_file.write_bytes(key_pem(key))
        key_file.chmod(0o600)
        return cert, key_file


class Shop:
    """A broker's TLS, an authority that vouches for it, and another that does not."""

    def __init__(self, folder: Path, *, over: bool = False) -> None:
        self.good, self.bad = Authority(folder, "good"), Authority(folder, "bad")
        cert, key = self.good.issue("broker", server=True, over=over)
        self.broker = f"cafile {self.good.ca}\ncertfile {cert}\nkeyfile {key}\nrequire_certificate true\n"
        self.broker += "use_identity_as_username true\nallow_anonymous false"
        self.context = ssl.create_default_context(cafile=str(self.good.ca))
        self.context.load_cert_chain(*self.good.issue("listener", server=False))

    def settings(self, *, ca: Authority | None = None, by: Authority | None = None) -> dict[str, Any]:
        cert, key = (by or self.good).issue("camera", server=False)
        return {"tls": True, "ca": str((ca or self.good).ca), "cert": str(cert), "key": str(key)}


@needs_broker
async def test_both_show_certificates_and_events_arrive(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with mosquitto(tmp_path, shop.broker) as broker:
        async with (
            listening(broker.port, context=shop.context) as heard,
            camera(tmp_path, broker.port, settings=shop.settings()) as cam,
        ):
            await cam.happen(*range(5))
            await heard.until(lambda: heard.numbers() == [*range(5)])


@needs_broker
async def test_a_foreign_camera_gets_nothing_across(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with mosquitto(tmp_path, shop.broker) as broker:
        async with listening(broker.port, context=shop.context) as heard:
            async with camera(tmp_path, broker.port, settings=shop.settings(by=shop.bad)) as cam:
                await cam.happen(1)
                await until(lambda: bool(cam.service.facts()["trouble"]))
                assert cam.service.connections == 0
            assert heard.messages == []


@needs_broker
async def test_a_broker_that_nobody_vouches_for_hears_nothing(tmp_path: Path) -> None:
    shop = Shop(tmp_path)
    with mosquitto(tmp_path, shop.broker) as broker:
        async with listening(broker.port, context=shop.context) as heard:
            async with camera(tmp_path, broker.port, settings=shop.settings(ca=shop.bad)) as cam:
                await cam.happen(1)
                await until(lambda: "certificate" in str(cam.service.facts()["trouble"]).lower())
                assert cam.service.connections == 0
            assert heard.messages == []


@needs_broker
async def test_dates_count_only_for_a_camera_that_knows_the_time(tmp_path: Path) -> None:
    shop = Shop(tmp_path, over=True)
    with mosquitto(tmp_path, shop.broker) as broker:
        settings = shop.settings()
        async with camera(tmp_path, broker.port, settings=settings, clock=ManualClock()) as cam:
            await until(lambda: "expired" in str(cam.service.facts()["trouble"]))
            assert cam.service.connections == 0
        async with camera(tmp_path, broker.port, settings=settings, clock=ManualClock(synchronised=False)) as cam:
            await until(lambda: cam.service.connected)


def _let_in(users: Path, name: str, password: str) -> None:
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(users), name, password], check=True)


@needs_broker
async def test_a_password_from_a_private_file_opens_the_broker(tmp_path: Path) -> None:
    _let_in(tmp_path / "users", "cam", "sesame")
    secret = tmp_path / "password"
    secret.write_text("sesame\n", encoding="utf-8")
    settings = {"username": "cam", "password_file": str(secret)}
    with mosquitto(tmp_path, f"allow_anonymous false\npassword_file {tmp_path}/users") as broker:
        secret.chmod(0o644)
        async with camera(tmp_path, broker.port, settings=settings) as cam:
            await until(lambda: "open to others" in str(cam.service.facts()["trouble"]))
            secret.chmod(0o600)
            await until(lambda: cam.service.connected)
            await cam.happen(1)
            await until(lambda: cam.service.facts()["behind"] == 0)
        secret.write_text("wrong\n", encoding="utf-8")
        async with camera(tmp_path, broker.port, settings=settings) as cam:
            await until(lambda: "authori" in str(cam.service.facts()["trouble"]).lower())
            assert cam.service.connections == 0


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('host = "broker.shop"\ntls = false', "mqtt.tls"),
        ('host = "broker.shop"\ncert = "/a"', "mqtt.cert"),
        ('host = "broker.shop"\nusername = "cam"', "mqtt.username"),
        ('host = "broker.shop"\ntopic = "a/#"', "mqtt.topic"),
        ("commands = true", "mqtt.host"),
    ],
)
def test_a_configuration_that_would_tell_strangers_is_refused(text: str, path: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(f"[mqtt]\n{text}")
    assert [problem.path for problem in caught.value.problems] == [path]


def test_topics_begin_with_what_is_configured() -> None:
    assert parse_config('[mqtt]\nhost = "b"\ntopic = "shop/7"').mqtt.address == ("b", 8883)
    assert TOPICS.status == "aislewatch/cam0001/status"
