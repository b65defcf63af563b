"""MOTA, IDF1, HOTA and identity switches of tracks against truth, implemented from the papers.

CLEAR MOT: Bernardin and Stiefelhagen, EURASIP 2008, with correspondences kept as in py-motmetrics. IDF1: Ristani et
al., ECCVW 2016. HOTA: Luiten et al., IJCV 2021, as the mean over the thresholds 0.05 to 0.95 (TrackEval's way).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Rows = Mapping[int, Sequence[tuple[int, float, float, float, float]]]
"""By frame: (id, left, top, width, height) of every box."""

MATCH_IOU = 0.5
HOTA_IOUS = np.arange(0.05, 0.99, 0.05)


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of one tracker on one sequence; the first three in percent."""

    mota: float
    idf1: float
    hota: float
    switches: int
    false_positives: int
    misses: int
    truth_boxes: int


@dataclass(frozen=True, slots=True)
class _Moment:
    """One frame: indices of the people and of the tracks in it, and their overlaps (people, tracks)."""

    people: I64
    tracks: I64
    overlap: F64


def score(truth: Rows, found: Rows) -> Score:
    """Score tracks against truth; frames without any box of either count nothing."""
    moments, people, tracks = _moments(truth, found)
    wrong, missed, switches = _clear(moments)
    boxes = sum(len(moment.people) for moment in moments)
    return Score(
        mota=100 * (1 - (wrong + missed + switches) / max(1, boxes)),
        idf1=100 * _idf1(moments, people, tracks),
        hota=100 * _hota(moments, people, tracks),
        switches=switches,
        false_positives=wrong,
        misses=missed,
        truth_boxes=boxes,
    )


def _moments(truth: Rows, found: Rows) -> tuple[list[_Moment], int, int]:
    """All frames with ids made consecutive, and how many people and tracks there are."""
    person_at: dict[int, int] = {}
    track_at: dict[int, int] = {}
    moments = []
    for frame in sorted({*truth, *found}):
        a, b = truth.get(frame, ()), found.get(frame, ())
        people = np.array([person_at.setdefault(row[0], len(person_at)) for row in a], dtype=np.int64)
        tracks = np.array([track_at.setdefault(row[0], len(track_at)) for row in b], dtype=np.int64)
        moments.append(_Moment(people, tracks, overlaps(_boxes(a), _boxes(b))))
    return moments, len(person_at), len(track_at)


def _boxes(rows: Sequence[tuple[int, float, float, float, float]]) -> F64:
    return np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4)


def overlaps(a: F64, b: F64) -> F64:
    """Intersection over union of boxes left, top, width, height: (n, 4) and (m, 4) to (n, m)."""
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, :2] + a[:, None, 2:], b[None, :, :2] + b[None, :, 2:])
    shared = np.prod(np.clip(high - low, 0, None), axis=2)
    areas = np.prod(a[:, None, 2:], axis=2) + np.prod(b[None, :, 2:], axis=2)
    union = areas - shared
    share: F64 = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return share


def best_pairs(gain: F64) -> tuple[I64, I64]:
    """Rows and columns of the assignment with the greatest total gain (gains >= 0; pairs of no gain are left out).

    Shortest augmenting paths with prices (Jonker and Volgenant, Computing 38, 1987).
    """
    if gain.size == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    if gain.shape[0] > gain.shape[1]:
        columns, rows = best_pairs(gain.T)
        return rows, columns
    owner = _owners(-gain)
    columns = np.flatnonzero(owner >= 0)
    rows = owner[columns]
    worth = gain[rows, columns] > 0
    return rows[worth], columns[worth]


def _owners(cost: F64) -> I64:
    """The row of each column (-1: none) in the assignment of least cost; no more rows than columns."""
    height, width = cost.shape
    row_price, column_price = np.zeros(height), np.zeros(width)
    owner = np.full(width, -1, np.int64)
    for start in range(height):
        distance = np.full(width, np.inf)
        previous = np.full(width, -1, np.int64)
        blocked = np.zeros(width)
        visited: list[int] = []
        row, column, reached = start, -1, 0.0
        while row >= 0:
            length = cost[row] - column_price + (reached - row_price[row])
            nearer = (length < distance) & (blocked == 0)
            distance[nearer], previous[nearer] = length[nearer], column
            column = int(np.argmin(distance + blocked))
            blocked[column] = np.inf
            visited.append(column)
            reached, row = float(distance[column]), int(owner[column])
        passed = visited[:-1]
        row_price[start] += reached
        row_price[owner[passed]] += reached - distance[passed]
        column_price[passed] += distance[passed] - reached
        while previous[column] >= 0:
            owner[column] = owner[previous[column]]
            column = int(previous[column])
        owner[column] = start
    return owner


def _clear(moments: Sequence[_Moment]) -> tuple[int, int, int]:
    """False positives, misses and switches. A person keeps the track of the last match for as long as it overlaps."""
    wrong = missed = switches = 0
    last: dict[int, int] = {}
    for moment in moments:
        people, tracks = moment.people.tolist(), moment.tracks.tolist()
        gain = np.where(moment.overlap >= MATCH_IOU, moment.overlap, 0.0)
        column_of = {track: column for column, track in enumerate(tracks)}
        kept = 0
        for row, person in enumerate(people):
            column = column_of.get(last.get(person, -1), -1)
            if column >= 0 and gain[row, column] > 0:
                gain[row, :] = gain[:, column] = 0
                kept += 1
        rows, columns = best_pairs(gain)
        for row, column in zip(rows.tolist(), columns.tolist(), strict=True):
            switches += people[row] in last
            last[people[row]] = tracks[column]
        matched = kept + len(rows)
        wrong += len(tracks) - matched
        missed += len(people) - matched
    return wrong, missed, switches


def _idf1(moments: Sequence[_Moment], people: int, tracks: int) -> float:
    """The share of boxes with the right identity under the best one-to-one match of people and tracks, 0..1."""
    together = np.zeros((people, tracks))
    boxes = 0
    for moment in moments:
        together[np.ix_(moment.people, moment.tracks)] += moment.overlap >= MATCH_IOU
        boxes += len(moment.people) + len(moment.tracks)
    return float(2 * together[best_pairs(together)].sum() / max(1, boxes))


def _hota(moments: Sequence[_Moment], people: int, tracks: int) -> float:
    """Mean over the thresholds of sqrt(detection accuracy * association accuracy), 0..1."""
    person_boxes, track_boxes = np.zeros((people, 1)), np.zeros((1, tracks))
    likely = np.zeros((people, tracks))
    for moment in moments:
        overlap = moment.overlap
        person_boxes[moment.people, 0] += 1
        track_boxes[0, moment.tracks] += 1
        union = overlap.sum(0, keepdims=True) + overlap.sum(1, keepdims=True) - overlap
        share = np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 1e-12)
        likely[np.ix_(moment.people, moment.tracks)] += share
    alignment = likely / np.maximum(1e-12, person_boxes + track_boxes - likely)
    matches = np.zeros((len(HOTA_IOUS), people, tracks))
    for moment in moments:
        rows, columns = best_pairs(alignment[np.ix_(moment.people, moment.tracks)] * moment.overlap)
        good = moment.overlap[rows, columns] >= HOTA_IOUS[:, None] - 1e-12
        matches[:, moment.people[rows], moment.tracks[columns]] += good
    found = matches.sum((1, 2))
    association = (matches * matches / np.maximum(1, person_boxes + track_boxes - matches)).sum((1, 2))
    detection = found / np.maximum(1, person_boxes.sum() + track_boxes.sum() - found)
    return float(np.sqrt(detection * association / np.maximum(1, found)).mean())
