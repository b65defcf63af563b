"""What an installer writes onto a card, and how a camera takes it over at its first start."""
