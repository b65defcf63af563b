"""`aislewatch` and `python -m agent`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from agent.cli.main import app

    app()


if __name__ == "__main__":
    main()
