"""Writes the seeds of the fuzz targets that no editor can: Parquet, gzip, zstd, captures.

    python bench/oracles/fuzz_seeds.py fuzz/corpus

polars 2.1.0, pyarrow 26.0.1, scapy 2.8.0. Names that start with `good` must be read without an error.
"""

import gzip
import sys
from pathlib import Path

import polars
import pyarrow
import pyarrow.parquet


def main():
    folder = Path(sys.argv[1])
    table = polars.DataFrame(
        {"a": [1.5, None, 3.0], "p": ["tcp", "udp", None], "up": [True, None, False], "label": [0, 1, 0]}
    )
    for codec in ("uncompressed", "snappy", "zstd", "gzip", "lz4"):
        table.write_parquet(folder / "read_parquet" / f"good_{codec}", compression=codec)
    nested = pyarrow.table({"l": [[1], [], None], "t": [1, 2, 3], "label": [0, 1, 0]})
    nested = nested.set_column(1, "t", nested["t"].cast(pyarrow.timestamp("us")))
    pyarrow.parquet.write_table(nested, folder / "read_parquet" / "good_nested")
    good = (folder / "read_parquet" / "good_snappy").read_bytes()
    (folder / "read_parquet" / "cut").write_bytes(good[: len(good) // 2])
    text = table.write_csv().encode()
    packed = gzip.compress(text, mtime=0)
    frame = pyarrow.compress(text, codec="zstd", asbytes=True)
    for name, data in {
        "good_gzip": packed,
        "good_gzip_twice": gzip.compress(text[:20], mtime=0) + gzip.compress(text[20:], mtime=0),
        "good_zstd": frame,
        "cut_gzip": packed[:-6],
        "cut_zstd": frame[:-3],
    }.items():
        (folder / "decompress" / name).write_bytes(data)
    captures(folder)


def captures(folder):
    from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
    from scapy.layers.inet6 import IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
    from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
    from scapy.layers.vxlan import VXLAN
    from scapy.packet import Raw
    from scapy.utils import wrpcap, wrpcapng

    for target in ("read_capture", "decode_link"):
        (folder / target).mkdir(exist_ok=True)
    macs = {"src": "02:00:00:00:00:01", "dst": "02:00:00:00:00:02"}
    ip, six = IP(src="10.0.0.1", dst="10.0.0.2", id=7), IPv6(src="2001:db8::1", dst="2001:db8::2")
    udp, tcp = UDP(sport=5000, dport=53), TCP(sport=4660, dport=80, flags="S", options=[("MSS", 1460)])
    plain = ip / udp / Raw(b"abcd")
    inside = [
        plain,
        ip / tcp,
        six / IPv6ExtHdrHopByHop() / udp / Raw(b"six"),
        ip / ICMP(id=1, seq=1) / Raw(b"ping"),
        ip / GRE(key_present=1, key=9) / plain,
        ip / UDP(sport=9, dport=4789) / VXLAN(vni=5) / Ether(**macs) / plain,
        ip / UDP(sport=9, dport=2152) / Raw(bytes.fromhex("30ff002000000009") + bytes(plain)),
        ip / UDP(sport=9, dport=5247) / Raw(bytes.fromhex("0010000000000000") + bytes(Ether(**macs) / plain)),
        ip / plain,
        *fragment(ip / udp / Raw(bytes(40)), 24),
        six / IPv6ExtHdrFragment(id=3, m=1, offset=0, nh=17) / Raw(bytes(udp)),
        six / IPv6ExtHdrFragment(id=3, m=0, offset=1, nh=17) / Raw(b"end"),
    ]
    frames = [Ether(**macs) / packet for packet in inside]
    frames += [
        Ether(**macs) / Dot1Q(vlan=5) / Dot1Q(vlan=6) / plain,
        Ether(**macs) / ARP(hwsrc=macs["src"], psrc="10.0.0.1", pdst="10.0.0.2"),
    ]
    for at, frame in enumerate(frames):
        frame.time = 1_700_000_000 + at / 1000
    for name, some in {"all": frames, "one": frames[:1], "fragments": frames[9:13]}.items():
        wrpcap(str(folder / "read_capture" / f"{name}_pcap"), some)
        wrpcapng(str(folder / "read_capture" / f"{name}_pcapng"), some)
    little = (folder / "read_capture" / "one_pcap").read_bytes()
    (folder / "read_capture" / "cut_pcap").write_bytes(little[:-9])
    (folder / "read_capture" / "none_pcap").write_bytes(little[:24])

    snap = bytes.fromhex("aaaa030000000800")
    heads = {
        # By the order of `LinkType::DECODED`.
        0: bytes.fromhex("02000000"),
        2: bytes.fromhex("ff030021"),
        6: bytes.fromhex("1100000100220021"),
        7: b"",
        8: bytes.fromhex("0f000800"),
        9: bytes.fromhex("0801") + bytes(22) + snap,
        10: bytes.fromhex("184103cc"),
        12: bytes.fromhex("000000010006020000000001") + bytes(2) + bytes.fromhex("0800"),
        13: bytes([61, 2]) + bytes(62),
        15: bytes.fromhex("00000800000000000801") + bytes(22) + snap,
        17: bytes.fromhex("00000800690000000801") + bytes(22) + snap,
        19: bytes.fromhex("00010140"),
        22: bytes.fromhex("0200000024000900"),
        23: bytes.fromhex("0800000000000002000100060200000000010000"),
    }
    for link, head in heads.items():
        frame = head + bytes(plain)
        (folder / "decode_link" / f"link_{link}").write_bytes(bytes([link, len(frame)]) + frame)
    for at, frame in enumerate(frames):
        frame = bytes(frame)
        data = bytes([1, min(255, len(frame))]) + frame
        (folder / "decode_link" / f"ethernet_{at}").write_bytes(data)


if __name__ == "__main__":
    main()
