"""Where packages come from: the host's own apt configuration, or what the caller names. No address stands in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tools.image.recipe import BuildError
from tools.image.run import run

_FORMAT = "$(REPO_URI) $(RELEASE) $(COMPONENT)"


@dataclass(frozen=True, slots=True)
class Archive:
    """One archive of the host: its address, and the release it is used for."""

    address: str
    release: str

    def line(self, release: str) -> str:
        """An apt source of `release` in this archive; mmdebstrap and apt know the keys of Debian's."""
        return f"deb {self.address} {release} main"


def parse_targets(text: str) -> list[Archive]:
    """The archives with a component `main` in what `apt-get indextargets` says, each once."""
    found: dict[Archive, None] = {}
    for line in text.splitlines():
        address, release, component = line.split()
        if component == "main":
            found[Archive(address.rstrip("/"), release)] = None
    return list(found)


def host_archives() -> list[Archive]:
    """The archives that this host is configured for."""
    return parse_targets(run(["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"]))


def plain(archives: Sequence[Archive]) -> Archive:
    """The archive of whole releases. Raises BuildError when the host has none."""
    found = next((archive for archive in archives if "-" not in archive.release), None)
    if found is None:
        raise BuildError("this host's apt has no Debian archive: name one with --mirror ADDRESS")
    return found


def lines(suite: str, mirrors: Sequence[str], archives: Sequence[Archive]) -> list[str]:
    """The apt sources of an image.

    `mirrors` are whole `deb ...` lines, or addresses of a Debian archive; without any, the host's archives are asked
    for `suite`. Raises BuildError when there is none to ask.
    """
    if mirrors:
        return [mirror if mirror.startswith("deb ") else f"deb {mirror} {suite} main" for mirror in mirrors]
    found = [plain(archives).line(release) for release in (suite, f"{suite}-updates")]
    if security := next((archive for archive in archives if archive.release.endswith("-security")), None):
        found.append(security.line(f"{suite}-security"))
    return found
