"""Nodes of the graphs: one small async function a file, state in, update out."""
