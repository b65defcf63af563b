"""Recipes of the person detectors: data, training, quantisation, export, goldens and cards.

Nothing in this package is imported by the agent; its requirements live in requirements.txt beside it.
"""
