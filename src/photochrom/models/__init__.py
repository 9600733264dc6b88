"""From a model's file to a session that can be run."""
