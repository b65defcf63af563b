"""What the API answers, as types: its document is made of them, and tests hold every answer of a camera against them.

They are for the document alone: handlers answer with what the parts tell. Fields may be added; none goes within `v1`.
"""
