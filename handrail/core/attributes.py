"""Names of spans and attributes, version 1: GenAI conventions where they exist, ours elsewhere.

Source: open-telemetry/semantic-conventions-genai (development status); ``handrail.*`` is ours.
No attribute here may hold a customer's words.
"""

from __future__ import annotations

from typing import Final

VERSION: Final = "1"

TURN_SPAN: Final = "invoke_workflow {graph}"
NODE_SPAN: Final = "node {node}"
CHECK_SPAN: Final = "apply_guardrail {check}"
MODEL_SPAN: Final = "chat {model}"
REQUEST_SPAN: Final = "human.request {kind}"
WAIT_SPAN: Final = "human.wait {kind}"
DELIVER_SPAN: Final = "deliver {channel}"

OPERATION: Final = "gen_ai.operation.name"
WORKFLOW: Final = "gen_ai.workflow.name"
CONVERSATION: Final = "gen_ai.conversation.id"
SESSION: Final = "session.id"
SPAN_KIND: Final = "openinference.span.kind"
GUARDRAIL: Final = "gen_ai.guardrail.component.name"
GUARDRAIL_RESULT: Final = "gen_ai.guardrail.result.value"
PROVIDER: Final = "gen_ai.provider.name"
MODEL: Final = "gen_ai.request.model"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
ERROR_TYPE: Final = "error.type"

COST: Final = "handrail.cost"
"""What the call cost, in the currency of the configured prices; left out without prices."""

TURN: Final = "handrail.turn.id"
GRAPH_VERSION: Final = "handrail.graph.version"
RELEASE: Final = "handrail.release"
CHANNEL: Final = "handrail.channel"
MODE: Final = "handrail.mode"
NODE: Final = "handrail.node"
ROUTE: Final = "handrail.route"
OUTCOME: Final = "handrail.outcome"
RESUMED: Final = "handrail.resumed"
INTENT: Final = "handrail.intent.label"
CONFIDENCE: Final = "handrail.intent.confidence"
FINDINGS: Final = "handrail.findings"
WORST: Final = "handrail.findings.worst"
REVIEW: Final = "handrail.review.id"
DECISION: Final = "handrail.decision"
WAIT_SECONDS: Final = "handrail.wait_s"
ROUND: Final = "handrail.round"
SOURCE: Final = "handrail.draft.source"
