"""What people may ask of the process, by chance."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from rules.event import Severity

Draw = Callable[[st.SearchStrategy[Any]], Any]
#: Who takes part.
NAMES = ("ana", "bo", "cem", "dora")


def bodies(draw: Draw, now: datetime) -> dict[str, dict[str, Any]]:
    """What each act or move may be asked with; a note where nothing stands."""
    some, reason = draw(st.integers(1, 3)), {"reason": draw(st.sampled_from(["", "as it is"]))}
    who, agree = draw(st.sampled_from(NAMES)), {"agree": draw(st.booleans())}
    return {
        "answer": {"note": "yes", "entry": draw(st.integers(1, 9))},
        "hand_over": {"to": who},
        "correction": {**reason, "instant": "occurred_at", "to": now - timedelta(hours=some)},
        "classify": {
            **reason,
            "severity": draw(st.sampled_from([None, *Severity])),
            "track": draw(st.sampled_from([None, "light", "standard", "full"])),
        },
        "countersign": agree,
        "evidence": {"text": "a screenshot"},
        "split": {"findings": [str(some).rjust(32, "0")]},
        "review_again": {"report_version": some},
        "waive": reason,
        "timer": {"timer": "early warning", "decision": "filed"},
        "discrepancy": {"item": "the time is wrong"},
        "answer_discrepancy": {"discrepancy": some, "answer": "it was UTC"},
        "close_discrepancy": {"discrepancy": some},
        "watch": {"criterion": "nobody gets in", "hours": 24, "sources": ["auth"]},
        "take_back_watch": {**reason, "watch": some},
        "tried": {"watch": some, "how": "by hand", "evidence": "a log"},
        "accept_risk": {**reason, "watch": some},
        "improve": {"item": "keys only", "owner": who, "due": (now + timedelta(days=30)).date()},
        "improvement": {"improvement": some, "what": "done", "note": "seen"},
        "restrict": {"reason": "a person is named"},
        "lift_restriction": {"reason": "no longer"},
        "redact": {"reason": "asked to", "entry": draw(st.integers(1, 9)), "name": "note"},
        "hold": {"reason": "the court"},
        "release_hold": {"reason": "it is over", "entry": draw(st.integers(1, 9))},
        "dispose": {"reason": "too old"},
        "settle_disposal": {**agree, **reason},
        "decide": {"decision": draw(st.sampled_from(["investigate", "observe"])), "until": now + timedelta(hours=2)},
        "dismiss": {"reason_code": draw(st.sampled_from([None, "false_positive", "duplicate"]))},
        "settle": agree,
        "merge": {"into": some},
        "reopen": reason,
        "confirm": {"what_happened": "guessing", "cause": "passwords", "action": "keys only", "done": "commit 4"},
        "review": {"result": draw(st.sampled_from(["accepted", "accepted", "returned"])), "notes": "say more"},
        "investigate_again": reason,
        "rework": reason,
        "reject": {
            "to": draw(st.sampled_from(["reporting", "investigation", "corrective_actions"])),
            "discrepancies": ["the time is wrong"],
        },
    }
