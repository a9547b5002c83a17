"""The journal's file format: one header, then framed records, then zeros.

Owns bytes and checksums and the judgement what a damaged file still holds; opens no files.

    header  magic 8 | version u32 | length u32 | crc32 u32 | JSON
    record  length u32 | crc32 u32 | seq u64 | payload (JSON)

All integers are little-endian. A record's checksum covers its length, its sequence number and its
payload. A zero length is where preallocated room begins.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import msgspec

from twoleg.errors import JournalCorrupt

MAGIC = b"TWOLEGJ\n"
VERSION = 1
PREFIX = struct.Struct("<8sIII")
FRAME = struct.Struct("<IIQ")
KEYED = struct.Struct("<IQ")
RECORD_BYTES_MAX = 1 << 20
"""No record is longer: a market with all its rules is below 100 kB."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """Whose journal a segment belongs to, and the number of its first record."""

    journal_uuid: str
    mode: str
    account: str
    member: str
    first_seq: int
    created_wall_ns: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What a segment holds: last sequence number, end of the last good record, torn bytes."""

    last_seq: int
    end: int
    torn_bytes: int


def encode_header(header: Header) -> bytes:
    """The first bytes of a segment."""
    body = msgspec.json.encode(header)
    return PREFIX.pack(MAGIC, VERSION, len(body), zlib.crc32(body)) + body


def decode_header(path: Path, data: bytes) -> tuple[Header, int]:
    """Read a header; returns it and the offset of the first record. Raises JournalCorrupt."""
    try:
        magic, version, length, checksum = PREFIX.unpack_from(data)
    except struct.error:
        raise JournalCorrupt(f"{path}: offset 0: the header is cut off") from None
    if magic != MAGIC:
        raise JournalCorrupt(f"{path}: offset 0: no journal segment")
    if version != VERSION:
        raise JournalCorrupt(f"{path}: offset 8: version {version}, this program knows {VERSION}")
    body = data[PREFIX.size : PREFIX.size + length]
    if len(body) != length or zlib.crc32(body) != checksum:
        raise JournalCorrupt(f"{path}: offset {PREFIX.size}: the header does not check")
    try:
        return msgspec.json.decode(body, type=Header), PREFIX.size + length
    except msgspec.MsgspecError as error:
        raise JournalCorrupt(f"{path}: offset {PREFIX.size}: {error}") from error


def encode_frame(seq: int, payload: bytes) -> bytes:
    """One record as it stands in the file."""
    length = len(payload)
    checksum = zlib.crc32(payload, zlib.crc32(KEYED.pack(length, seq)))
    return FRAME.pack(length, checksum, seq) + payload


def parse_frame(data: bytes, offset: int, seq: int) -> bytes | None:
    """The payload of record `seq` at `offset`; None if no such record stands there whole."""
    if offset + FRAME.size > len(data):
        return None
    length, checksum, found = FRAME.unpack_from(data, offset)
    if found != seq or not 0 < length <= RECORD_BYTES_MAX:
        return None
    payload = data[offset + FRAME.size : offset + FRAME.size + length]
    if len(payload) != length:
        return None
    expected = zlib.crc32(payload, zlib.crc32(KEYED.pack(length, seq)))
    return payload if checksum == expected else None


def scan_segment(path: Path, data: bytes, offset: int, first_seq: int) -> Scan:
    """Walk all records of a segment from `offset`.

    A process that is killed leaves at most one half-written record, and nothing after it: that
    is a torn tail. Anything else that does not check raises JournalCorrupt with file and offset,
    because dropping it would drop facts that were announced as written.
    """
    seq = first_seq
    while (payload := parse_frame(data, offset, seq)) is not None:
        offset += FRAME.size + len(payload)
        seq += 1
    used = len(data.rstrip(b"\0"))
    if used <= offset:
        return Scan(last_seq=seq - 1, end=offset, torn_bytes=0)
    is_longer = used - offset > FRAME.size + RECORD_BYTES_MAX
    if is_longer or _is_followed(data, offset, used, seq):
        raise JournalCorrupt(f"{path}: offset {offset}: record {seq} does not check")
    return Scan(last_seq=seq - 1, end=offset, torn_bytes=used - offset)


def _is_followed(data: bytes, offset: int, used: int, seq: int) -> bool:
    """Whether any whole record with a plausible number stands after a bad one."""
    seq_max = seq + (used - offset) // FRAME.size + 1
    for start in range(offset + 1, used - FRAME.size):
        found = int.from_bytes(data[start + 8 : start + 16], "little")
        if seq < found <= seq_max and parse_frame(data, start, found) is not None:
            return True
    return False
