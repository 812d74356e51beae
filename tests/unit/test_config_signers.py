"""`tocsin check` says by name which signature nobody could give."""

# ruff: noqa: E501 (messages stand here as they are printed)

from datetime import date
from textwrap import dedent

import pytest

from detector.config.documents import parse
from detector.config.load import build, placed
from detector.config.problems import report
from detector.config.signers import check_signers

TODAY = date(2026, 12, 1)
ALL = '["responder", "reporter", "reviewer", "investigator", "action_owner", "verifier", "approver"]'


def person(name: str, roles: str = ALL, more: str = "") -> str:
    return f'[[person]]\nid = "{name}"\nroles = {roles}\n{more}'


def site(mode: str, *persons: str) -> str:
    return f'[process]\nfour_eyes = "{mode}"\n' + "".join(persons)


def said(text: str) -> str:
    loaded = build([parse("config.toml", text.encode())], {})
    return report(placed(check_signers(loaded.config, TODAY), loaded.origins))


def away(first: str, last: str) -> str:
    return f'leave = [{{ from = "{first}", to = "{last}" }}]\n'


@pytest.mark.parametrize(
    "text",
    [
        "",
        site("full", *(person(name) for name in ("ana", "bo", "cy", "dee"))),
        site("pair", person("ana"), person("bo")),
        site("waived", person("ana")),
        site(
            "full",
            *(person(name) for name in ("ana", "bo", "cy", "dee")),
            person("eve", ALL, away("2026-12-20", "2027-01-05")),
        ),
        site("pair", person("ana"), person("bo", ALL, away("2026-10-20", "2026-11-30"))),  # is back
    ],
)
def test_where_everything_can_be_signed_nothing_is_said(text: str) -> None:
    """Four persons for all, two for a pair, one where four eyes are waived; without persons there is nothing to prove."""
    assert said(text) == "no problems."


def test_one_reviewer_is_too_few() -> None:
    """Who has the role alone is named, and the role that another needs."""
    text = site(
        "full",
        person("ana", '["reporter", "responder", "investigator", "approver", "verifier"]'),
        *(person(name, '["responder", "approver", "verifier"]') for name in ("bo", "cy")),
        person("dee", '["reviewer"]'),
    )
    assert said(text) == dedent("""\
        config.toml:2:1: warning: only dee can review reports, and nobody signs their own: two are needed
          2 | four_eyes = "full"
            | ^^^^^^^^^ hint: give another person the role "reviewer"
        1 warning.""")


def test_one_person_cannot_work_with_four_eyes() -> None:
    """Each signature is told, at the option that asks for it."""
    told = said(site("full", person("ana")))
    assert [line.partition("warning: ")[2] for line in told.split("\n") if "warning: " in line] == [
        "only ana can review reports, and nobody signs their own: two are needed",
        "only ana can verify actions, and nobody signs their own: two are needed",
        "only ana can approve, and nobody signs their own: two are needed",
        "only ana can approve a second time, and nobody signs their own: two are needed",
        "only ana can settle a dismissal, a mute or a silence, and nobody signs their own: two are needed",
    ]


def test_nobody_at_all() -> None:
    """Where four eyes are waived somebody must still have the role."""
    assert said(site("waived", person("ana", '["responder", "reporter", "approver", "verifier"]'))) == dedent("""\
        config.toml:2:1: warning: nobody can review reports
          2 | four_eyes = "waived"
            | ^^^^^^^^^ hint: give another person the role "reviewer"
        1 warning.""")


def test_the_full_track_needs_three_others() -> None:
    """Three persons who may do everything can sign all but a critical incident, whoever writes about it."""
    assert said(site("full", *(person(name) for name in ("ana", "bo", "cy")))) == dedent("""\
        config.toml:2:1: warning: what ana, bo or cy writes about a critical incident cannot be reviewed, approved and approved again by three others
          2 | four_eyes = "full"
            | ^^^^^^^^^ hint: give another person the role "approver" or "reviewer"
        1 warning.""")


def test_a_pair_in_which_one_may_do_everything() -> None:
    """Who alone may sign and may also write is named; the second approval is not asked of a pair."""
    text = site("pair", person("ana"), person("bo", '["viewer", "reporter", "approver", "verifier", "responder"]'))
    assert said(text) == dedent("""\
        config.toml:2:1: warning: only ana can review reports, who may also write reports: nobody else could sign that
          2 | four_eyes = "pair"
            | ^^^^^^^^^ hint: give another person the role "reviewer"
        1 warning.""")


def test_leave_is_looked_at() -> None:
    """What can be signed today and not while somebody is away is told with its days, at their leave."""
    bo, cy = away("2026-12-20", "2027-01-05"), away("2026-12-24", "2026-12-24")
    assert said(site("full", person("ana"), person("bo", ALL, bo), person("cy", ALL, cy), person("dee"))) == dedent("""\
        config.toml:9:1: warning: from 2026-12-20 to 2026-12-23, while bo is away: what ana, cy or dee writes about a critical incident cannot be reviewed, approved and approved again by three others
          9 | leave = [{ from = "2026-12-20", to = "2027-01-05" }]
            | ^^^^^ hint: give somebody who is there the role "approver" or "reviewer"
        config.toml:9:1: warning: on 2026-12-24, while bo and cy are away: what ana or dee writes about a critical incident cannot be reviewed, approved and approved again by three others
          9 | leave = [{ from = "2026-12-20", to = "2027-01-05" }]
            | ^^^^^ hint: give somebody who is there the role "approver" or "reviewer"
        config.toml:9:1: warning: from 2026-12-25 to 2027-01-05, while bo is away: what ana, cy or dee writes about a critical incident cannot be reviewed, approved and approved again by three others
          9 | leave = [{ from = "2026-12-20", to = "2027-01-05" }]
            | ^^^^^ hint: give somebody who is there the role "approver" or "reviewer"
        3 warnings.""")


def test_days_on_which_the_same_are_missed_are_told_once() -> None:
    """Leave of somebody who could not have signed splits nothing; what was before today is over."""
    bo, eve = away("2026-11-20", "2026-12-31"), away("2026-12-05", "2026-12-06")
    text = site("pair", person("ana"), person("bo", ALL, bo), person("eve", '["viewer"]', eve))
    first, *_, last = said(text).split("\n")
    assert first == (
        "config.toml:9:1: warning: from 2026-12-01 to 2026-12-31, while bo is away: "
        "only ana can review reports, who may also write reports: nobody else could sign that"
    )
    assert last == "4 warnings."


def test_who_is_designated_without_the_role_is_told() -> None:
    """They would never be asked; the deputy needs the role of one of those for whom they stand in."""
    people = [*(person(name) for name in ("ana", "bo", "cy", "dee")), person("eve", '["approver"]')]
    text = site("full", *people) + '[[designation]]\nlead = "ana"\nreviewer = "eve"\ndeputy = "eve"\n'
    assert said(text) == dedent("""\
        config.toml:20:12: warning: designation[1].reviewer: eve is never asked, for want of the role "reviewer"
          20 | reviewer = "eve"
             |            ^^^^^
        config.toml:21:10: warning: designation[1].deputy: eve is never asked, for want of the role "investigator" or "reviewer"
          21 | deputy = "eve"
             |          ^^^^^
        2 warnings.""")
