"""The parts of `tools/bench.py`: one module a goal or two, each measuring ours and the peer in turn."""
