"""Counts the frames of every capture in the data, by libpcap.

    TRIPLINE_DATA=/data python bench/oracles/captures.py crates/ingest/tests/data/captures.json

For each file below `pcaps/`: frames, captured bytes, bytes on the wire, time of the first and of
the last frame in nanoseconds, and what libpcap said where it stopped before the end. libpcap cannot
read several link types in one file; scapy counts those. Made with libpcap 1.10.3, scapy 2.8.0.
"""

import ctypes
import ctypes.util
import gzip
import json
import os
import sys
import tempfile
from pathlib import Path

NOT_CAPTURES = {".test", ".out", ".log", ".csv"}
NANOSECONDS = 1


class Header(ctypes.Structure):
    _fields_ = [
        ("seconds", ctypes.c_long),
        ("part", ctypes.c_long),
        ("captured", ctypes.c_uint32),
        ("wire", ctypes.c_uint32),
    ]


def load():
    pcap = ctypes.CDLL(ctypes.util.find_library("pcap"))
    pcap.pcap_open_offline_with_tstamp_precision.restype = ctypes.c_void_p
    pcap.pcap_geterr.restype = ctypes.c_char_p
    pcap.pcap_geterr.argtypes = [ctypes.c_void_p]
    pcap.pcap_next_ex.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]
    pcap.pcap_close.argtypes = [ctypes.c_void_p]
    return pcap


def by_libpcap(pcap, path):
    error = ctypes.create_string_buffer(256)
    handle = pcap.pcap_open_offline_with_tstamp_precision(str(path).encode(), NANOSECONDS, error)
    if not handle:
        return {"stopped": error.value.decode()}
    header, data = ctypes.POINTER(Header)(), ctypes.c_void_p()
    told = {"frames": 0, "captured": 0, "wire": 0, "first_ns": None, "last_ns": None}
    while (result := pcap.pcap_next_ex(handle, ctypes.byref(header), ctypes.byref(data))) == 1:
        frame = header.contents
        time = frame.seconds * 10**9 + frame.part
        told["frames"] += 1
        told["captured"] += frame.captured
        told["wire"] += frame.wire
        told["first_ns"] = time if told["first_ns"] is None else told["first_ns"]
        told["last_ns"] = time
    if result == -1:
        told["stopped"] = pcap.pcap_geterr(handle).decode()
    pcap.pcap_close(handle)
    return told


def by_scapy(path):
    from scapy.utils import RawPcapNgReader

    told = {"frames": 0, "captured": 0, "wire": 0, "first_ns": None, "last_ns": None}
    with RawPcapNgReader(str(path)) as reader:
        for data, about in reader:
            time = ((about.tshigh << 32) + about.tslow) * 10**9 // about.tsresol
            told["frames"] += 1
            told["captured"] += len(data)
            told["wire"] += about.wirelen
            told["first_ns"] = time if told["first_ns"] is None else told["first_ns"]
            told["last_ns"] = time
    return told


def main():
    folder = Path(os.environ["TRIPLINE_DATA"])
    pcap = load()
    result = {}
    for path in sorted((folder / "pcaps").rglob("*")):
        if not path.is_file() or path.suffix in NOT_CAPTURES or path.name in ("LICENSE", "COPYING"):
            continue
        with tempfile.NamedTemporaryFile() as plain:
            readable = path
            if path.suffix == ".gz":
                plain.write(gzip.decompress(path.read_bytes()))
                plain.flush()
                readable = Path(plain.name)
            told = by_libpcap(pcap, readable)
            if "different from" in told.get("stopped", ""):
                told = by_scapy(readable)
        if "stopped" in told:
            told["stopped"] = told["stopped"].replace(str(readable), "FILE")
        result[str(path.relative_to(folder))] = told
    lines = (f"{json.dumps(name)}: {json.dumps(told)}" for name, told in result.items())
    Path(sys.argv[1]).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
