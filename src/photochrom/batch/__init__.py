"""Many photographs: which to colorize, by how many workers, and what has been done."""
