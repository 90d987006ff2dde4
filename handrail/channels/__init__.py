"""Channels: one way to reach customers a file."""
