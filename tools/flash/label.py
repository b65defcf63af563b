"""The label of a camera: a QR code and a few lines, for a terminal, as PNG (the code alone) or as PDF (62 x 29 mm)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import segno

from agent.errors import OperatorError

WIDTH_PT, HEIGHT_PT = 62 * 72 / 25.4, 29 * 72 / 25.4
_MARGIN_PT = 5.0
_LINE_PT = 9.0


def text(code: str, lines: Sequence[str]) -> str:
    """The label for a terminal."""
    out = io.StringIO()
    segno.make(code, micro=False).terminal(out, compact=True)
    return "\n".join([out.getvalue().rstrip("\n"), *lines, code])


def save(path: Path, code: str, lines: Sequence[str]) -> None:
    """Write the label as .png, .pdf or .txt. Raises OperatorError for another kind."""
    if path.suffix == ".png":
        segno.make(code, micro=False).save(str(path), scale=8, border=4)
    elif path.suffix == ".pdf":
        path.write_bytes(pdf(code, lines))
    elif path.suffix == ".txt":
        path.write_text(text(code, lines) + "\n", encoding="utf-8")
    else:
        raise OperatorError(f"{path}: a label is .pdf, .png or .txt")


def pdf(code: str, lines: Sequence[str]) -> bytes:
    """One page of the size of a label: the code on the left, the lines beside it."""
    matrix = [bytes(row) for row in segno.make(code, micro=False).matrix]
    module = (HEIGHT_PT - 2 * _MARGIN_PT) / len(matrix)
    drawn = [
        f"{_MARGIN_PT + x * module:.2f} {HEIGHT_PT - _MARGIN_PT - (y + 1) * module:.2f} {module:.2f} {module:.2f} re"
        for y, row in enumerate(matrix)
        for x, dark in enumerate(row)
        if dark
    ]
    left = 2 * _MARGIN_PT + len(matrix) * module
    written = [
        f"1 0 0 1 {left:.2f} {HEIGHT_PT - 14 - i * _LINE_PT:.2f} Tm ({_escaped(s)}) Tj" for i, s in enumerate(lines)
    ]
    return _document("\n".join([*drawn, "f", "BT /F1 7 Tf", *written, "ET"]))


def _escaped(line: str) -> str:
    """A line as a PDF string in Latin-1; what that lacks becomes a question mark."""
    latin = line.encode("latin-1", "replace").decode("latin-1")
    return latin.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _document(content: str) -> bytes:
    """A PDF of one page (ISO 32000-1, 7.5): objects, cross-reference table, trailer."""
    stream = content.encode("latin-1")
    box = f"[0 0 {WIDTH_PT:.2f} {HEIGHT_PT:.2f}]"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox {box} /Contents 4 0 R /Resources 6 0 R >>".encode(),
        b"<< /Length %d >>\nstream\n" % len(stream) + stream + b"\nendstream",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
        b"<< /Font << /F1 5 0 R >> >>",
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    trailer = b"xref\n0 %d\n0000000000 65535 f \n" % size + table + b"trailer\n<< /Size %d /Root 1 0 R >>\n" % size
    return out + trailer + b"startxref\n%d\n%%%%EOF\n" % len(out)
