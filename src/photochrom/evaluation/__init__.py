"""Measuring a model over a set of photographs."""
