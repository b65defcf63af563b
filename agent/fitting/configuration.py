"""The configuration as people and hubs ask for it and change it: shown, tried out, and what stands in the picture."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from agent.config_file import ConfigFile, digest_of
from agent.config_secrets import ways_changed, with_secrets, without_secrets
from agent.config_text import DRAWN, MOUNT, Tables, parsed, tables_in, with_settings, with_tables
from agent.errors import Incomplete, OperatorError
from agent.fitting.view import View
from agent.home import Home
from agent.trial import TRIAL_S, Trial


@dataclass(frozen=True, slots=True)
class Wish:
    """Why somebody wants a change, and who: a hub that asks has to link again for it to be kept (`linked`).

    `base` is the hash of the configuration that they have seen; another one refuses the change.
    """

    reason: str
    by: str
    base: str | None = None
    linked: bool = False


@dataclass(frozen=True, slots=True)
class ConfigDesk:
    """Everything here raises OperatorError where the camera runs without a configuration file."""

    home: Home

    @property
    def file(self) -> ConfigFile:
        """The configuration file."""
        if self.home.file is None:
            raise OperatorError("this camera runs without a configuration file", hint="start it by `aislewatch run`")
        return self.home.file

    async def text(self) -> str:
        """What stands in the file. Raises OperatorError."""
        return await asyncio.to_thread(self.file.text)

    def digest(self) -> str:
        """The hash of the file; "" where there is none, or it cannot be read."""
        try:
            return self.file.sha256()
        except OperatorError:
            return ""

    async def shown(self, *, secrets: bool = True) -> dict[str, Any]:
        """The file, with its secrets or with marks in their place, and how its trial stands.

        Raises OperatorError, ConfigError.
        """
        text = await self.text()
        return self._told({"text": text if secrets else without_secrets(text)}, text)

    async def ways_changed(self, text: str) -> list[str]:
        """The tables that say whom the camera talks to, and would change. Raises OperatorError, ConfigError."""
        return ways_changed(text, await self.text())

    async def drawn(self) -> dict[str, Any]:
        """The tables that are drawn into the picture, as they stand in the file. Raises OperatorError, ConfigError."""
        text = await self.text()
        return self._told(tables_in(text, DRAWN), text)

    async def draw(self, tables: Mapping[str, Tables | None], wish: Wish) -> dict[str, Any]:
        """Try other tables; those that are None stay. Raises OperatorError, ConfigError."""
        return await self.try_out(with_tables(await self.text(), tables), wish)

    async def mounted(self, view: View) -> dict[str, Any]:
        """How the camera hangs by the file, and the view that holds. Raises OperatorError, ConfigError."""
        text = await self.text()
        mount = parsed(text).get(MOUNT, {})
        return self._told({"mount": mount, "view_deg": view.deg, "view_said_by": view.said_by}, text)

    async def mount(self, settings: Mapping[str, float | None], wish: Wish) -> dict[str, Any]:
        """Try another mount; what is None stays. Raises OperatorError, ConfigError."""
        said = {key: value for key, value in settings.items() if value is not None}
        if not said:
            raise Incomplete("nothing of the mount was said", hint="say height_m, tilt_deg or view_deg")
        return await self.try_out(with_settings(await self.text(), MOUNT, said), wish)

    async def try_out(self, text: str, wish: Wish) -> dict[str, Any]:
        """Try a whole configuration in a life of its own; marks in it stand for the secrets that the file holds.

        Raises OperatorError, ConfigError.
        """

        def tried() -> Trial:
            whole = with_secrets(text, self.file.text())
            return self.file.try_out(whole, reason=wish.reason, by=wish.by, linked=wish.linked, base=wish.base)

        trial = await asyncio.to_thread(tried)
        self.home.begin_again_soon()
        return {"sha256": trial.sha256, "before": trial.before, "trial_s": TRIAL_S, "restarts": True}

    def restart(self) -> dict[str, Any]:
        """Begin another life. Raises OperatorError while a configuration is on trial."""
        file = self.home.file
        if file is not None and file.trial is not None and file.trial.pending:
            raise OperatorError("a configuration is on trial", hint="try again in a minute")
        self.home.begin_again_soon()
        return {"restarts": True}

    def _told(self, facts: dict[str, Any], text: str) -> dict[str, Any]:
        trial = self.file.last
        return {**facts, "sha256": digest_of(text), "trial": msgspec.to_builtins(trial) if trial else None}
