"""Builds the flashable image (`image-build/build`, `make image`): standard library only, so that a bare Debian can."""
