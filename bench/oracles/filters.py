"""Which frames pass a filter: the answers of libpcap.

    venv/bin/python bench/oracles/filters.py crates/ingest/tests/data/filters.json
    venv/bin/python bench/oracles/filters.py --random 400 --seed 1 OUTPUT.json

Needs libpcap (1.10.3 wrote what is committed), scapy (2.8.0) for frames made by hand, and
TRIPLINE_DATA for real captures. `--random` makes up filters with frames and reads no data; give its
output to the tests by `TRIPLINE_FILTERS`.
"""

import argparse
import ctypes
import ctypes.util
import hashlib
import json
import os
import random
import struct

PCAP = ctypes.CDLL(ctypes.util.find_library("pcap"))


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint), ("instructions", ctypes.c_void_p)]


class Header(ctypes.Structure):
    _fields_ = [
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("captured", ctypes.c_uint32),
        ("wire", ctypes.c_uint32),
    ]


PCAP.pcap_open_dead.restype = ctypes.c_void_p
PCAP.pcap_close.argtypes = [ctypes.c_void_p]
PCAP.pcap_geterr.argtypes = [ctypes.c_void_p]
PCAP.pcap_geterr.restype = ctypes.c_char_p
PCAP.pcap_lib_version.restype = ctypes.c_char_p
PCAP.pcap_compile.argtypes = [
    ctypes.c_void_p,
    ctypes.POINTER(Program),
    ctypes.c_char_p,
    ctypes.c_int,
    ctypes.c_uint32,
]
PCAP.pcap_offline_filter.argtypes = [
    ctypes.POINTER(Program),
    ctypes.POINTER(Header),
    ctypes.c_char_p,
]
PCAP.pcap_freecode.argtypes = [ctypes.POINTER(Program)]

# Link types in files to what libpcap calls them in memory on Linux.
DLT = {101: 12}

CAPTURES = [
    "attacks/test7-malicious.pcap",
    "ndpi/pcap/fuzz-2006-06-26-2594.pcap",
    "ndpi/pcap/anyconnect-vpn.pcap",
    "ndpi/pcap/dns_fragmented.pcap",
    "ndpi/pcap/dnscrypt-v1-and-resolver-pings.pcap",
    "ndpi/pcap/ja3_lots_of_cipher_suites_2_anon.pcap",
    "ndpi/pcap/KakaoTalk_talk.pcap",
    "ndpi/pcap/http-crash-content-disposition.pcap",
    "arkime/sctp-www.pcap",
    "arkime/v6.pcap",
    "arkime/mqtt_synthetic.pcap",
    "zeek/Traces/q-in-q.pcap",
    "zeek/Traces/tunnels/gre-aruba.pcap",
    "zeek/Traces/pppoe-over-qinq.pcap",
    "arkime/http2-nghttp2.pcap",
]

PRIMITIVES = """
ip|ip6|arp|rarp|tcp|udp|sctp|icmp|icmp6
host 192.168.1.1|host 10.0.0.1|host 127.0.0.1|src host 8.8.8.8|dst host 8.8.8.8|src 10.0.0.1
ip host 10.0.0.1|arp host 10.0.0.1|rarp host 10.0.0.1|src and dst host 10.0.0.1
src or dst host 10.0.0.1|ip src 10.0.0.1|arp dst 10.0.0.2|host fe80::1|host 2001:db8::1
ip6 host 2001:db8::1|src host 2001:db8::1|dst 2001:db8::2|src and dst host 2001:db8::1
net 10|net 10.0.0.0/8|net 192.168|net 192.168.0.0/16|net 172.16.0.0/12|src net 10.0.0.0/8
dst net 192.168.1.0/24|net 10.0.0.0 mask 255.0.0.0|net 0.0.0.0/0|ip net 10.0.0.0/30
arp net 10.0.0.0/8|net 10.0.0.1/32|net 10.0.0.1|net 2001:db8::/32|net fe80::/10|net ::/0
src net fe80::/64|dst net ff00::/8|ip6 net 2001:db8::/127|net 2001:db8::1|net 2000::/3
port 53|port 80|port 443|tcp port 80|udp port 53|sctp port 80|tcp port 443|src port 53
dst port 53|tcp src port 80|tcp dst port 80|udp src port 53|src and dst port 53|port 0
src or dst port 53|port 65535|sctp dst port 2905|dst and src port 123|port 0x50
portrange 1-1023|tcp portrange 1-1023|udp portrange 1024-65535|src portrange 0-65535
dst portrange 50-60|portrange 60-50|portrange 80-80|src and dst portrange 1024-65535
proto 6|proto 17|ip proto 1|ip proto 6|ip6 proto 17|ip6 proto 58|proto 47|proto 0|ip proto 50
ip6 proto 44|ip6 proto 0|proto 132|proto 255|ip proto \\tcp|ip6 proto \\udp|proto \\sctp
ether proto 0x0800|ether proto 0x86dd|ether proto 0x0806|ether proto \\ip|ether proto \\arp
ether proto 0x8847|ether proto 0x8863|ether proto 0x8864|ether proto 0x8100|ether proto 2048
less 60|less 64|greater 64|greater 1000|less 0|greater 0|less 1514|greater 1515
vlan|vlan 1|vlan 10|vlan 100|vlan 0
""".replace("\n", "|").strip("|").split("|")

COMBINED = """
tcp and port 80
tcp or udp
not tcp
not ip and not ip6
! (tcp or udp)
ip and not (tcp or udp or icmp)
tcp port 80 or 443
tcp port (80 or 443 or 8080)
host 10.0.0.1 or 10.0.0.2
host (10.0.0.1 or 10.0.0.2) and port 53
host 10.0.0.1 and not 10.0.0.2
not host 10.0.0.1 and 10.0.0.2
port 53 or port 80 and host 10.0.0.1
host 10.0.0.1 and port 53 or port 80
(port 53 or port 80) and host 10.0.0.1
port 53 or (port 80 and host 10.0.0.1)
tcp and udp
ip or not ip
ip and not ip
arp or icmp or icmp6
udp and not port 53
src net 10.0.0.0/8 and dst net 192.168.0.0/16
src net 10.0.0.0/8 && !dst net 10.0.0.0/8
src host 10.0.0.1 and dst host 10.0.0.2 and tcp dst port 80
src portrange 1024-65535 and dst portrange 1-1023
less 100 and tcp
greater 100 or arp
not less 100
net 10 or 192.168 or 172.16.0.0/12
not net 10 and not net 192.168
vlan and ip
vlan and tcp port 80
vlan 10 and host 10.0.0.1
vlan and vlan
vlan 100 and vlan 10
vlan and vlan and ip
not vlan
not vlan and ip
ip or vlan
vlan or ip
vlan 10 or vlan 100
ip or (vlan and ip)
tcp or (vlan and tcp)
vlan and (arp or ip6)
port 53 or (vlan and port 53)
vlan and not (vlan and ip)
ether proto 0x8864 or vlan
vlan and ether proto 0x8864
tcp and greater 200 and not port 22
((tcp))
not not tcp
not (not udp and not tcp)
udp portrange 1-1023 or 5000-6000
ip proto 6 or 17
ip6 proto 6 or 58
icmp or udp port 53 or tcp portrange 20-25
src or dst net 10.0.0.0/8 and not src and dst net 10.0.0.0/8
host 2001:db8::1 or 10.0.0.1
ip6 and not icmp6
dst net ff00::/8 or dst net 224.0.0.0/4
sctp or port 2905
rarp or arp and host 10.0.0.1
""".strip().split("\n")


def crafted():
    """Frames by link type, made by hand."""
    from scapy.all import (  # noqa: PLC0415
        ARP,
        ICMP,
        IP,
        SCTP,
        TCP,
        UDP,
        Dot1AD,
        Dot1Q,
        Ether,
        ICMPv6EchoRequest,
        IPOption,
        IPv6,
        IPv6ExtHdrFragment,
        IPv6ExtHdrHopByHop,
        Raw,
    )

    four = dict(src="10.0.0.1", dst="10.0.0.2")
    back = dict(src="192.168.1.1", dst="10.0.0.1")
    six = dict(src="2001:db8::1", dst="2001:db8::2")
    load = Raw(b"0123456789")
    inner = [
        IP(**four) / TCP(sport=40000, dport=80) / load,
        IP(**back) / TCP(sport=80, dport=40000) / load,
        IP(**four) / UDP(sport=53, dport=53) / load,
        IP(**back) / UDP(sport=5353, dport=53),
        IP(**four) / SCTP(sport=80, dport=2905),
        IP(**four) / ICMP(),
        IP(**four, proto=47) / load,
        IP(**four, options=[IPOption(b"\x07\x07\x04\0\0\0\0")]) / TCP(sport=1, dport=443),
        IP(**four, frag=10) / UDP(sport=53, dport=53),
        IP(**four, flags="MF") / UDP(sport=53, dport=53) / load,
        IP(src="10.0.0.1", dst="10.0.0.1") / TCP(sport=80, dport=80),
        IP(src="8.8.8.8", dst="224.0.0.251") / UDP(sport=0, dport=65535),
        IPv6(**six) / TCP(sport=40000, dport=80) / load,
        IPv6(**six) / UDP(sport=53, dport=5353),
        IPv6(src="fe80::1", dst="ff02::1") / ICMPv6EchoRequest(),
        IPv6(**six) / IPv6ExtHdrFragment() / UDP(sport=53, dport=53),
        IPv6(**six) / IPv6ExtHdrHopByHop() / UDP(sport=53, dport=53),
        IPv6(**six) / SCTP(sport=2905, dport=80),
    ]
    inner = [bytes(packet) for packet in inner]
    typed = [(0x86DD if packet[0] >> 4 == 6 else 0x0800, packet) for packet in inner]
    arp = bytes(ARP(op=1, psrc="10.0.0.1", pdst="10.0.0.2"))
    typed += [(0x0806, arp), (0x8035, arp), (0x8864, b"\x11\0\0\1\0\6\0\x21\x45\0"), (0x8847, b"\0" * 20)]
    ether = bytes(Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x0800))[:12]
    frames = {link: [] for link in (1, 113, 276, 101, 228, 229, 0, 108)}
    for kind, packet in typed:
        wire = struct.pack(">H", kind)
        frames[1].append(ether + wire + packet)
        frames[113].append(b"\0\0\0\1\0\6" + ether[:6] + b"\0\0" + wire + packet)
        frames[276].append(wire + b"\0\0\0\0\0\2\0\1\0\6" + ether[:6] + b"\0\0" + packet)
        if kind in (0x0800, 0x86DD):
            frames[101].append(packet)
            frames[228 if kind == 0x0800 else 229].append(packet)
            # libpcap on Linux knows its own AF_INET6 alone.
            family = 2 if kind == 0x0800 else 10
            frames[0].append(struct.pack("<I", family) + packet)
            frames[108].append(struct.pack(">I", family) + packet)
    tags = [
        [(0x8100, 10)],
        [(0x8100, 100)],
        [(0x88A8, 100), (0x8100, 10)],
        [(0x8100, 1), (0x8100, 0)],
        [(0x9100, 100), (0x8100, 10)],
    ]
    for number, (kind, packet) in enumerate(typed):
        for tag in tags if number % 4 == 0 else tags[number % 5 :][:1]:
            header = b"".join(struct.pack(">HH", tpid, 0x6000 | id) for tpid, id in tag)
            frames[1].append(ether + header + struct.pack(">H", kind) + packet)
    # IEEE 802.3 with LLC, then frames cut at every length that matters.
    frames[1].append(ether + struct.pack(">H", 40) + b"\xaa\xaa\3\0\0\0\x08\0" + inner[0])
    for link, all_frames in frames.items():
        whole = all_frames[: 3 if link == 1 else 1]
        for frame in whole:
            all_frames.extend(frame[:end] for end in (0, 1, 11, 13, 14, 15, 20, 23, 24, 30, 34, 36, 38, 40))
    return frames


def read(path):
    """Frames of a pcap file with their lengths on the wire."""
    data = open(path, "rb").read()
    order = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    link = struct.unpack(order + "I", data[20:24])[0]
    frames, at = [], 24
    while at + 16 <= len(data):
        captured, wire = struct.unpack(order + "II", data[at + 8 : at + 16])
        at += 16
        if at + captured > len(data):
            break
        frames.append((data[at : at + captured], wire))
        at += captured
    return link, frames


def answers(text, link, frames, optimise=0):
    """A bit for each frame, the first the lowest; None where libpcap refuses the filter."""
    handle = PCAP.pcap_open_dead(DLT.get(link, link), 262144)
    program = Program()
    if PCAP.pcap_compile(handle, ctypes.byref(program), text.encode(), optimise, 0xFFFFFFFF) != 0:
        message = PCAP.pcap_geterr(handle).decode()
        PCAP.pcap_close(handle)
        if "rejects all" in message:
            return bytes((len(frames) + 7) // 8)
        assert "VLAN" in message, (text, link, message)
        return None
    bits = bytearray((len(frames) + 7) // 8)
    for number, (frame, wire) in enumerate(frames):
        header = Header(0, 0, len(frame), wire)
        if PCAP.pcap_offline_filter(ctypes.byref(program), ctypes.byref(header), frame):
            bits[number // 8] |= 1 << number % 8
    PCAP.pcap_freecode(ctypes.byref(program))
    PCAP.pcap_close(handle)
    return bytes(bits)


def both(text, link, frames):
    """Answers without the optimiser, then with it where those differ.

    The optimiser asks for fields in another order, so that another one is the first to lie outside
    a cut frame, which rejects the frame.
    """
    frames = [(frame, len(frame)) for frame in frames]
    plain, optimised = (answers(text, link, frames, optimise) for optimise in (0, 1))
    if plain is None:
        return None
    return [plain.hex()] if plain == optimised else [plain.hex(), optimised.hex()]


def summary(bits):
    """How many pass, and which."""
    if bits is None:
        return None
    count = sum(byte.bit_count() for byte in bits)
    return [count, hashlib.sha256(bits).hexdigest()[:16]]


def random_filter(rng, depth=0):
    """A filter made of primitives."""
    pick = rng.random()
    if depth == 4 or pick < 0.45:
        return rng.choice(PRIMITIVES)
    if pick < 0.55:
        return "not " + random_filter(rng, depth + 1)
    if pick < 0.65:
        return f"({random_filter(rng, depth + 1)})"
    parts = [random_filter(rng, depth + 1) for _ in range(rng.randint(2, 4))]
    text = parts[0]
    for part in parts[1:]:
        text += rng.choice([" and ", " or ", " && ", " || "]) + part
    return text


def random_frame(rng, frames):
    """One of the frames with a few bytes changed, long enough for every field asked for.

    What passes of a frame that ends too early hangs on which of its fields is asked for first, which
    libpcap's optimiser does not keep, nor do we.
    """
    frame = bytearray(rng.choice(frames))
    for _ in range(rng.choice([0, 0, 1, 2, 5])):
        if frame:
            frame[rng.randrange(min(len(frame), 64))] = rng.choice([0, 6, 17, 53, 80, 0x81, rng.randrange(256)])
    return bytes(frame).ljust(256, b"\0")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("output")
    arguments.add_argument("--random", type=int, default=0, help="number of filters to make up")
    arguments.add_argument("--frames", type=int, default=500, help="frames to make up of each link type")
    arguments.add_argument("--seed", type=int, default=0)
    arguments = arguments.parse_args()
    by_link = crafted()
    captures, texts = [], PRIMITIVES + COMBINED
    if arguments.random:
        rng = random.Random(arguments.seed)
        texts = sorted({random_filter(rng) for _ in range(arguments.random)})
        by_link = {
            link: [random_frame(rng, frames) for _ in range(arguments.frames)]
            for link, frames in by_link.items()
        }
        # Whether IPv6 comes from a BSD is asked by us alone.
        for link in (0, 108):
            by_link[link] = [f for f in by_link[link] if not set(f[:4]) & {24, 28, 30}]
        # libpcap takes the byte order of this machine's captures.
        by_link[0] = [f for f in by_link[0] if f[3:4] in (b"", b"\0")]
    else:
        for path in CAPTURES:
            link, frames = read(os.path.join(os.environ["TRIPLINE_DATA"], "pcaps", path))
            captures.append((path, link, frames))
    filters = []
    for text in texts:
        filters.append(
            {
                "text": text,
                "captures": [summary(answers(text, link, frames)) for _, link, frames in captures],
                "crafted": [both(text, link, frames) for link, frames in by_link.items()],
            }
        )
    result = {
        "peer": PCAP.pcap_lib_version().decode().split(" (")[0],
        "captures": [
            {"path": path, "link": link, "frames": len(frames)} for path, link, frames in captures
        ],
        "crafted": [
            {"link": link, "frames": [frame.hex() for frame in frames]}
            for link, frames in by_link.items()
        ],
        "filters": filters,
    }
    with open(arguments.output, "w") as file:
        lines = ",\n".join(json.dumps(entry, separators=(",", ":")) for entry in filters)
        del result["filters"]
        head = json.dumps(result, separators=(",", ":"))
        file.write(f'{head[:-1]},\n"filters":[\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
