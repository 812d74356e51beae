"""Which procedure a record was worked on by: one hash of forms, clocks, roles and tracks in force. Pure."""

import hashlib

import msgspec

from store import four_eyes, process
from store.deadlines import Deadlines
from store.forms import Forms, digest
from store.four_eyes import FourEyes
from store.incident import Track


def version(forms: Forms, mode: FourEyes, deadlines: Deadlines) -> str:
    """SHA-256, hexadecimal: another one as soon as anything that governs the process is another."""
    told = {
        "forms": digest(forms),
        "four_eyes": mode.value,
        "deadlines": deadlines,
        "moves": [(str(one.start), str(one.end), one.who, one.by_itself, one.codes) for one in process.MOVES.values()],
        "acts": [(one.name, one.roles, one.four_eyes) for one in process.ACTS.values()],
        "clashes": [
            (one.value, sorted(four_eyes.clashes(one, mode, track)), track.value)
            for one in four_eyes.Signature
            for track in Track
        ],
    }
    return hashlib.sha256(msgspec.json.encode(told, order="sorted", enc_hook=str)).hexdigest()
