"""Addresses of pictures as they may be shown: without the passwords that stand in them."""

from __future__ import annotations

import re


def without_password(source: str) -> str:
    """The address with stars in place of a password before the host, or of one among the parameters."""
    source = re.sub(r"(?<=://)([^/:@]*):[^/]*@", r"\1:***@", source)
    return re.sub(r"(?i)([?&][^=&]*(?:pass|pwd|token|key)[^=&]*)=[^&]*", r"\1=***", source)
