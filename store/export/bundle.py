"""The files of an incident's bundle: everything to read it and to verify it, without the daemon and without secrets.

Pure but for reading the program that it carries along.
"""

import hashlib
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from store import merkle
from store.audit import Kept, Salted
from store.examine_documents import Shelved
from store.export import report
from store.seals import Head, Keys, Seal

#: Zip files begin in 1980; a bundle of the same record has the same bytes whenever it is made.
_LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What of a record goes along byte for byte, so that a stranger can verify it."""

    entries: Sequence[Kept]  #: its timeline, with bytes and values
    documents: Sequence[Shelved]  #: every version of forms and actions, every dossier; texts that were not redacted
    seals: Sequence[tuple[Seal, Sequence[Head]]]  #: those that cover it, with all heads as they stand in the tree


def files(record: Mapping[str, Any], proof: Proof, keys: Keys) -> dict[str, bytes]:
    """Name to content.

    Args:
        record: The incident in full, as it is given over the API, as plain values.
        keys: Whose public halves go along; the last one signs the list of files.
    """
    number = record["number"]
    made = {
        "record.json": _json(record),
        "timeline.json": _json([_entry(one) for one in proof.entries]),
        "documents.json": _json([one for shelved in proof.documents for one in _documents(shelved)]),
        "seals.json": _json([_seal(seal, heads, number) for seal, heads in proof.seals]),
        "keys.json": _json({name: public.hex() for name, public in keys.public.items()}),
        "evidence.jsonl": b"".join(msgspec.json.encode(line) + b"\n" for line in record["evidence"]),
        "report.md": report.markdown(record).encode(),
        "report.html": report.page(record).encode(),
    }
    return signed(made, {"type": "tocsin.export", "v": 1, "record": number}, keys)


def signed(made: Mapping[str, bytes], about: Mapping[str, object], keys: Keys) -> dict[str, bytes]:
    """The files, the program that verifies them, and the signed list of all of them."""
    made = {**made, "verify.py": Path(__file__).with_name("verify.py").read_bytes()}
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}
    listed = _json({**about, "key": keys.id, "files": digests})
    return made | {"manifest.json": listed, "manifest.sig": keys.sign(listed).hex().encode() + b"\n"}


def packed(bundle: Mapping[str, bytes], folder: str) -> bytes:
    """The files as a zip file that unpacks into *folder*."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in bundle.items():
            archive.writestr(zipfile.ZipInfo(f"{folder}/{name}", _LONG_AGO), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _entry(one: Kept) -> dict[str, Any]:
    values = {name: _salted(salted) for name, salted in one.values.items()}
    return {"entry": one.sealed.entry.decode(), "hash": one.sealed.hash.hex(), "values": values}


def _documents(shelved: Shelved) -> Iterator[dict[str, Any]]:
    """Each document with the texts that it commits to, as far as they were not redacted."""
    kept = {(one.name, one.commitment): {"value": one.text, "salt": one.salt.hex()} for one in shelved.texts}
    for one in shelved.documents:
        promises = shelved.sort.promises(msgspec.json.decode(one.content))
        texts = {field: kept[one.name, made] for field, made in promises.items() if (one.name, made) in kept}
        yield {"sort": shelved.sort.what, "content": one.content.decode(), "texts": texts}


def _salted(one: Salted) -> dict[str, str]:
    return {"value": one.value, "salt": one.salt.hex()}


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
