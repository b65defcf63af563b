"""Writes a camera's card: image and provision, checked; and the label that goes onto the camera."""
