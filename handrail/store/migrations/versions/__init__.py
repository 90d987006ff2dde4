"""The migrations in order; a file here is never edited after the release that brought it."""
