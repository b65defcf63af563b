"""A line that the kernel itself makes slow and lossy: 64 kbit/s either way, a queue of a second, drops beyond it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.hub.keyring import Keyring
from tests.e2e.network import Cable, cable, why_not
from tests.e2e.programs import camera_command, hub, program
from tests.faults.eventful_camera import pair

DEVICE = f"slow{secrets.token_hex(4)}"
KBIT_S, QUEUE_BYTES = 64, 8_000
WIDE_KBIT_S = 100_000


@pytest.fixture
def joined() -> Iterator[Cable]:
    if reason := why_not():
        pytest.skip(reason)
    with cable() as made:
        if reason := made.narrow(made.hub, WIDE_KBIT_S, 10 * QUEUE_BYTES):
            pytest.skip(f"the kernel makes no line slow: {reason}")
        yield made


@pytest.mark.timeout(200)
async def test_more_events_than_a_slow_line_carries_arrive_in_order_and_the_rest_when_it_is_fast(
    joined: Cable, tmp_path: Path
) -> None:
    """The camera makes several times as many as there is room for; what waits is in its journal, and none is lost."""
    for end, number in ((joined.hub, 1), (joined.camera, 2)):
        joined.address(end, f"10.77.0.{number}/24")
        assert not joined.narrow(end, KBIT_S, QUEUE_BYTES)
    keyring = Keyring.open(tmp_path / "keys", "hub-e2e", "shop")
    await pair(tmp_path, DEVICE, keyring, ("10.77.0.2", 8443))
    options = ("--keys", str(keyring.folder), "--hub-id", "hub-e2e")
    async with (
        program(joined.inside(joined.camera), *camera_command(tmp_path, DEVICE, "0.0.0.0")),
        hub(joined.inside(joined.hub), tmp_path, DEVICE, *options) as output,
    ):
        await output.until(lambda: output.linked_at("10.77.0.2") and len(output.numbers) > 300)
        slow = list(output.numbers)
        for end in (joined.camera, joined.hub):
            assert not joined.narrow(end, WIDE_KBIT_S, 10 * QUEUE_BYTES)
        await output.until(lambda: len(output.numbers) > len(slow) + 500)
    assert slow == list(range(1, len(slow) + 1))
    assert output.numbers == list(range(1, len(output.numbers) + 1))
