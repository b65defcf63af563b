"""Exact assignment over few candidate pairs, fast where nothing competes."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

Pair = tuple[float, int, int]
"""(gain, row, column); the gain is above 0."""


def assign(pairs: Sequence[Pair]) -> list[tuple[int, int]]:
    """Choose pairs with the greatest total gain and no row or column twice.

    Only groups in which rows and columns compete are solved (Hungarian method); all others are taken at once.
    """
    rows: dict[int, int] = {}
    columns: dict[int, int] = {}
    for _, row, column in pairs:
        rows[row] = rows.get(row, 0) + 1
        columns[column] = columns.get(column, 0) + 1
    if len(rows) == len(pairs) == len(columns):
        return [(row, column) for _, row, column in pairs]
    free, contested = [], []
    for pair in pairs:
        if rows[pair[1]] == 1 and columns[pair[2]] == 1:
            free.append((pair[1], pair[2]))
        else:
            contested.append(pair)
    for group in _groups(contested):
        free += _solve(group)
    return free


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
