"""Benchmarks of the guardrails: ``python -m benchmarks.guardrails``; one module a part."""
