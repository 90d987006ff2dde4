"""Lets a person change a text in their own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path

from handrail.core.errors import ConfigurationError


def edit_text(text: str) -> str | None:
    """Open the editor and return the new text; ``None`` where nothing was changed.

    Raises:
        ConfigurationError: the editor cannot be started, or failed.
    """
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="handrail-") as folder:
        file = Path(folder) / "reply.txt"
        file.write_text(text, encoding="utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(file)], check=True)  # noqa: S603 - the person's own editor
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            raise ConfigurationError(
                f"the editor {editor!r} did not work ({error}); set EDITOR, or give the text with "
                "--message"
            ) from error
        changed = file.read_text(encoding="utf-8").strip()
    return None if changed == text.strip() else changed
