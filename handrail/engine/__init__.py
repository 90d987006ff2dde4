"""The engine: one door in, one run per conversation, one transaction per turn, one door out."""
