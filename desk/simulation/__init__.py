"""Simulated customers and agents against a real engine, in simulated time."""
