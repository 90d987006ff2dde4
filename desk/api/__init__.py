"""The REST doors under ``/api/v1``."""
