"""The files of an incident's bundle: everything to read it and to verify it, without the daemon and without secrets.

Pure but for reading the program that it carries along.
"""

import hashlib
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from store import merkle
from store.audit import Kept
from store.export import report
from store.seals import Head, Keys, Seal

#: Zip files begin in 1980; a bundle of the same record has the same bytes whenever it is made.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


def files(
    record: Mapping[str, Any],
    *,
    entries: Sequence[Kept],
    seals: Sequence[tuple[Seal, Sequence[Head]]],
    keys: Keys,
) -> dict[str, bytes]:
    """Name to content.

    Args:
        record: The incident in full, as it is given over the API, as plain values.
        entries: Its timeline, with bytes and values.
        seals: Those that cover it, each with all heads that it was made over, as they stand in the tree.
        keys: Whose public halves go along; the last one signs the list of files.
    """
    number = record["number"]
    made = {
        "record.json": _json(record),
        "timeline.json": _json([_entry(one) for one in entries]),
        "seals.json": _json([_seal(seal, heads, number) for seal, heads in seals]),
        "keys.json": _json({name: public.hex() for name, public in keys.public.items()}),
        "evidence.jsonl": b"".join(msgspec.json.encode(line) + b"\n" for line in record["evidence"]),
        "report.md": report.markdown(record).encode(),
        "report.html": report.page(record).encode(),
        "verify.py": Path(__file__).with_name("verify.py").read_bytes(),
    }
    manifest = {
        "type": "tocsin.export",
        "v": 1,
        "record": number,
        "key": keys.id,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in made.items()},
    }
    listed = _json(manifest)
    return made | {"manifest.json": listed, "manifest.sig": keys.sign(listed).hex().encode() + b"\n"}


def packed(bundle: Mapping[str, bytes], folder: str) -> bytes:
    """The files as a zip file that unpacks into *folder*."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in bundle.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _entry(one: Kept) -> dict[str, Any]:
    values = {name: {"value": salted.value, "salt": salted.salt.hex()} for name, salted in one.values.items()}
    return {"entry": one.sealed.entry.decode(), "hash": one.sealed.hash.hex(), "values": values}


def _seal(seal: Seal, heads: Sequence[Head], record: int) -> dict[str, Any]:
    leaves = [head.leaf for head in heads]
    ours = [
        {"seq": head.seq, "index": index, "path": [one.hex() for one in merkle.path(leaves, index)]}
        for index, head in enumerate(heads)
        if head.record == record
    ]
    return {"body": seal.body.decode(), "signature": seal.signature.hex(), "heads": ours}


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=1)
