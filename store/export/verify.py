"""Verify what was exported: python3 verify.py [KEY], beside its files. Needs Python alone: no package, network, secret.

What holds: every file is the one that was exported, every entry follows the one before it, every value and answer is
the one that was committed to or is said to be redacted, every form and dossier is the one that an entry tells of, and
every seal covers its entry and is signed. KEY is the public key that you have from elsewhere: a forger would have put
one of their own into the folder. Without it, compare the key that is printed.
"""

import hashlib
import hmac
import json
import sys
from pathlib import Path
from typing import Any

# Ed25519, RFC 8032, section 5.1: verifying touches no secret, so it need not take the same time for every input.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]


def point_of(y: int, sign: int) -> Point | None:
    """The point with that y, and with an x of that lowest bit."""
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


def decoded(data: bytes) -> Point | None:
    """The point that 32 bytes stand for."""
    number = int.from_bytes(data, "little")
    return point_of(number & ((1 << 255) - 1), number >> 255)


def add(one: Point, other: Point) -> Point:
    """The sum of two points, in extended coordinates."""
    a = (one[1] - one[0]) * (other[1] - other[0])
    b = (one[1] + one[0]) * (other[1] + other[0])
    c = 2 * one[3] * other[3] * D
    d = 2 * one[2] * other[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, point: Point) -> Point:
    """*point* added to itself."""
    result: Point = (0, 1, 1, 0)
    while number:
        result = add(result, point) if number & 1 else result
        point, number = add(point, point), number >> 1
    return result


def is_signed(message: bytes, signature: bytes, public: bytes) -> bool:
    """Whether the owner of *public* signed *message*."""
    if len(signature) != 64 or len(public) != 32:
        return False
    r, a, base = decoded(signature[:32]), decoded(public), point_of(4 * pow(5, -1, P) % P, 0)
    s = int.from_bytes(signature[32:], "little")
    if r is None or a is None or base is None or s >= ORDER:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, base), add(r, times(k, a))
    return not any((left[axis] * right[2] - right[axis] * left[2]) % P for axis in (0, 1))


def root_from(leaf: bytes, index: int, size: int, way: list[bytes]) -> bytes:
    """The root of a Merkle tree to which *way* leads (RFC 6962, section 2.1.1)."""
    if size == 1:
        return hashlib.sha256(b"\x00" + leaf).digest() if not way else b""
    if not way or not 0 <= index < size:
        return b""
    middle = 1 << (size - 1).bit_length() - 1
    if index < middle:
        return hashlib.sha256(b"\x01" + root_from(leaf, index, middle, way[:-1]) + way[-1]).digest()
    return hashlib.sha256(b"\x01" + way[-1] + root_from(leaf, index - middle, size - middle, way[:-1])).digest()


def check_files(folder: Path, keys: dict[str, bytes], wrong: list[str]) -> dict[str, Any]:
    """Each file against the signed list; returns the list."""
    listed = (folder / "manifest.json").read_bytes()
    manifest: dict[str, Any] = json.loads(listed)
    written = (folder / "manifest.sig").read_bytes()
    signature = bytes.fromhex(written.decode())
    is_whole = written == signature.hex().encode() + b"\n" and manifest["type"].startswith("tocsin.")
    if not is_whole or not is_signed(listed, signature, keys.get(manifest["key"], b"")):
        wrong.append("manifest.json: its signature does not hold")
    there = {path.name for path in folder.iterdir()} - {"manifest.json", "manifest.sig"}
    wrong += [f"{name}: it was not exported, somebody put it there" for name in sorted(there - set(manifest["files"]))]
    for name, digest in manifest["files"].items():
        if name not in there:
            wrong.append(f"{name}: it was exported, and is not here")
        elif hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
            wrong.append(f"{name}: it is not the file that was exported")
    return manifest


def holds(kept: dict[str, str], promise: str) -> bool:
    """Whether value and salt are what a commitment promises."""
    return hmac.new(bytes.fromhex(kept["salt"]), kept["value"].encode(), "sha256").hexdigest() == promise


def disposed_before(said: list[dict[str, Any]]) -> int:
    """Number of the last entry that says that all was disposed of: what was told before it may be gone."""
    return max(
        (one["seq"] for one in said if (one["kind"], one["facts"].get("did")) == ("disposed", "done")), default=0
    )


def check_chain(entries: list[dict[str, Any]], record: int, wrong: list[str]) -> int:
    """Each entry against the one before it and against its values; returns how many values were redacted."""
    previous, redacted, said = "00" * 32, 0, [json.loads(one["entry"]) for one in entries]
    tombs = {(one["facts"].get("entry"), one["facts"].get("name")) for one in said if one["kind"] == "redacted"}
    disposed = disposed_before(said)
    for number, (one, told) in enumerate(zip(entries, said, strict=True), start=1):
        if (told["incident"], told["seq"], told["previous"]) != (record, number, previous):
            wrong.append(f"entry {number}: it does not follow the entry before it")
        previous = hashlib.sha256(one["entry"].encode()).hexdigest()
        if one["hash"] != previous:
            wrong.append(f"entry {number}: its bytes do not have the hash that stands beside them")
        for name, promise in told["commitments"].items():
            if name in one["values"]:
                if not holds(one["values"][name], promise):
                    wrong.append(f"entry {number}: the value {name} is not the one that it commits to")
            elif (number, name) in tombs or number < disposed:
                redacted += 1
            else:
                wrong.append(f"entry {number}: the value {name} is gone, and no entry says by whom")
    return redacted


#: By sort of documents: which entries tell of them, and what in their bytes names one and its version.
SORTS = {"form": ("form_saved", "form"), "action": ("action", "number"), "dossier": ("frozen", "incident")}


def check_documents(documents: list[dict[str, Any]], entries: list[dict[str, Any]], wrong: list[str]) -> int:
    """Forms, actions and dossiers against the entries that tell of them; returns how many texts were redacted."""
    said = [json.loads(one["entry"]) for one in entries]
    kinds = [kind for kind, _ in SORTS.values()]
    told = {(one["kind"], one["facts"]["hash"]): one["seq"] for one in said if one["kind"] in kinds if has_hash(one)}
    there = {(SORTS[one["sort"]][0], digest_of(one)) for one in documents}
    wrong += [f"{kind} {hashed[:12]}: an entry tells of it, and it is not here" for kind, hashed in told.keys() - there]
    wrong += [f"{kind} {hashed[:12]}: no entry tells of it" for kind, hashed in there - told.keys()]
    tombs = [one["facts"] for one in said if one["kind"] == "redacted"]
    disposed = disposed_before(said)
    gone = {digest_of(one) for one in documents if told.get((SORTS[one["sort"]][0], digest_of(one)), 0) < disposed}
    return sum(
        check_texts(sort, [one for one in documents if one["sort"] == sort], tombs, gone, wrong) for sort in SORTS
    )


def has_hash(entry: dict[str, Any]) -> bool:
    """Whether an entry tells of a document."""
    return isinstance(entry["facts"].get("hash"), str)


def digest_of(document: dict[str, Any]) -> str:
    """SHA-256 of a document's bytes."""
    return hashlib.sha256(document["content"].encode()).hexdigest()


def promises_of(sort: str, content: dict[str, Any]) -> dict[str, str]:
    """Field to commitment."""
    if sort == "form":
        return {field: one["commitment"] for field, one in content["answers"].items()}
    return dict(content.get("texts", {}))


def check_texts(
    sort: str, documents: list[dict[str, Any]], tombs: list[dict[str, Any]], gone: set[str], wrong: list[str]
) -> int:
    """The texts of documents against their commitments; returns how many were redacted."""
    first: dict[str, int] = {}  # a text that stands in many versions is redacted in all of them
    redacted, named = 0, SORTS[sort][1]
    read = [(json.loads(one["content"]), one) for one in documents]
    for content, one in sorted(read, key=lambda pair: (str(pair[0][named]), pair[0].get("version", 0))):
        for field, promise in promises_of(sort, content).items():
            where = f"{sort} {content[named]} version {content['version']}: the text in {field}"
            began = first.setdefault(promise, content["version"])
            if field in one["texts"]:
                if not holds(one["texts"][field], promise):
                    wrong.append(f"{where} is not the one that it commits to")
            elif digest_of(one) in gone or any(is_tomb(tomb, sort, content[named], field, began) for tomb in tombs):
                redacted += 1
            else:
                wrong.append(f"{where} is gone, and no entry says by whom")
    return redacted


def is_tomb(facts: dict[str, Any], sort: str, name: object, field: str, version: int) -> bool:
    """Whether an entry says that this text was redacted."""
    return (facts.get(sort), facts.get("field")) == (name, field) and version <= facts.get("version", 0)


def check_seals(
    seals: list[dict[str, Any]], entries: list[dict[str, Any]], record: int, keys: dict[str, bytes], wrong: list[str]
) -> int:
    """Each seal's signature, and its way to the entry that it covers; returns the newest entry covered."""
    covered = 0
    for one in seals:
        body = one["body"].encode()
        said = json.loads(body)
        if said["type"] != "tocsin.seal" or not is_signed(
            body, bytes.fromhex(one["signature"]), keys.get(said["key"], b"")
        ):
            wrong.append(f"seal {said['number']}: its signature does not hold")
        for head in one["heads"]:
            seq = head["seq"]
            if not 1 <= seq <= len(entries):
                wrong.append(f"seal {said['number']}: entry {seq}, which it covers, was cut off")
                continue
            hashed = hashlib.sha256(entries[seq - 1]["entry"].encode()).digest()
            leaf = record.to_bytes(8, "big") + seq.to_bytes(8, "big") + hashed
            way = [bytes.fromhex(text) for text in head["path"]]
            if root_from(leaf, head["index"], said["heads"], way).hex() != said["root"]:
                wrong.append(f"seal {said['number']}: entry {seq} is not the one that it covers")
            covered = max(covered, seq)
    return covered


def check_record(folder: Path, record: int, keys: dict[str, bytes], wrong: list[str]) -> list[str]:
    """The proof of one record; returns what to say of it."""
    entries = json.loads((folder / "timeline.json").read_text())
    documents = json.loads((folder / "documents.json").read_text())
    seals = json.loads((folder / "seals.json").read_text())
    redacted = check_chain(entries, record, wrong) + check_documents(documents, entries, wrong)
    covered = check_seals(seals, entries, record, keys, wrong)
    counts = f"{len(entries)} entries, {len(documents)} documents, {redacted} values redacted, {len(seals)} seals"
    return [f"INC-{record}: {counts}", f"entries 1 to {covered} are sealed" if covered else "no entry is sealed yet"]


def check_keys(keys: dict[str, bytes], signer: str, known: str, wrong: list[str]) -> list[str]:
    """The keys against their ids and against the one that is known; returns what to say of them."""
    for name, public in keys.items():
        if hashlib.sha256(public).hexdigest()[:16] != name:
            wrong.append(f"key {name}: the public key has another id")
    if known and keys.get(signer, b"").hex() != known.strip().lower():
        wrong.append(f"key {signer}: it is not the key that you know")
    return [f"key {name}  {public.hex()}" for name, public in keys.items()]


def main(folder: Path, known: str = "") -> int:
    """Say what holds. Returns 0 if all does, else 1."""
    wrong: list[str] = []
    lines: list[str] = []
    try:
        keys = {name: bytes.fromhex(text) for name, text in json.loads((folder / "keys.json").read_text()).items()}
        manifest = check_files(folder, keys, wrong)
        if "record" in manifest:
            lines += check_record(folder, int(manifest["record"]), keys, wrong)
        else:
            lines += [f"{manifest['type']} from {manifest['from']} until {manifest['until']}"]
        lines += check_keys(keys, manifest["key"], known, wrong)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        wrong.append(f"the folder is not whole: {type(error).__name__}: {error}")
    holding = "everything holds" if known else "everything holds, if the key is the one that you know from elsewhere"
    verdict = f"{len(wrong)} FAULTS" if wrong else holding
    sys.stdout.write("\n".join([*lines, *wrong, verdict]) + "\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, *sys.argv[1:2]))
