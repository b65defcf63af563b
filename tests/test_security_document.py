"""docs/security.md is true: every test it names exists, and no provision of EN 303 645 is left out."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text()
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PROVISIONS = {
    "5.1": 5, "5.2": 3, "5.3": 16, "5.4": 4, "5.5": 8, "5.6": 9, "5.7": 2, "5.8": 3, "5.9": 3, "5.10": 1,
    "5.11": 4, "5.12": 3, "5.13": 1, "6": 5,
}  # fmt: skip
"""How many each clause of EN 303 645 V2.1.1 has."""


def rows() -> Iterator[list[str]]:
    """Provisions, how, tests."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and re.match(r"[56](\.\d+)?-", cells[0]):
            yield cells


def provisions(cell: str) -> Iterator[str]:
    """The provisions that a row is about: `5.3-4 to 5.3-6` are three."""
    for part in cell.split(", "):
        first, _, last = part.partition(" to ")
        clause, _, number = first.rpartition("-")
        end = last.rpartition("-")[2] or number
        yield from (f"{clause}-{n}" for n in range(int(number), int(end) + 1))


@functools.cache
def defined_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED.findall(PAGE))))
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in defined_in(path)


def test_no_provision_is_left_out_or_told_twice() -> None:
    told = [provision for cells in rows() for provision in provisions(cells[0])]
    assert sorted(told) == sorted(f"{clause}-{n}" for clause, most in PROVISIONS.items() for n in range(1, most + 1))


@pytest.mark.parametrize("cells", list(rows()), ids=lambda cells: cells[0])
def test_every_row_has_a_test_or_says_why_not(cells: list[str]) -> None:
    assert len(cells) == 3
    assert NAMED.search(cells[2]) or cells[1].startswith(("not applicable: ", "open: "))


def test_no_cryptography_of_our_own() -> None:
    """Ciphers, signatures and handshakes come from OpenSSL, by `ssl` and `cryptography`; no other library is loaded."""
    others = {"Crypto", "Cryptodome", "nacl", "OpenSSL", "rsa", "ecdsa", "pyaes"}
    for path in (*ROOT.glob("agent/**/*.py"), *ROOT.glob("hal/**/*.py")):
        nodes = list(ast.walk(ast.parse(path.read_text())))
        names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        assert not {name.partition(".")[0] for name in names} & others, path


def test_cryptography_is_pinned_by_its_hash() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert re.search(r"^cryptography==[\d.]+ .*\n\s+--hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
