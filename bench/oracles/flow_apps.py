"""What application protocols said in a flow, read a second time: the ground of flow_features.py."""

import ipaddress
import math
from collections import Counter

from flow_packets import SYN, TCP, UDP

METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
           "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT"}
TUNNEL_TYPES = {16, 10, 5, 15, 25}


def streams(flow):
    """The bytes of both directions in order, up to the first that are missing."""
    out = []
    for side in (0, 1):
        first, pieces = None, []
        for p, d in zip(flow.packets, flow.directions):
            if d != side:
                continue
            if first is None:
                first = (p.sequence + (1 if p.flags & SYN else 0)) & 0xFFFFFFFF
            elif p.flags & SYN:
                first = (p.sequence + 1) & 0xFFFFFFFF if not pieces else first
            if p.payload_bytes and p.payload:
                at = (p.sequence + (1 if p.flags & SYN else 0) - first) & 0xFFFFFFFF
                if at < 1 << 31:
                    pieces.append((at, len(pieces), p.payload))
                elif at + len(p.payload) > 1 << 32:
                    pieces.append((0, len(pieces), p.payload[(1 << 32) - at:]))
        text = b""
        for at, _, piece in sorted(pieces, key=lambda piece: piece[:2]):
            if at > len(text):
                break
            text += piece[len(text) - at:]
        out.append(text)
    return out


def datagrams(flow):
    return [(d, p.payload) for p, d in zip(flow.packets, flow.directions) if p.payload]


def entropy(data):
    if not data:
        return 0.0
    return -sum(n / len(data) * math.log2(n / len(data)) for n in Counter(data).values())


def http(flow, texts):
    """Requests and answers of HTTP/1 with the bytes of their bodies."""
    requests, answers = [], []
    text = texts[0]
    while text:
        head, found, rest = text.partition(b"\r\n\r\n")
        first = head.split(b"\r\n")[0].split(b" ")
        if not found or len(first) < 3 or not first[2].startswith(b"HTTP/1"):
            break
        fields = headers(head)
        body, rest, _ = take(rest, fields, 0)
        requests.append({"method": first[0].decode(), "uri": first[1], "fields": fields, "body": body})
        text = rest
    text, at = texts[1], 0
    while text.startswith(b"HTTP/1"):
        head, found, rest = text.partition(b"\r\n\r\n")
        if not found:
            break
        status = int(head.split(b" ")[1][:3])
        fields = headers(head)
        method = requests[at]["method"] if at < len(requests) else ""
        if 100 <= status < 200 or status in (204, 304) or method == "HEAD":
            body = 0
        else:
            body, rest, _ = take(rest, fields, None)
        if not 100 <= status < 200:
            answers.append({"status": status, "fields": fields, "body": body})
            at += 1
        text = rest
    return requests, answers


def headers(head):
    fields = {}
    for line in head.split(b"\r\n")[1:]:
        name, found, value = line.partition(b":")
        if found:
            fields.setdefault(name.strip().lower(), value.strip())
    return fields


def take(rest, fields, default):
    """Bytes of a body, what follows it, whether it was whole."""
    if b"chunked" in fields.get(b"transfer-encoding", b"").lower():
        total = 0
        while True:
            line, found, after = rest.partition(b"\r\n")
            if not found:
                return total, b"", False
            size = int(line.split(b";")[0].strip() or b"0", 16)
            if size == 0:
                # Trailer fields up to an empty line.
                while True:
                    line, found, after = after.partition(b"\r\n")
                    if not found or not line:
                        return total, after, True
            total += min(size, len(after))
            rest = after[size + 2:]
            if len(after) < size:
                return total, b"", False
    if b"content-length" in fields:
        size = int(fields[b"content-length"])
        return min(size, len(rest)), rest[size:], len(rest) >= size
    if default is None:
        return len(rest), b"", True
    return default, rest, True


def name_at(data, at, depth=0):
    labels = []
    while True:
        size = data[at]
        if size == 0:
            return labels, at + 1
        if size >= 0xC0:
            target = ((size & 0x3F) << 8) | data[at + 1]
            if depth > 64:
                raise ValueError("pointers")
            more, _ = name_at(data, target, depth + 1)
            return labels + more, at + 2
        if size > 63:
            raise ValueError("label")
        labels.append(data[at + 1:at + 1 + size])
        if len(labels[-1]) < size:
            raise IndexError
        at += 1 + size


def dns(messages, netbios):
    """The messages of a flow: question, type, whether an answer, code, times to live."""
    told = []
    for data in messages:
        try:
            flags = int.from_bytes(data[2:4], "big")
            counts = [int.from_bytes(data[4 + 2 * i:6 + 2 * i], "big") for i in range(4)]
            at, questions, lives = 12, [], []
            if len(data) < 12:
                raise IndexError
            for _ in range(counts[0]):
                labels, at = name_at(data, at)
                questions.append((labels, int.from_bytes(data[at:at + 2], "big")))
                at += 4
            for _ in range(counts[1]):
                _, at = name_at(data, at)
                lives.append(int.from_bytes(data[at + 4:at + 8], "big"))
                at += 10 + int.from_bytes(data[at + 8:at + 10], "big")
                if at > len(data):
                    raise IndexError
        except (IndexError, ValueError):
            continue
        if netbios:
            questions = [([half_ascii(labels[0])] + labels[1:] if labels else labels, kind)
                         for labels, kind in questions]
        told.append({"answer": bool(flags & 0x8000), "code": flags & 15, "questions": questions,
                     "answers": counts[1], "lives": lives})
    return told


def half_ascii(label):
    """The first label of a NetBIOS name, RFC 1001 section 14.1."""
    if len(label) != 32 or any(not 65 <= byte <= 80 for byte in label):
        return label
    name = bytes((a - 65) << 4 | (b - 65) for a, b in zip(label[::2], label[1::2]))
    return name[:15].rstrip(b" ")


def tls_hellos(text):
    """Type and body of the first handshake message of a direction, over records of TLS."""
    handshake, at = b"", 0
    while at + 5 <= len(text) and 20 <= text[at] <= 23 and text[at + 1] == 3:
        size = int.from_bytes(text[at + 3:at + 5], "big")
        # An alert may stand in front.
        if text[at] == 22:
            handshake += text[at + 5:at + 5 + size]
        at += 5 + size
        if len(handshake) >= 4:
            length = int.from_bytes(handshake[1:4], "big")
            if len(handshake) >= 4 + length:
                return handshake[0], handshake[4:4 + length]
    return None, b""


def grease(value):
    return value & 0x0F0F == 0x0A0A and value >> 8 == value & 0xFF


def client_hello(body):
    told = {"version": int.from_bytes(body[:2], "big")}
    at = 34
    at += 1 + body[at]
    size = int.from_bytes(body[at:at + 2], "big")
    ciphers = [int.from_bytes(body[i:i + 2], "big") for i in range(at + 2, at + 2 + size, 2)]
    at += 2 + size
    at += 1 + body[at]
    extensions = []
    end = min(len(body), at + 2 + int.from_bytes(body[at:at + 2], "big")) if at + 2 <= len(body) else at
    at += 2
    while at + 4 <= end:
        kind, size = int.from_bytes(body[at:at + 2], "big"), int.from_bytes(body[at + 2:at + 4], "big")
        extensions.append((kind, body[at + 4:at + 4 + size]))
        at += 4 + size
    told["ciphers"] = [c for c in ciphers if not grease(c)]
    told["extensions"] = [k for k, _ in extensions if not grease(k)]
    versions = [told["version"]]
    for kind, data in extensions:
        if kind == 0 and len(data) >= 5:
            told["sni"] = data[5:5 + int.from_bytes(data[3:5], "big")]
        if kind == 16 and len(data) >= 3:
            told["alpn"] = data[3:3 + data[2]]
        if kind == 43:
            offered = [int.from_bytes(data[i:i + 2], "big") for i in range(1, 1 + data[0], 2)]
            versions = [v for v in offered if not grease(v)]
    told["offered"] = max(versions)
    return told


def server_hello(body):
    told = {"version": int.from_bytes(body[:2], "big")}
    at = 34
    at += 1 + body[at]
    told["cipher"] = int.from_bytes(body[at:at + 2], "big")
    at += 5
    while at + 4 <= len(body):
        kind, size = int.from_bytes(body[at:at + 2], "big"), int.from_bytes(body[at + 2:at + 4], "big")
        if kind == 43:
            told["version"] = int.from_bytes(body[at + 4:at + 6], "big")
        at += 4 + size
    return told


def finished(text):
    """Among the records of a direction application data, or a handshake message behind the change
    of keys."""
    at, changed = 0, False
    while at + 5 <= len(text) and 20 <= text[at] <= 24:
        if text[at] == 23 or (changed and text[at] == 22):
            return True
        changed |= text[at] == 20
        at += 5 + int.from_bytes(text[at + 3:at + 5], "big")
    return False


def is_address(name):
    try:
        ipaddress.ip_address(name.decode())
    except ValueError:
        return False
    return True


def lines(text):
    return [line.rstrip(b"\r") for line in text.split(b"\n")[:-1]]


def dns_messages(flow, texts):
    """Datagrams, or what stands behind each length over TCP."""
    if flow.key[0] == UDP:
        return [data for _, data in datagrams(flow)]
    out = []
    for text in texts:
        while len(text) >= 2:
            size = int.from_bytes(text[:2], "big")
            if len(text) < 2 + size:
                break
            out.append(text[2:2 + size])
            text = text[2 + size:]
    return out


def tls(texts):
    """Client hello, server hello, whether both sides sent application data."""
    kind, body = tls_hellos(texts[0])
    if kind != 1:
        return None
    told = {"client": client_hello(body), "server": None}
    kind, body = tls_hellos(texts[1])
    if kind == 2:
        told["server"] = server_hello(body)
    told["established"] = all(map(finished, texts))
    return told


def first_line(text):
    return text.partition(b"\n")[0].rstrip(b"\r")


def service(flow, texts):
    """Application protocol by the first bytes, with ports where those say little."""
    ports = {flow.orig[1], flow.resp[1]}
    if flow.key[0] == UDP:
        payloads = datagrams(flow)
        if not payloads:
            return None
        if ports & {53, 5353, 5355, 137}:
            return "dns"
        for _, data in payloads:
            if ports & {67, 68} and len(data) >= 240 and data[236:240] == b"\x63\x82\x53\x63":
                return "dhcp"
            if 123 in ports and len(data) >= 48:
                return "ntp"
            if ports & {161, 162} and data[:1] == b"\x30":
                return "snmp"
            if 514 in ports and data[:1] == b"<":
                return "syslog"
            if ports & {1812, 1813, 1645, 1646} and len(data) >= 20:
                return "radius"
        return None
    if flow.key[0] != TCP:
        return None
    orig, resp = texts
    if flow.orig[1] == 20 and (orig or resp):
        return "ftp-data"
    if 53 in ports and (orig or resp):
        return "dns"
    for text in (orig, resp):
        if text[:1] == b"\x16" and text[1:2] == b"\x03" and text[5:6] in (b"\x01", b"\x02"):
            return "ssl"
        if text.split(b" ")[0].decode("latin1") in METHODS and b"HTTP/1" in text[:8192]:
            return "http"
        if text.startswith(b"HTTP/1"):
            return "http"
        if text.startswith(b"SSH-"):
            return "ssh"
    line = first_line(resp)
    if line.startswith(b"220"):
        command = first_line(orig).upper()
        if b"SMTP" in line.upper() or ports & {25, 587, 465} or command.startswith((b"EHLO", b"HELO")):
            return "smtp"
        if b"FTP" in line.upper() or 21 in ports or command.startswith((b"USER", b"AUTH")):
            return "ftp"
    if orig[:4].upper() in (b"EHLO", b"HELO"):
        return "smtp"
    if line.startswith(b"+OK"):
        return "pop3"
    if line.startswith(b"* OK"):
        return "imap"
    return None
