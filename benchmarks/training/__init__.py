"""Trains the weights that ship with the package."""
