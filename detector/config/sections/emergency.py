"""Who is told when nothing can be recorded."""

import msgspec


class EmergencySection(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Who is told when the store itself is down, past it."""

    #: Name of the receiver that is told, at most once in 15 minutes; best one that needs nothing of this machine.
    #: Empty: nobody.
    receiver: str = ""
