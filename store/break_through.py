"""What people hear of although they were told of the incident: facts that change the picture. Pure."""

from collections.abc import Iterator, Sequence

from rules.finding import Finding
from store.incident import Incident
from store.records import Known

#: So many times the events that it had when someone took it make another picture.
TIMES_AS_MANY = 10


def because(before: Incident, after: Incident, finding: Finding, known: Known | None, *, raised: bool) -> str | None:
    """Why people should hear of what joined; None: the timeline tells enough.

    Until someone has the incident only a rise of severity is told again, for everybody was asked already. After that
    a success and ten times the events are, too; whichever comes first, once per acknowledgement.
    """
    if before.broke_through:
        return None
    if raised:
        return f"severity rose from {before.severity.value} to {after.severity.value}: {finding.rule_title}"
    if before.acknowledged_at is None:
        return None
    if shows_success(finding) and (known is None or not known.success):
        return f"an attempt succeeded: {finding.rule_title}"
    if before.acknowledged_events is not None and after.events >= TIMES_AS_MANY * max(1, before.acknowledged_events):
        return f"{after.events} events; there were {before.acknowledged_events} when {before.acknowledged_by} took it"
    return None


def of_dossier(
    before: Incident, after: Incident, finding: Finding, known: Known | None, *, raised: bool, at_freeze: int
) -> Iterator[tuple[str, str]]:
    """What joined and changes the picture that a frozen dossier gives: a word for each cause, and a sentence.

    Whoever was told of what before does not matter here: the dossier does not say it.

    Args:
        at_freeze: How many events there were when it was frozen.
    """
    if raised:
        told = f"severity rose from {before.severity.value} to {after.severity.value}: {finding.rule_title}"
        yield f"severity {after.severity.value}", told
    if shows_success(finding) and (known is None or not known.success):
        yield "success", f"an attempt succeeded: {finding.rule_title}"
    many = TIMES_AS_MANY * max(1, at_freeze)
    if before.events < many <= after.events:
        yield "events", f"{after.events} events; there were {at_freeze} when it was frozen"


def shows_success(finding: Finding) -> bool:
    """Whether a line of it, or its rule, says that what was tried has succeeded."""
    return is_of_success(finding.tags) or any(term.term == "success" for term in finding.severity_terms)


def is_of_success(tags: Sequence[str]) -> bool:
    """Whether a rule with these tags finds what succeeded."""
    return any(tag.rpartition(".")[2] == "success" for tag in tags)
