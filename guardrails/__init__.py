"""One guardrail check per file, and what runs and resolves them."""
