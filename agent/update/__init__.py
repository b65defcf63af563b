"""Updates of the image: verified, staged into the other slot, tried once, kept when the camera is well."""
