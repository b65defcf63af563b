"""Exact assignment over few candidate pairs, fast where nothing competes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

Pair = tuple[float, int, int]
"""(gain, row, column); the gain is above 0."""

_NO_GAINS = (0.0, 0.0)


def assign(pairs: Sequence[Pair]) -> dict[int, int]:
    """The column of each row in the choice of pairs with the greatest total gain and no row or column twice.

    A pair that gains at least as much as the best rivals of its row and of its column together belongs to a best
    choice and is taken at once; what remains is tried anew, and solved where competition is left (Hungarian method).
    """
    rows: dict[int, tuple[float, float]] = {}
    columns: dict[int, tuple[float, float]] = {}
    for gain, row, column in pairs:
        best, second = rows.get(row, _NO_GAINS)
        if gain > second:
            rows[row] = (gain, best) if gain > best else (best, gain)
        best, second = columns.get(column, _NO_GAINS)
        if gain > second:
            columns[column] = (gain, best) if gain > best else (best, gain)
    if len(rows) == len(columns) == len(pairs):
        return {row: column for _, row, column in pairs}
    chosen, taken = _undisputed(pairs, rows, columns)
    if len(chosen) == len(rows) or len(chosen) == len(columns):
        return chosen
    rest = [pair for pair in pairs if pair[1] not in chosen and pair[2] not in taken]
    if chosen:
        return chosen | assign(rest)
    return {row: column for group in _groups(rest) for row, column in _solve(group)}


def _undisputed(
    pairs: Sequence[Pair], rows: Mapping[int, tuple[float, float]], columns: Mapping[int, tuple[float, float]]
) -> tuple[dict[int, int], set[int]]:
    """The pairs that belong to a best choice, given the two greatest gains of each row and column; their columns."""
    chosen: dict[int, int] = {}
    taken: set[int] = set()
    for gain, row, column in pairs:
        best, rival = rows[row]
        if gain == best and row not in chosen and column not in taken:
            best, other = columns[column]
            if gain == best and gain >= rival + other:
                chosen[row] = column
                taken.add(column)
    return chosen, taken


def _groups(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Split pairs into connected components of the row-column graph."""
    by_row: dict[int, list[Pair]] = {}
    by_column: dict[int, list[Pair]] = {}
    for pair in pairs:
        by_row.setdefault(pair[1], []).append(pair)
        by_column.setdefault(pair[2], []).append(pair)
    groups = []
    while by_row:
        _row, todo = by_row.popitem()
        group = list(todo)
        while todo:
            column = todo.pop()[2]
            for _, other, _ in by_column.pop(column, ()):
                reached = by_row.pop(other, None)
                if reached:
                    group += reached
                    todo += reached
        groups.append(group)
    return groups


def _solve(pairs: Sequence[Pair]) -> list[tuple[int, int]]:
    """The best matching of one connected group; a column of its own for each row stands for "unmatched"."""
    rows = sorted({pair[1] for pair in pairs})
    columns = sorted({pair[2] for pair in pairs})
    row_at = {row: i for i, row in enumerate(rows)}
    column_at = {column: j for j, column in enumerate(columns)}
    costs = [[0.0] * (len(columns) + len(rows)) for _ in rows]
    for gain, row, column in pairs:
        costs[row_at[row]][column_at[column]] = -gain
    chosen = enumerate(hungarian(costs))
    return [(rows[i], columns[j]) for i, j in chosen if j < len(columns) and costs[i][j] < 0]


def hungarian(costs: Sequence[Sequence[float]]) -> list[int]:
    """The column of each row in the assignment of least total cost; needs at least as many columns as rows.

    Shortest augmenting paths with prices (Jonker and Volgenant, Computing 38, 1987), O(rows^2 columns).
    """
    width = len(costs[0]) if costs else 0
    row_price = [0.0] * len(costs)
    column_price = [0.0] * width
    owner = [-1] * width
    for row in range(len(costs)):
        _augment(costs, row, row_price, column_price, owner)
    columns = [0] * len(costs)
    for column, row in enumerate(owner):
        if row >= 0:
            columns[row] = column
    return columns


def _augment(
    costs: Sequence[Sequence[float]], start: int, row_price: list[float], column_price: list[float], owner: list[int]
) -> None:
    """Give row `start` a column along the cheapest alternating path; updates the prices and the owners."""
    distance, previous = [inf] * len(owner), [-1] * len(owner)
    unvisited = set(range(len(owner)))
    visited: list[int] = []
    row, column, reached = start, -1, 0.0
    while row >= 0:
        line, base = costs[row], reached - row_price[row]
        for j in unvisited:
            length = base + line[j] - column_price[j]
            if length < distance[j]:
                distance[j], previous[j] = length, column
        column = min(unvisited, key=distance.__getitem__)
        unvisited.remove(column)
        visited.append(column)
        reached, row = distance[column], owner[column]
    row_price[start] += reached
    for j in visited[:-1]:
        column_price[j] += distance[j] - reached
        row_price[owner[j]] += reached - distance[j]
    while previous[column] >= 0:
        owner[column] = owner[previous[column]]
        column = previous[column]
    owner[column] = start
