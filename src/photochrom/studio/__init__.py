"""Photochrom Studio: the page, the HTTP API, and the server of both."""
