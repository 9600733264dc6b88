"""Training: torch lives here and nowhere else. Needs ``pip install 'photochrom[train]'``."""
