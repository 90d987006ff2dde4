"""Errors in three families by who must act: developer, operator, or the run itself.

Each class has a stable ``code`` that is listed in ``docs/errors.md``; each text names the mend.
"""

from __future__ import annotations

from typing import Any, ClassVar


class HandrailError(Exception):
    """Any error that Handrail raises on purpose."""

    code: ClassVar[str] = "HR000"
    http_status: ClassVar[int] = 500

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        """What happened and how to mend it."""
        self.details: dict[str, Any] = details
        """Facts for a program: ids, line numbers, the rule that blocks."""


class DefinitionError(HandrailError):
    """A graph, node, check, channel or model provider is defined wrongly (a developer acts)."""

    code = "HR100"


class GraphError(DefinitionError):
    """A graph breaks one of the static rules that make it safe to run."""

    code = "HR101"


class CheckDefinitionError(DefinitionError):
    """A guardrail check is registered wrongly, twice, or with unknown settings."""

    code = "HR102"


class ConfigurationError(HandrailError):
    """A setting, a file or the machine is not as needed (an operator acts)."""

    code = "HR200"


class PlaybookError(ConfigurationError):
    """A playbook cannot be read; the text names file, line and column."""

    code = "HR201"


class DatabaseVersionError(ConfigurationError):
    """The database was written by another version of Handrail."""

    code = "HR202"


class DatabaseBusyError(ConfigurationError):
    """Another process already runs the worker on this embedded database."""

    code = "HR203"


class ModelUnavailableError(ConfigurationError):
    """The configured language model cannot be used: package, key or address is missing."""

    code = "HR204"


class PortInUseError(ConfigurationError):
    """The address the server should listen on is taken."""

    code = "HR205"


class ImportDataError(ConfigurationError):
    """A file with records, articles or transcripts cannot be read."""

    code = "HR206"


class ScenarioError(ConfigurationError):
    """A scenario of a simulation cannot be read; the text names file, line and column."""

    code = "HR207"


class DatabaseUnavailableError(ConfigurationError):
    """The database cannot be reached, or is held by another program; nothing was stored."""

    code = "HR210"
    http_status = 503


class DatabaseReadOnlyError(DatabaseUnavailableError):
    """The database can be read and takes no changes."""

    code = "HR211"


class DatabaseFullError(DatabaseUnavailableError):
    """There is no room left for what was to be stored."""

    code = "HR212"
    http_status = 507


class DatabaseDamagedError(ConfigurationError):
    """The database file is damaged, or is something else."""

    code = "HR213"


class RequestError(HandrailError):
    """A request cannot be carried out as it was sent (the caller acts)."""

    code = "HR300"
    http_status = 400


class InvalidMessageError(RequestError):
    """A message has no visible text or is too long."""

    code = "HR301"
    http_status = 422


class SignatureError(RequestError):
    """A webhook is unsigned, wrongly signed, or outside the replay window."""

    code = "HR302"
    http_status = 401


class NotFoundError(RequestError):
    """The named thing does not exist."""

    code = "HR303"
    http_status = 404


class StaleDecisionError(RequestError):
    """The review was decided, superseded or changed meanwhile; ``details`` names who did what."""

    code = "HR304"
    http_status = 409


class ExpiredReviewError(RequestError):
    """The review expired before this decision arrived."""

    code = "HR305"
    http_status = 410


class BlockedTextError(RequestError):
    """A guardrail blocks this text; ``details['findings']`` shows rule, span and evidence."""

    code = "HR306"
    http_status = 422


class ClaimedError(RequestError):
    """Another person holds the claim on this review."""

    code = "HR307"
    http_status = 409


class NotAllowedError(RequestError):
    """This decision is not possible here; the text says which ones are."""

    code = "HR308"
    http_status = 422


class SignInError(RequestError):
    """Nobody is signed in, or the session is over."""

    code = "HR309"
    http_status = 401


class ForbiddenError(RequestError):
    """The request did not come from a page of this desk."""

    code = "HR310"
    http_status = 403


class RateLimitError(RequestError):
    """Too many requests from one address in a short time."""

    code = "HR311"
    http_status = 429


class TooLargeError(RequestError):
    """The body of a request is larger than any request needs to be."""

    code = "HR312"
    http_status = 413


class InvalidRequestError(RequestError):
    """A request has another shape than it must have; ``details`` names each field."""

    code = "HR313"
    http_status = 422


class ConflictingActionError(RequestError):
    """Something else was told before under the same id."""

    code = "HR314"
    http_status = 409


class RoleError(RequestError):
    """This needs a lead; ``details`` names who leads, and the limit where it is about one."""

    code = "HR315"
    http_status = 403


class RunError(HandrailError):
    """A turn could not be finished; it lands on a person."""

    code = "HR400"


class LeaseLostError(RunError):
    """The run no longer owns its conversation; nothing it did is written."""

    code = "HR401"


class UnverifiedReplyError(RunError):
    """A reply was to leave without a verdict that lets it pass."""

    code = "HR402"


class ModelCallError(RunError):
    """The language model failed, timed out or answered something unusable."""

    code = "HR403"


class IntegrityError(RunError):
    """Stored data contradicts itself, for example a broken audit chain."""

    code = "HR404"


class StrandedError(RunError):
    """A paused turn cannot go on in the graph as it is now; the text names the missing rule."""

    code = "HR405"


class LaterVersionError(RunError):
    """A paused turn needs a graph version or a playbook release that this worker has not."""

    code = "HR406"
