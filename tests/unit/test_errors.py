"""Each error has its own code, a family, and a heading in the documentation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from handrail.core.errors import HandrailError


def _family(kind: type[HandrailError]) -> Iterator[type[HandrailError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ == "handrail.core.errors":
            yield from _family(below)


ERRORS = sorted(_family(HandrailError), key=lambda kind: kind.code)


def test_codes_are_unique() -> None:
    assert len({kind.code for kind in ERRORS}) == len(ERRORS)


@pytest.mark.parametrize("kind", ERRORS)
def test_a_code_lies_in_its_family(kind: type[HandrailError]) -> None:
    above = kind.__mro__[1]
    assert kind.__doc__
    if issubclass(above, HandrailError) and above is not HandrailError:
        assert kind.code[:3] == above.code[:3]


def test_the_documentation_lists_exactly_these(pytestconfig: pytest.Config) -> None:
    text = Path(pytestconfig.rootpath, "docs", "errors.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (HR\d{3}) (\w+)$", text, flags=re.MULTILINE)

    assert headings == [(kind.code, kind.__name__) for kind in ERRORS]
