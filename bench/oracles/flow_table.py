"""Flows from packets, written a second time from the documented rules: the ground of flow_features.py.

A flow keeps its packets, so that every column may be computed from the whole of them afterwards.
Rules: those of `FlowSettings` for time-outs, of Zeek (src/packet_analysis/protocol/tcp,
scripts/base/protocols/conn/main.zeek) for initiator, `conn_state` and `history`.
"""

import re
from dataclasses import dataclass, field

from flow_packets import ACK, FIN, RST, SYN, TCP, UDP

IDLE, ACTIVE, LINGER = 120 * 10**9, 1800 * 10**9, 5 * 10**9
INACTIVE, SYN_SENT, SYN_ACK_SENT, PARTIAL, ESTABLISHED, CLOSED, RESET = range(7)
IN_ORDER, RETRANSMISSION, OUT_OF_ORDER, GAP = range(4)


def signed(difference):
    difference &= 0xFFFFFFFF
    return difference - (1 << 32) if difference & 0x80000000 else difference


@dataclass
class Endpoint:
    state: int = INACTIVE
    previous: int = INACTIVE
    start: int = 0          # sequence number of the SYN
    last: int = 0           # behind the highest byte sent
    acknowledged: int = 0
    gaps: list = field(default_factory=list)   # what is missing, relative to start
    top: int = None                            # behind the highest number sent, relative to start
    highest: int = 0                           # the same as a sequence number
    started: bool = False
    counts: dict = field(default_factory=dict)

    def to(self, state):
        if state != self.state:
            self.previous, self.state = self.state, state


@dataclass
class Flow:
    key: tuple
    orig: tuple
    resp: tuple
    packets: list = field(default_factory=list)
    directions: list = field(default_factory=list)   # 0 orig, 1 resp
    segments: list = field(default_factory=list)
    ends: tuple = field(default_factory=lambda: (Endpoint(), Endpoint()))
    history: str = ""
    flags: set = field(default_factory=set)
    closed_ns: int = None
    reason: str = ""

    @property
    def start_ns(self):
        return self.packets[0].time_ns

    @property
    def last_ns(self):
        return max(p.time_ns for p in self.packets)


def key_of(p):
    a, b = (p.source, p.source_port), (p.destination, p.destination_port)
    if not p.one_way and b < a:
        a, b = b, a
    return (p.protocol, p.version, p.vlan, a, b)


class Table:
    def __init__(self, idle=IDLE, active=ACTIVE, linger=LINGER):
        self.idle, self.active, self.linger = idle, active, linger
        self.open, self.done, self.clock = {}, [], -(1 << 63)

    def end(self, key, reason):
        flow = self.open.pop(key)
        flow.reason = reason
        self.done.append(flow)
        return flow

    def take(self, p):
        self.clock = max(self.clock, p.time_ns)
        key, after = key_of(p), None
        flow = self.open.get(key)
        if flow is not None:
            # The earliest of its ends counts.
            last = flow.last_ns
            if flow.closed_ns is not None and self.linger is not None \
                    and flow.closed_ns + self.linger <= self.clock:
                self.end(key, "closed")
                flow = None
            elif last + self.idle <= self.clock:
                self.end(key, "idle")
                flow = None
            elif flow.start_ns + self.active <= self.clock:
                after = self.end(key, "active")
                flow = None
            elif p.protocol == TCP and p.flags & SYN and not p.flags & ACK:
                # An initial SYN begins a connection anew if an end has closed, or has another number.
                states = {end.state for end in flow.ends}
                if states & {CLOSED, RESET} or p.sequence != flow.ends[0].start:
                    self.end(key, "closed")
                    flow = None
        if flow is None:
            a, b = (p.source, p.source_port), (p.destination, p.destination_port)
            flip = answers(p)
            if after is not None:
                flow = Flow(key, after.orig, after.resp)
            elif flip:
                flow = Flow(key, b, a, history="^")
            else:
                flow = Flow(key, a, b)
            self.open[key] = flow
        direction = 0 if (p.source, p.source_port) == flow.orig else 1
        kind = IN_ORDER
        if p.protocol == TCP:
            kind = tcp(flow, p, direction, self.clock)
        elif p.protocol == UDP:
            letter(flow, "D" if direction == 0 else "d", once=True)
        flow.packets.append(p)
        flow.directions.append(direction)
        flow.segments.append(kind)

    def finish(self):
        for key in list(self.open):
            self.end(key, "input-end")
        return self.done


# Ports that Zeek's scripts register as `likely_server_ports`.
TCP_SERVERS = {
    21, 22, 25, 53, 80, 81, 88, 102, 135, 139, 389, 443, 445, 502, 524, 563, 585, 587, 614, 631, 636,
    989, 990, 992, 993, 995, 1080, 1883, 2811, 3128, 3268, 3269, 3306, 3389, 5060, 5223, 5432,
    5900, 6379, 6666, 6667, 6668, 6669, 8000, 8080, 8888, 20000,
}
UDP_SERVERS = {
    53, 67, 88, 123, 137, 161, 162, 389, 443, 514, 1812, 2123, 2152, 3389, 3544, 4011, 4789,
    5060, 5072, 5353, 5355, 6081, 20000,
}


def answers(p):
    """The receiver of a flow's first packet is its initiator."""
    if p.destination == b"\xff" * 4:
        return False
    if p.protocol == TCP:
        if p.flags & SYN:
            return bool(p.flags & ACK)
        return p.source_port in TCP_SERVERS and (
            p.destination_port not in TCP_SERVERS or p.source_port < p.destination_port)
    return p.protocol == UDP and p.source_port in UDP_SERVERS \
        and p.destination_port not in UDP_SERVERS


def letter(flow, text, once=False):
    if once and text in flow.flags:
        return False
    flow.flags.add(text)
    flow.history += text
    return True


def scaled(flow, end, text):
    """A letter at the first, tenth, hundredth … time."""
    count = end.counts[text] = end.counts.get(text, 0) + 1
    while count >= 10 and count % 10 == 0:
        count //= 10
    if count == 1:
        flow.history += text


def classify(end, p, length):
    """What kind of segment, against the highest number its sender sent and its last eight gaps."""
    if length == 0:
        return IN_ORDER
    if end.top is None:
        end.top, end.highest = length, (p.sequence + length) & 0xFFFFFFFF
        return IN_ORDER
    # From the highest number on, so that a flow may be longer than 2 GiB.
    low = end.top + signed(p.sequence - end.highest)
    high = low + length
    if high > end.top:
        end.highest = (p.sequence + length) & 0xFFFFFFFF
    if low > end.top:
        end.gaps = (end.gaps + [(end.top, low)])[-8:]
        end.top = high
        return GAP
    if low == end.top:
        end.top = high
        return IN_ORDER
    filled, left = False, []
    for a, b in end.gaps:
        if a < high and low < b:
            filled = True
            left += [(x, y) for x, y in ((a, min(b, low)), (max(a, high), b)) if x < y]
        else:
            left.append((a, b))
    end.gaps = left
    kind = OUT_OF_ORDER if filled else RETRANSMISSION if high <= end.top else IN_ORDER
    end.top = max(end.top, high)
    return kind


def tcp(flow, p, direction, clock):
    end, peer = flow.ends[direction], flow.ends[1 - direction]
    f, size = p.flags, p.payload_bytes
    case = (lambda text: text.lower()) if direction else (lambda text: text)
    syn, fin, rst, ack = f & SYN, f & FIN, f & RST, f & ACK
    length = (0 if rst else size) + bool(syn) + bool(fin)
    behind = (p.sequence + length) & 0xFFFFFFFF
    if not end.started or (syn and end.state in (SYN_SENT, SYN_ACK_SENT, ESTABLISHED, PARTIAL)
                           and p.sequence != end.start):
        end.start = p.sequence if syn else (p.sequence - 1) & 0xFFFFFFFF
        end.acknowledged = end.start
        end.last = behind if syn else p.sequence
        end.started, end.top, end.gaps = True, None, []
        fresh = True
    else:
        fresh = False
    kind = classify(end, p, length)
    if ack and not peer.started:
        # What it acknowledges tells the number of a SYN that was not seen.
        peer.start = (p.acknowledgement - 1) & 0xFFFFFFFF
    # History.
    bits = bool(syn) + bool(fin) + bool(rst)
    if bits > 1:
        letter(flow, case("I" if fin and rst else "Q"), once=True)
    elif syn:
        letter(flow, case("H" if ack else "S"), once=True)
    elif fin:
        letter(flow, case("F"), once=True)
    elif rst:
        letter(flow, case("R"), once=True)
    elif size:
        letter(flow, case("D"), once=True)
    elif ack:
        letter(flow, case("A"), once=True)
    if p.window == 0 and not rst and peer.state != CLOSED and end.state != RESET:
        scaled(flow, end, case("W"))
    if not fresh:
        delta = signed(behind - end.last)
        if (syn or rst) and abs(delta) > 1048576:
            pass
        elif fin and end.last == (end.start + 1) & 0xFFFFFFFF:
            end.last = behind
        elif end.state == RESET:
            pass
        elif delta > 0:
            end.last = behind
        elif size > 0:
            scaled(flow, end, case("T"))
    elif behind != end.last and signed(behind - end.last) > 0:
        end.last = behind
    machine(flow, end, peer, p, direction, size)
    # Reset by one end, or closed by both or by one while the other sent nothing.
    both = {flow.ends[0].state, flow.ends[1].state}
    if flow.closed_ns is None and (both in ({CLOSED}, {CLOSED, INACTIVE}) or RESET in both):
        flow.closed_ns = clock
    return kind


def machine(flow, end, peer, p, direction, size):
    f = p.flags
    syn, fin, rst, ack = f & SYN, f & FIN, f & RST, f & ACK
    state = end.state
    if state == INACTIVE:
        if syn:
            if direction == 0:
                end.to(SYN_ACK_SENT if ack else SYN_SENT)
            else:
                if peer.state == SYN_SENT:
                    peer.to(ESTABLISHED)
                end.to(ESTABLISHED)
        if fin:
            end.to(CLOSED)
        if rst:
            end.to(RESET)
        if end.state == INACTIVE:
            if direction == 1 and size == 0 and peer.state == SYN_SENT:
                pass
            elif ack and peer.state == ESTABLISHED:
                end.to(ESTABLISHED)
            else:
                end.to(PARTIAL)
    elif state in (SYN_SENT, SYN_ACK_SENT):
        if fin:
            end.to(CLOSED)
        if rst:
            end.to(RESET)
    elif state in (ESTABLISHED, PARTIAL):
        if syn and state == PARTIAL and peer.state == INACTIVE and not ack:
            end.to(SYN_SENT)
        if fin and not rst:
            end.to(CLOSED)
            if peer.state == RESET and peer.previous == CLOSED:
                peer.to(CLOSED)
        if rst:
            end.to(RESET)
    elif state == CLOSED:
        if rst and peer.state != CLOSED:
            end.to(RESET)


def conn_state(flow):
    o, r = (end.state for end in flow.ends)
    protocol = flow.key[0]
    if protocol != TCP:
        sent, back = flow.directions.count(0) > 0, flow.directions.count(1) > 0
        if protocol == UDP:
            return ("SF" if back else "S0") if sent else ("SHR" if back else "OTH")
        return "OTH"
    sizes = [sum(p.payload_bytes for p, d in zip(flow.packets, flow.directions) if d == side)
             for side in (0, 1)]
    quiet_o, quiet_r = o in (INACTIVE, PARTIAL), r in (INACTIVE, PARTIAL)
    if r == RESET:
        if o in (SYN_SENT, SYN_ACK_SENT) or (o == RESET and sizes == [0, 0]):
            return "REJ"
        return "RSTRH" if quiet_o else "RSTR"
    if o == RESET:
        if quiet_r:
            return "RSTOS0" if re.match(r"\^?S[^HAFGIQ]*R", flow.history) else "OTH"
        return "RSTO"
    if o == CLOSED and r == CLOSED:
        return "SF"
    if o == CLOSED:
        return "SH" if quiet_r else "S2"
    if r == CLOSED:
        return "SHR" if quiet_o else "S3"
    if o == SYN_SENT and r == INACTIVE:
        return "S0"
    if o == ESTABLISHED and r == ESTABLISHED:
        return "S1"
    return "OTH"


def flows(packets, **settings):
    table = Table(**settings)
    for p in packets:
        table.take(p)
    return table.finish()
