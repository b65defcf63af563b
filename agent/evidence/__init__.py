"""Evidence: video of incidents in RAM and on disk, signed, kept for as long as it may be, and erased with proof."""
