"""Packets of a capture, decoded independently of Tripline: the ground of flow_features.py.

    for packet in flow_packets.read("capture.pcap"): ...

Reads pcap and pcapng (also gzipped) of Ethernet, raw IP and Linux cooked frames with VLAN tags, by
`struct` alone. A packet is the IP packet behind the link header; tunnels are not looked into and
fragments behind the first are left out, so an oracle takes captures that have neither.
"""

import gzip
import ipaddress
import struct
from dataclasses import dataclass

TCP, UDP, ICMP, ICMPV6, SCTP = 6, 17, 1, 58, 132
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))
# Types that have an answer: RFC 792, RFC 950, RFC 4443, RFC 4861, RFC 6275, RFC 2710.
ICMP_ANSWERS = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17, 10: 9, 9: 10}
ICMPV6_ANSWERS = {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130,
                  144: 145, 145: 144}
EXTENSIONS = {0, 43, 60, 135, 139, 140}


@dataclass(slots=True)
class Packet:
    number: int = 0
    time_ns: int = 0
    source: bytes = b""
    destination: bytes = b""
    source_port: int = 0
    destination_port: int = 0
    protocol: int = 0
    version: int = 4
    ttl: int = 0
    tos: int = 0
    vlan: tuple = ()
    one_way: bool = False
    link_bytes: int = 0
    ip_bytes: int = 0
    ip_header_bytes: int = 0
    transport_header_bytes: int = 0
    payload_bytes: int = 0
    payload: bytes = b""
    captured: int = 0
    sequence: int = 0
    acknowledgement: int = 0
    window: int = 0
    flags: int = 0
    window_scale: int = 255
    maximum_segment: int = 0
    urgent: int = 0
    anomalies: frozenset = frozenset()


def frames(path):
    """Number, time in nanoseconds, link type, captured bytes, length on the wire."""
    data = open(path, "rb").read()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    magic = data[:4]
    if magic == b"\x0a\x0d\x0d\x0a":
        yield from frames_ng(data)
        return
    order = "<" if magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
    nano = struct.unpack(order + "I", magic)[0] == 0xA1B23C4D
    link = struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF
    at, number = 24, 0
    while at + 16 <= len(data):
        seconds, part, captured, wire = struct.unpack_from(order + "IIII", data, at)
        number += 1
        time = seconds * 10**9 + part * (1 if nano else 1000)
        yield number, time, link, data[at + 16:at + 16 + captured], wire
        at += 16 + captured


def frames_ng(data):
    at, number, order, links = 0, 0, "<", []
    while at + 12 <= len(data):
        kind = struct.unpack_from(order + "I", data, at)[0]
        if kind == 0x0A0D0D0A:
            order = "<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        length = struct.unpack_from(order + "I", data, at + 4)[0]
        if length < 12:
            return
        body = data[at + 8:at + length - 4]
        if kind == 1:
            link, _, snap = struct.unpack_from(order + "HHI", body)
            units, option = 10**6, 8
            while option + 4 <= len(body):
                code, size = struct.unpack_from(order + "HH", body, option)
                if code == 0:
                    break
                if code == 9:
                    value = body[option + 4]
                    units = 2 ** (value & 127) if value & 128 else 10**value
                option += 4 + (size + 3) // 4 * 4
            links.append((link, units, snap))
        elif kind == 6:
            interface, high, low, captured, wire = struct.unpack_from(order + "IIIII", body)
            link, units, _ = links[interface]
            number += 1
            yield number, ((high << 32) | low) * 10**9 // units, link, body[20:20 + captured], wire
        elif kind == 3:
            wire = struct.unpack_from(order + "I", body)[0]
            link, _, snap = links[0]
            number += 1
            yield number, 0, link, body[4:4 + min(wire, snap or wire, len(body) - 4)], wire
        at += length


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def network(link, frame):
    """EtherType, offset of the network packet, VLAN identifiers."""
    tags = []
    if link == 1:
        at, kind = 14, int.from_bytes(frame[12:14], "big")
    elif link == 113:
        at, kind = 16, int.from_bytes(frame[14:16], "big")
    elif link in (12, 14, 101, 228, 229):
        return (0x86DD if frame[:1] and frame[0] >> 4 == 6 else 0x0800), 0, ()
    else:
        return 0, 0, ()
    while kind in (0x8100, 0x88A8, 0x9100) and at + 4 <= len(frame):
        tags.append(int.from_bytes(frame[at:at + 2], "big") & 0xFFF)
        kind = int.from_bytes(frame[at + 2:at + 4], "big")
        at += 4
    return kind, at, tuple(tags[:2])


def decode(number, time, link, frame, wire):
    """The IP packet of a frame, or None."""
    kind, at, vlan = network(link, frame)
    if kind not in (0x0800, 0x86DD) or at >= len(frame):
        return None
    p = Packet(number=number, time_ns=time, vlan=vlan, link_bytes=wire)
    odd = set()
    room = wire - at
    if kind == 0x0800:
        if len(frame) < at + 20 or frame[at] >> 4 != 4:
            return None
        header = (frame[at] & 15) * 4
        length = int.from_bytes(frame[at + 2:at + 4], "big")
        if header < 20 or len(frame) < at + header:
            return None
        p.tos, p.ttl, p.protocol = frame[at + 1], frame[at + 8], frame[at + 9]
        fragment = int.from_bytes(frame[at + 6:at + 8], "big")
        if fragment & 0x1FFF:
            return None
        if fragment & 0x8000:
            odd.add("ip_reserved")
        if fragment & 0x2000:
            odd.add("fragment")
        p.source, p.destination = frame[at + 12:at + 16], frame[at + 16:at + 20]
        if checksum(frame[at:at + header]) != 0xFFFF:
            odd.add("ip_checksum")
        if length == 0:
            length = room
    else:
        if len(frame) < at + 40 or frame[at] >> 4 != 6:
            return None
        p.version, header = 6, 40
        p.tos = (int.from_bytes(frame[at:at + 2], "big") >> 4) & 0xFF
        length = 40 + int.from_bytes(frame[at + 4:at + 6], "big")
        p.protocol, p.ttl = frame[at + 6], frame[at + 7]
        p.source, p.destination = frame[at + 8:at + 24], frame[at + 24:at + 40]
        while p.protocol in EXTENSIONS or p.protocol in (44, 51):
            if len(frame) < at + header + 8:
                return None
            following, size = frame[at + header], frame[at + header + 1]
            if p.protocol == 44:
                if int.from_bytes(frame[at + header + 2:at + header + 4], "big") & 0xFFF8:
                    return None
                odd.add("fragment")
                size = 8
            else:
                size = (size + 2) * 4 if p.protocol == 51 else (size + 1) * 8
            header += size
            p.protocol = following
    if length > room:
        odd.add("ip_length")
    p.ip_bytes, p.ip_header_bytes = length, header
    p.captured = len(frame) - at
    if p.ttl <= 1:
        odd.add("low_ttl")
    segment = frame[at + header:at + length]
    inside = max(length - header, 0)
    if len(segment) < inside:
        odd.add("cut")
    ports(p, segment, inside, odd)
    p.anomalies = frozenset(odd)
    return p


def ports(p, segment, inside, odd):
    head = 0
    if p.protocol == TCP and len(segment) >= 20:
        (p.source_port, p.destination_port, p.sequence, p.acknowledgement, offset, p.flags,
         p.window, _, p.urgent) = struct.unpack_from(">HHIIBBHHH", segment)
        head = (offset >> 4) * 4
        if head < 20 or head > inside:
            odd.add("tcp_offset")
            head = 20 if head < 20 else inside
        options(p, segment[20:head])
        tcp_anomalies(p, inside - head, odd)
    elif p.protocol == UDP and len(segment) >= 8:
        p.source_port, p.destination_port, length, _ = struct.unpack_from(">HHHH", segment)
        head = 8
        if length != inside:
            odd.add("udp_length")
    elif p.protocol == SCTP and len(segment) >= 12:
        p.source_port, p.destination_port = struct.unpack_from(">HH", segment)
    elif p.protocol in (ICMP, ICMPV6) and len(segment) >= 4:
        kind, code = segment[0], segment[1]
        answers = ICMP_ANSWERS if p.protocol == ICMP else ICMPV6_ANSWERS
        p.source_port = kind
        p.destination_port = answers.get(kind, code)
        p.one_way = kind not in answers
        head = min(8, inside)
    p.transport_header_bytes = head
    p.payload_bytes = inside - head
    p.payload = segment[head:inside]
    itself = (p.source, p.source_port) == (p.destination, p.destination_port)
    if p.protocol in (TCP, UDP) and (p.source_port == 0 or itself):
        odd.add("bad_endpoint")


def options(p, data):
    at = 0
    while at < len(data) and data[at] != 0:
        if data[at] == 1:
            at += 1
            continue
        if at + 1 >= len(data) or data[at + 1] < 2:
            return
        if data[at] == 2 and data[at + 1] == 4 and at + 4 <= len(data):
            p.maximum_segment = int.from_bytes(data[at + 2:at + 4], "big")
        if data[at] == 3 and data[at + 1] == 3 and at + 3 <= len(data):
            p.window_scale = data[at + 2]
        at += data[at + 1]


def tcp_anomalies(p, payload, odd):
    flags = p.flags
    if flags & 0x3F == 0:
        odd.add("tcp_null")
    if flags & SYN and flags & (FIN | RST) or flags & (FIN | PSH | URG) and not flags & (ACK | SYN | RST):
        odd.add("tcp_flags")
    if bool(p.urgent) != bool(flags & URG):
        odd.add("tcp_urgent")
    if flags & SYN and payload > 0:
        odd.add("syn_payload")


def read(path):
    for number, time, link, frame, wire in frames(path):
        packet = decode(number, time, link, frame, wire)
        if packet is not None:
            yield packet


def text(address):
    return str(ipaddress.ip_address(address))
