"""Bundles of one model, signed on their own: what they are, whom they are believed, where they are kept."""
