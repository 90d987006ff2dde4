"""Words, ports and rules that everything else stands on: pydantic and the standard library only."""
