"""Traces: spans in our own table, joined with the audit chain, read and drawn for people."""
