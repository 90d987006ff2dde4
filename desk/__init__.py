"""The doors people use, and the one place where everything is put together."""
