"""Models by name: the catalogue, bringing a missing file, and running one over pictures in files."""

from agent.models.catalogue import STORE, Catalogue, store_of
from agent.models.download import fetch
from agent.models.stills import detect_files

__all__ = ["STORE", "Catalogue", "detect_files", "fetch", "store_of"]
