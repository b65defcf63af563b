"""`aislewatch score-poses`: poses from a file in, one score a person and frame out."""

from __future__ import annotations

import csv
import zipfile
import zlib
from pathlib import Path

import numpy as np

from agent.cli.files import writing
from agent.cli.printing import say
from agent.errors import OperatorError
from agent.vision.pose_file import ARRAYS, PosesUnreadable, PoseTable, concealment_scores, read_table

MOST_BYTES = 2 * 2**30
"""Of all arrays, unpacked: some five million poses."""
TOO_MUCH = "give it in parts, each with whole people"
DIGITS = 6
"""That count: most scores are far below a thousandth, and have a rank all the same."""


def score_poses(file: Path, out: Path, *, as_json: bool) -> None:
    """Score every pose of the file for concealment and write the table."""
    table = load(file)
    scores = concealment_scores(table)
    with writing(out), out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("person", "frame", "score"))
        rows = zip(table.person.tolist(), table.frame.tolist(), scores.tolist(), strict=True)
        writer.writerows((person, frame, f"{score:.{DIGITS}g}") for person, frame, score in rows)
    people = len(np.unique(table.person))
    facts = {"type": "scores", "file": str(out), "rows": len(scores), "people": people, "highest": float(scores.max())}
    say(facts, f"{out}: {len(scores)} scores of {people} people", as_json=as_json)


def load(file: Path) -> PoseTable:
    """The poses in a NumPy archive. Raises OperatorError that says what is wrong with it."""
    hint = "a .npz file is expected, such as numpy.savez makes, without pickled objects"
    try:
        with zipfile.ZipFile(file) as packed:
            size = sum(packed.getinfo(f"{name}.npy").file_size for name in ARRAYS if f"{name}.npy" in packed.namelist())
        if size > MOST_BYTES:
            raise PosesUnreadable(f"{file} holds {size / 2**30:.1f} GiB of arrays", hint=TOO_MUCH)
        with np.load(file, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in ARRAYS if name in archive.files}
    except OSError as error:
        raise OperatorError(f"cannot read {file}: {error.strerror or error}", hint="check the path") from None
    except (ValueError, EOFError, RuntimeError, zipfile.BadZipFile, zlib.error) as error:
        raise PosesUnreadable(f"{file} is no archive of arrays: {error}", hint=hint) from None
    except MemoryError:
        raise PosesUnreadable(f"{file} says that it holds more than memory does", hint=TOO_MUCH) from None
    return read_table(arrays, source=str(file))
