"""Intents, knowledge and drafts: with no model, and better with one."""
