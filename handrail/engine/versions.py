"""The registered graphs: the newest of each name, and older versions kept beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from handrail.core.errors import DefinitionError, LaterVersionError
from handrail.core.migration import version_key
from handrail.engine.kit import Graph


class Graphs(Mapping[str, Graph]):
    """Graphs by name. New turns use the newest version, paused ones their own where it is kept."""

    def __init__(self, graphs: Iterable[Graph]) -> None:
        """Sort graphs by name and version.

        Raises:
            DefinitionError: a version is registered twice, or is none.
        """
        self._versions: dict[str, dict[tuple[int, ...], Graph]] = {}
        for graph in graphs:
            kept = self._versions.setdefault(graph.name, {})
            if kept.setdefault(version_key(graph.version), graph) is not graph:
                raise DefinitionError(
                    f"graph {graph.name!r} is registered twice in version {graph.version}; give "
                    "the changed one the next version"
                )

    def __getitem__(self, name: str) -> Graph:
        return self.versions(name)[-1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    def versions(self, name: str) -> tuple[Graph, ...]:
        """All versions of a graph, the newest last."""
        kept = self._versions[name]
        return tuple(kept[version] for version in sorted(kept))

    def put(self, name: str, graph: Graph) -> Graphs:
        """Return the same graphs with another one in the place of ``name``."""
        changed = Graphs(())
        changed._versions = {**self._versions, name: {version_key(graph.version): graph}}
        return changed

    def for_paused(self, name: str, version: str) -> Graph:
        """Return the graph that a paused conversation goes on in.

        It is its own version where that is registered, else the newest.

        Raises:
            LaterVersionError: it was paused under a graph or version newer than any known here.
        """
        if name not in self._versions:
            raise LaterVersionError(
                f"it waits in graph {name!r}, which is not registered here; install the package "
                "that has it"
            )
        paused, newest = version_key(version), self[name]
        if paused > version_key(newest.version):
            raise LaterVersionError(
                f"it waits in version {version} of graph {name!r}, and the newest here is "
                f"{newest.version}; run the newer Handrail that paused it"
            )
        return self._versions[name].get(paused, newest)
