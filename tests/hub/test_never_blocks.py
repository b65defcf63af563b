"""Nothing of the journal, the link, the API or the reference hub blocks the event loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
from blockbuster import blockbuster_ctx

from agent.beside import beside
from agent.domain import Event, Severity
from agent.events.journal import Journal
from agent.events.wire import Record
from agent.hub.identity import Identity
from agent.hub.ledger import Ledger
from agent.hub.link import LinkServer, LinkSettings
from agent.hub.receiver import Hub, Watchers
from agent.web.api import Facts, create_app, serving
from hal.system import SystemClock

IDENTITY = Identity(id="cam0007", model="test", fw="0.1.0")


async def test_events_reach_the_hub_without_blocking_the_loop(tmp_path: Path) -> None:
    arrived = asyncio.Event()

    def event(device: str, record: Record) -> None:
        if record.seq >= 200:
            arrived.set()

    with Ledger(tmp_path / "hub.db") as ledger, blockbuster_ctx():
        async with await Journal.open(tmp_path / "cam.db", SystemClock()) as journal:
            link = LinkServer(journal, IDENTITY, LinkSettings(close_s=0.2))
            app = create_app(Facts(lambda: IDENTITY, dict, list), link)
            async with serving(app, "127.0.0.1", 0) as running:
                base = f"http://127.0.0.1:{running.port}"
                hub = Hub(ledger, None, Watchers(event=event))
                async with beside(hub.run([f"{base}/v1/link"], browse=False)):
                    for n in range(200):
                        journal.append_nowait(Event("e", float(n), Severity(n % 2), {"n": n}))
                    async with aiohttp.ClientSession() as http, http.get(f"{base}/v1/identity") as answer:
                        assert answer.status == 200
                    await asyncio.wait_for(arrived.wait(), 20)
                await link.close()
