"""Traces for the terminal: a list, and one trace as tree and waterfall."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, tzinfo

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from handrail.core import attributes as names
from handrail.core.verdict import Support
from handrail.store.judgements import Step
from handrail.traces.notes import Look, findings, look, note, printable
from handrail.traces.timeline import Timeline, duration
from handrail.traces.tree import AuditEntry, SpanNode, Trace, TraceSummary

BAR = 36
"""Width of the waterfall, in characters."""

_STYLES: dict[Look, str] = {
    "error": "bold red",
    "flagged": "red",
    "wait": "yellow",
    "person": "yellow",
    "check": "cyan",
    "model": "magenta",
    "run": "bold",
    "node": "blue",
}
_SUPPORT: dict[Support, str] = {
    "contradicted": "bold red",
    "unsupported": "red",
    "unverified": "yellow",
    "supported": "green",
}
"""The graver first."""
_STATUS_STYLES = {"ok": "green", "waiting": "yellow", "error": "bold red"}


def render_list(traces: Sequence[TraceSummary], *, zone: tzinfo | None = None) -> RenderableType:
    """Draw a list of traces.

    Args:
        traces: In the order to show.
        zone: Of the times shown; the machine's where ``None``.
    """
    if not traces:
        return Text("No trace fits.")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for header in ("started", "trace", "conversation"):
        table.add_column(header, no_wrap=True)
    for header in ("graph time", "human time", "spans"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("status")
    for trace in traces:
        table.add_row(
            _clock(trace.started_at, zone, "%Y-%m-%d %H:%M:%S"),
            trace.trace_id[:12],
            printable(trace.conversation_id or ""),
            duration(trace.ai_ns),
            duration(trace.human_ns) if trace.human_ns else "",
            str(trace.spans),
            Text(trace.status, style=_STATUS_STYLES[trace.status]),
        )
    return table


def render_trace(
    trace: Trace,
    *,
    depth: int | None = None,
    only_flagged: bool = False,
    zone: tzinfo | None = None,
) -> RenderableType:
    """Draw one trace: tree, waterfall with short pauses, notes, and the audit rows.

    Args:
        trace: As :func:`handrail.traces.reading.read_trace` gives it.
        depth: Levels of the tree to show; all where ``None``.
        only_flagged: Only spans with findings or errors, and those above them.
        zone: Of the times shown; the machine's where ``None``.
    """
    timeline = Timeline(trace)
    table = Table(box=None, pad_edge=False, show_header=False)
    for justify in ("left", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True)
    for guide, span in _lines(trace.roots, depth=depth, only_flagged=only_flagged):
        style = _STYLES[look(span)]
        table.add_row(
            Text.assemble((guide, "dim"), (printable(span.name), style)),
            Text(_bar(span, timeline), style=style),
            duration(span.duration_ns),
            Text(note(span), style="red" if look(span) in {"error", "flagged"} else "dim"),
        )
    return Group(
        _header(trace),
        Text(),
        table,
        *_ladder(trace.steps),
        *_statements(trace.steps),
        *_audit(trace.audit, zone),
    )


def _header(trace: Trace) -> Text:
    root = trace.roots[0].attributes if trace.roots else {}
    graph = "@".join(str(root[key]) for key in (names.WORKFLOW, names.GRAPH_VERSION) if key in root)
    facts = [
        f"trace {trace.trace_id}",
        trace.conversation_id or "",
        graph,
        f"graph {duration(trace.ai_ns)}",
        f"people {duration(trace.human_ns)}" if trace.human_ns else "",
    ]
    header = Text(printable(" · ".join(filter(None, facts))) + " · ")
    header.append(trace.status, style=_STATUS_STYLES[trace.status])
    if trace.spans_lost:
        header.append(" · spans lost; the audit rows below are complete", style="red")
    return header


def _lines(
    spans: Sequence[SpanNode], *, depth: int | None, only_flagged: bool, indent: str | None = None
) -> Iterator[tuple[str, SpanNode]]:
    """Spans with the lines that lead to them; roots have none."""
    if depth is not None and depth <= 0:
        return
    shown = [span for span in spans if not only_flagged or _has_trouble(span)]
    deeper = None if depth is None else depth - 1
    for number, span in enumerate(shown):
        last = number == len(shown) - 1
        yield "" if indent is None else indent + ("└─ " if last else "├─ "), span
        below = "" if indent is None else indent + ("   " if last else "│  ")
        yield from _lines(span.children, depth=deeper, only_flagged=only_flagged, indent=below)


def _has_trouble(span: SpanNode) -> bool:
    return any(below.status == "error" or findings(below) for below in span.walk())


def _bar(span: SpanNode, timeline: Timeline) -> str:
    left = min(round(timeline.at(span.start_ns) * BAR), BAR - 1)
    width = max(1, round(timeline.at(span.end_ns) * BAR) - left)
    fill = "╌" if span.is_wait else "█" if span.duration_ns else "▏"
    return (" " * left + fill * width).ljust(BAR)


def _ladder(steps: Sequence[Step]) -> Iterator[RenderableType]:
    """The texts of the turn, where there was more than one: what led from each to the next."""
    if len(steps) < 2:
        return
    yield Text("\nhow the text came about", style="dim")
    for number, step in enumerate(steps, 1):
        about = f"{number} {step.kind}" + ("" if step.kind == "repaired" else f" by {step.source}")
        yield Text.assemble((about, "bold"), (f" · {step.outcome}" if step.outcome else "", "dim"))
        for finding in step.findings:
            yield Text(f"    because {finding.key}: {printable(finding.message)}", style="yellow")
            if step.kind == "repaired" and finding.proposal and step.before is not None:
                edit = finding.proposal
                gone = printable(step.before[edit.start : edit.end])
                yield Text.assemble(
                    ("    - ", "red"), (gone, "red"), ("\n    + ", "green"),
                    (printable(edit.replacement) or "(nothing)", "green"),
                )  # fmt: skip
        for line in (step.text or "").splitlines():
            yield Text(f"    {printable(line)}")


def _statements(steps: Sequence[Step]) -> Iterator[RenderableType]:
    """The statements of the last text, the wrong first, each with what the evidence says of it."""
    if not steps or not steps[-1].claims:
        return
    yield Text("\nstatements", style="dim")
    text = steps[-1].text or ""
    for claim in sorted(steps[-1].claims, key=lambda one: list(_SUPPORT).index(one.support)):
        said = " ".join(printable(text[claim.start : claim.end]).split())
        yield Text.assemble((claim.support.ljust(13), _SUPPORT[claim.support]), said)
        for span in claim.evidence:
            if span.quote:
                yield Text(f"{'':13}{span.source}: {printable(span.quote)}", style="dim")


def _audit(entries: Iterable[AuditEntry], zone: tzinfo | None) -> Iterator[RenderableType]:
    table = Table(box=None, pad_edge=False, show_header=False, title_justify="left")
    for entry in entries:
        payload = " ".join(f"{key}={value}" for key, value in entry.payload.items())
        table.add_row(
            Text(_clock(entry.at, zone, "%H:%M:%S"), style="dim"),
            f"#{entry.no}",
            Text(printable(entry.kind)),
            Text(printable(entry.actor)),
            Text(printable(payload), style="dim"),
        )
    if table.row_count:
        yield Text("\naudit", style="dim")
        yield table


def _clock(moment: datetime, zone: tzinfo | None, pattern: str) -> str:
    return moment.astimezone(zone).strftime(pattern)
