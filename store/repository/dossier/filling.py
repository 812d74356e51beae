"""All answers of an incident, as a gate sees them."""

from sqlalchemy import Connection

from store.answers import Answer, State
from store.forms import Filled
from store.repository.dossier import forms
from store.site import Site

#: Stands for an answer that was taken away for good: it was given once, and nobody can give it again.
_REDACTED = Answer(state=State.UNKNOWN, reason="redacted")


def filled_of(connection: Connection, number: int, site: Site) -> Filled:
    """All answers by form; what was redacted was answered."""
    views = forms.views(connection, number, site.forms)
    return {name: {**dict.fromkeys(view.redacted, _REDACTED), **view.answers} for name, view in views.items()}
