"""Picture files: read, painted in place, and written with all that they held."""
