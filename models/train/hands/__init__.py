"""How the score of `concealment` learns from simulated poses of development seeds."""
