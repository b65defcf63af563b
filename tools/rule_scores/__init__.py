"""The parts of tools/score_rules.py."""
