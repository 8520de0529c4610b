"""The columns of each feature set, from a flow with its packets: the ground of flow_features.py."""

import math

import flow_apps
import numpy as np
from flow_packets import ACK, ICMP, ICMPV6, RST, SYN, TCP
from flow_table import GAP, OUT_OF_ORDER, RETRANSMISSION, conn_state

NAN = math.nan


class View:
    """A flow with the arrays that columns are made of."""

    def __init__(self, flow):
        self.flow = flow
        self.packets = flow.packets
        self.directions = np.array(flow.directions)
        self.times = np.array([p.time_ns for p in flow.packets], dtype=np.int64)
        self.protocol = flow.key[0]
        self.state = conn_state(flow)
        self.texts = flow_apps.streams(flow) if self.protocol == TCP else [b"", b""]
        self.service = flow_apps.service(flow, self.texts)
        self.http = flow_apps.http(flow, self.texts) if self.service == "http" else None

    def side(self, side):
        return [p for p, d in zip(self.packets, self.flow.directions) if d == side]

    def both(self, side):
        """Packets of a side, or all of them."""
        return self.packets if side is None else self.side(side)


def view(flow):
    if not hasattr(flow, "view"):
        flow.view = View(flow)
    return flow.view


def steps(times):
    """Times between consecutive packets in nanoseconds; one that goes back counts as none."""
    return np.maximum(np.diff(np.array(times, dtype=np.int64)), 0).astype(float)


def ratio(a, b, otherwise=0.0):
    return a / b if b else otherwise


# --- unsw_nb15 ---------------------------------------------------------------------------------

ARGUS = {50: "esp", 51: "ah", 88: "eigrp", 112: "vrrp", 1: "icmp", 2: "igmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp", 132: "sctp", 47: "gre",
         89: "ospf", 103: "pim"}
UNSW_SERVICES = {"dhcp", "dns", "ftp", "ftp-data", "http", "irc", "pop3", "radius", "smtp", "snmp",
                 "ssh", "ssl"}


def unsw_state(v):
    flow = v.flow
    sent, back = bool(v.side(0)), bool(v.side(1))
    other = "CON" if sent and back else "INT"
    if v.protocol == TCP:
        if v.state == "S1":
            return "CON" if set(flow.history) & set("ADFR") else "ACC"
        return {"S0": "REQ", "S2": "FIN", "S3": "FIN", "SF": "FIN", "SH": "FIN", "SHR": "FIN",
                "REJ": "RST", "RSTO": "RST", "RSTR": "RST", "RSTOS0": "RST",
                "RSTRH": "RST"}.get(v.state, other)
    kind, code = flow.orig[1], flow.resp[1]
    if v.protocol == ICMP:
        if kind == 3:
            return {0: "URN", 1: "URH"}.get(code)
        return {8: "ECO", 0: "ECR", 11: "TXD", 12: "PAR", 13: "TST", 14: "TST", 17: "MAS",
                18: "MAS"}.get(kind)
    if v.protocol == ICMPV6:
        if kind == 1:
            return {0: "URN", 3: "URH"}.get(code)
        return {128: "ECO", 129: "ECR", 3: "TXD", 4: "PAR"}.get(kind)
    return other


def unsw_service(v):
    name = {"tls": "ssl", "quic": "ssl"}.get(v.service, v.service)
    return name if name in UNSW_SERVICES else "-"


def ttl_class(state, sttl, dttl):
    if state == "FIN" and sttl in (62, 63, 254, 255) and dttl in (252, 253):
        return 1
    if state == "INT" and sttl in (0, 62, 254) and dttl == 0:
        return 2
    if state == "CON" and sttl in (62, 254) and dttl in (60, 252, 253):
        return 3
    if (sttl, dttl) == (254, 252):
        return {"ACC": 4, "CLO": 5, "RST": 7}.get(state, 0)
    return 6 if (state, sttl, dttl) == ("REQ", 254, 0) else 0


def handshake(v):
    """First SYN of the initiator, first SYN-ACK behind it, first ACK behind that; or None."""
    syn = answer = last = None
    for p, d in zip(v.packets, v.flow.directions):
        if syn is None:
            if d == 0 and p.flags & (SYN | ACK) == SYN:
                syn = p.time_ns
        elif answer is None:
            if d == 1 and p.flags & (SYN | ACK) == SYN | ACK:
                answer = p.time_ns
        elif last is None and d == 0 and p.flags & ACK and not p.flags & (SYN | RST):
            last = p.time_ns
    return syn, answer, last


def ftp(v):
    if v.service != "ftp":
        return []
    return [line.strip() for line in v.texts[0].split(b"\n") if line.strip()]


def unsw(flow, flows, at, copies=1):
    v = view(flow)
    row = {}
    sides = [v.side(0), v.side(1)]
    duration = (flow.last_ns - flow.start_ns) / 1e9
    count = [len(side) * copies for side in sides]
    size = [sum(p.ip_bytes for p in side) * copies for side in sides]
    state = unsw_state(v)
    row["dur"] = duration
    row["proto"] = ARGUS[v.protocol]
    row["service"] = unsw_service(v)
    row["state"] = state
    row["spkts"], row["dpkts"] = count
    row["sbytes"], row["dbytes"] = size
    row["rate"] = (sum(count) - 1) / duration if duration else 0
    ttl = [side[0].ttl if side else 0 for side in sides]
    row["sttl"], row["dttl"] = ttl
    for name, n, b in zip(("sload", "dload"), count, size):
        row[name] = 8 * (b - b // n) / duration if n > 1 and duration else 0
    for side, name in enumerate(("sloss", "dloss")):
        lost = 0
        for p, d, kind in zip(v.packets, flow.directions, flow.segments):
            if d == side and p.protocol == TCP:
                lost += kind == RETRANSMISSION
                if copies == 2:
                    lost += bool(p.flags & SYN or p.payload_bytes)
        row[name] = lost
    gaps = []
    for side in sides:
        times = [p.time_ns for p in side for _ in range(copies)]
        gaps.append(steps(times) / 1e6)
    row["sinpkt"], row["dinpkt"] = (g.mean() if len(g) else 0 for g in gaps)
    row["sjit"], row["djit"] = (g.std() if len(g) else 0 for g in gaps)
    window = [min(255, max([p.window for p in side], default=0)) if v.protocol == TCP else 0
              for side in sides]
    first = [side[0].sequence if side and v.protocol == TCP else 0 for side in sides]
    row["swin"], row["stcpb"], row["dtcpb"], row["dwin"] = window[0], first[0], first[1], window[1]
    syn, answer, last = handshake(v) if v.protocol == TCP else (None, None, None)
    synack = (answer - syn) / 1e9 if answer is not None else 0
    ackdat = (last - answer) / 1e9 if last is not None else 0
    row["tcprtt"], row["synack"], row["ackdat"] = synack + ackdat, synack, ackdat
    for name, n, b in zip(("smean", "dmean"), count, size):
        row[name] = math.floor(b / n + 0.5) if n else 0
    requests, answers = v.http or ([], [])
    row["trans_depth"] = len(requests)
    row["response_body_len"] = sum(a["body"] for a in answers)
    recent = [view(f) for f in flows[max(0, at - 99):at + 1]]

    def among(key):
        return sum(key(other) == key(v) for other in recent)

    def source(w):
        return w.flow.orig[0]

    def target(w):
        return w.flow.resp[0]

    row["ct_srv_src"] = among(lambda w: (unsw_service(w), source(w)))
    row["ct_state_ttl"] = ttl_class(state, *ttl)
    row["ct_dst_ltm"] = among(target)
    row["ct_src_dport_ltm"] = among(lambda w: (source(w), w.flow.resp[1]))
    row["ct_dst_sport_ltm"] = among(lambda w: (target(w), w.flow.orig[1]))
    row["ct_dst_src_ltm"] = among(lambda w: (source(w), target(w)))
    commands = [line.split(b" ")[0].upper() for line in ftp(v)]
    row["is_ftp_login"] = int(b"USER" in commands and b"PASS" in commands)
    row["ct_ftp_cmd"] = int(bool(commands))
    row["ct_flw_http_mthd"] = sum(r["method"] in ("GET", "POST") for r in requests)
    row["ct_src_ltm"] = among(source)
    row["ct_srv_dst"] = among(lambda w: (unsw_service(w), target(w)))
    row["is_sm_ips_ports"] = int(flow.orig == flow.resp)
    return row


def unsw_csv(flow, flows, at):
    return unsw(flow, flows, at, copies=2)


# --- cicflowmeter ------------------------------------------------------------------------------

SECOND = 10**6
# Names of CIC-IDS2017 with those of CSE-CIC-IDS2018.
CIC = """Destination Port|Dst Port
Flow Duration|Flow Duration
Total Fwd Packets|Tot Fwd Pkts
Total Backward Packets|Tot Bwd Pkts
Total Length of Fwd Packets|TotLen Fwd Pkts
Total Length of Bwd Packets|TotLen Bwd Pkts
Fwd Packet Length Max|Fwd Pkt Len Max
Fwd Packet Length Min|Fwd Pkt Len Min
Fwd Packet Length Mean|Fwd Pkt Len Mean
Fwd Packet Length Std|Fwd Pkt Len Std
Bwd Packet Length Max|Bwd Pkt Len Max
Bwd Packet Length Min|Bwd Pkt Len Min
Bwd Packet Length Mean|Bwd Pkt Len Mean
Bwd Packet Length Std|Bwd Pkt Len Std
Flow Bytes/s|Flow Byts/s
Flow Packets/s|Flow Pkts/s
Flow IAT Mean|Flow IAT Mean
Flow IAT Std|Flow IAT Std
Flow IAT Max|Flow IAT Max
Flow IAT Min|Flow IAT Min
Fwd IAT Total|Fwd IAT Tot
Fwd IAT Mean|Fwd IAT Mean
Fwd IAT Std|Fwd IAT Std
Fwd IAT Max|Fwd IAT Max
Fwd IAT Min|Fwd IAT Min
Bwd IAT Total|Bwd IAT Tot
Bwd IAT Mean|Bwd IAT Mean
Bwd IAT Std|Bwd IAT Std
Bwd IAT Max|Bwd IAT Max
Bwd IAT Min|Bwd IAT Min
Fwd PSH Flags|Fwd PSH Flags
Bwd PSH Flags|Bwd PSH Flags
Fwd URG Flags|Fwd URG Flags
Bwd URG Flags|Bwd URG Flags
Fwd Header Length|Fwd Header Len
Bwd Header Length|Bwd Header Len
Fwd Packets/s|Fwd Pkts/s
Bwd Packets/s|Bwd Pkts/s
Min Packet Length|Pkt Len Min
Max Packet Length|Pkt Len Max
Packet Length Mean|Pkt Len Mean
Packet Length Std|Pkt Len Std
Packet Length Variance|Pkt Len Var
FIN Flag Count|FIN Flag Cnt
SYN Flag Count|SYN Flag Cnt
RST Flag Count|RST Flag Cnt
PSH Flag Count|PSH Flag Cnt
ACK Flag Count|ACK Flag Cnt
URG Flag Count|URG Flag Cnt
CWE Flag Count|CWE Flag Count
ECE Flag Count|ECE Flag Cnt
Down/Up Ratio|Down/Up Ratio
Average Packet Size|Pkt Size Avg
Avg Fwd Segment Size|Fwd Seg Size Avg
Avg Bwd Segment Size|Bwd Seg Size Avg
Fwd Header Length.1|
Fwd Avg Bytes/Bulk|Fwd Byts/b Avg
Fwd Avg Packets/Bulk|Fwd Pkts/b Avg
Fwd Avg Bulk Rate|Fwd Blk Rate Avg
Bwd Avg Bytes/Bulk|Bwd Byts/b Avg
Bwd Avg Packets/Bulk|Bwd Pkts/b Avg
Bwd Avg Bulk Rate|Bwd Blk Rate Avg
Subflow Fwd Packets|Subflow Fwd Pkts
Subflow Fwd Bytes|Subflow Fwd Byts
Subflow Bwd Packets|Subflow Bwd Pkts
Subflow Bwd Bytes|Subflow Bwd Byts
Init_Win_bytes_forward|Init Fwd Win Byts
Init_Win_bytes_backward|Init Bwd Win Byts
act_data_pkt_fwd|Fwd Act Data Pkts
min_seg_size_forward|Fwd Seg Size Min
Active Mean|Active Mean
Active Std|Active Std
Active Max|Active Max
Active Min|Active Min
Idle Mean|Idle Mean
Idle Std|Idle Std
Idle Max|Idle Max
Idle Min|Idle Min"""
LATER = dict(line.split("|") for line in CIC.split("\n"))


def spread(values):
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def four(values):
    """Mean, standard deviation, greatest, least; 0 of nothing."""
    if not len(values):
        return 0.0, 0.0, 0.0, 0.0
    return float(np.mean(values)), spread(values), float(np.max(values)), float(np.min(values))


def bulks(v, side):
    """Bytes, packets and microseconds of the bulks of a side, with their number."""
    runs, run = [], []
    for p, d in zip(v.packets, v.flow.directions):
        if not p.payload_bytes:
            continue
        if d != side:
            runs.append(run)
            run = []
            continue
        if run and p.time_ns - run[-1].time_ns > 10**9:
            runs.append(run)
            run = []
        run.append(p)
    runs = [run for run in runs + [run] if len(run) >= 4]
    return (sum(p.payload_bytes for run in runs for p in run), sum(map(len, runs)),
            sum(run[-1].time_ns - run[0].time_ns for run in runs) / 1e3, len(runs))


def cic(flow, flows, at):
    v = view(flow)
    row = {}
    sides = [v.side(0), v.side(1)]
    payload = [[p.payload_bytes for p in side] for side in sides]
    total = [sum(sizes) for sizes in payload]
    everything = [p.payload_bytes for p in v.packets]
    duration = (flow.last_ns - flow.start_ns) / 1e3
    seconds = duration / SECOND
    gaps = steps(v.times) / 1e3
    n = len(v.packets)
    row["Destination Port"] = flow.resp[1]
    row["Flow Duration"] = duration
    row["Total Fwd Packets"], row["Total Backward Packets"] = map(len, sides)
    row["Total Length of Fwd Packets"], row["Total Length of Bwd Packets"] = total
    for name, sizes in zip(("Fwd", "Bwd"), payload):
        mean, std, most, least = four(sizes)
        row[f"{name} Packet Length Max"], row[f"{name} Packet Length Min"] = most, least
        row[f"{name} Packet Length Mean"], row[f"{name} Packet Length Std"] = mean, std
    row["Flow Bytes/s"] = ratio(sum(total), seconds, NAN)
    row["Flow Packets/s"] = ratio(n, seconds, NAN)
    for name, times in (("Flow", gaps), ("Fwd", None), ("Bwd", None)):
        if times is None:
            side = sides[name == "Bwd"]
            times = steps([p.time_ns for p in side]) / 1e3
            row[f"{name} IAT Total"] = times.sum()
        (row[f"{name} IAT Mean"], row[f"{name} IAT Std"], row[f"{name} IAT Max"],
         row[f"{name} IAT Min"]) = four(times)

    def flags(packets, bit):
        return sum(p.protocol == TCP and bool(p.flags & bit) for p in packets)

    for name, bit in (("PSH", 8), ("URG", 32)):
        row[f"Fwd {name} Flags"], row[f"Bwd {name} Flags"] = (flags(s, bit) for s in sides)
    for name, side in zip(("Fwd", "Bwd"), sides):
        row[f"{name} Header Length"] = sum(p.transport_header_bytes for p in side)
        row[f"{name} Packets/s"] = ratio(len(side), seconds)
    mean, std, most, least = four(everything)
    row["Min Packet Length"], row["Max Packet Length"] = least, most
    row["Packet Length Mean"], row["Packet Length Std"] = mean, std
    row["Packet Length Variance"] = std * std
    for name, bit in (("FIN", 1), ("SYN", 2), ("RST", 4), ("PSH", 8), ("ACK", 16), ("URG", 32),
                      ("CWE", 128), ("ECE", 64)):
        row[f"{name} Flag Count"] = flags(v.packets, bit)
    row["Down/Up Ratio"] = ratio(len(sides[1]), len(sides[0]))
    row["Average Packet Size"] = sum(total) / n
    row["Avg Fwd Segment Size"], row["Avg Bwd Segment Size"] = (
        ratio(t, len(s)) for t, s in zip(total, sides))
    row["Fwd Header Length.1"] = row["Fwd Header Length"]
    for side, name in enumerate(("Fwd", "Bwd")):
        size, packets, time, count = bulks(v, side)
        row[f"{name} Avg Bytes/Bulk"] = ratio(size, count)
        row[f"{name} Avg Packets/Bulk"] = ratio(packets, count)
        row[f"{name} Avg Bulk Rate"] = ratio(size, time / SECOND)
    subflows = 1 + int((gaps > SECOND).sum())
    for side, name in enumerate(("Fwd", "Bwd")):
        row[f"Subflow {name} Packets"] = len(sides[side]) / subflows
        row[f"Subflow {name} Bytes"] = total[side] / subflows
    for side, name in enumerate(("forward", "backward")):
        first = sides[side][0].window if sides[side] and v.protocol == TCP else -1
        row[f"Init_Win_bytes_{name}"] = first
    row["act_data_pkt_fwd"] = sum(p.payload_bytes > 0 for p in sides[0])
    row["min_seg_size_forward"] = min((p.transport_header_bytes for p in sides[0]), default=0)
    idle = gaps[gaps > 5 * SECOND]
    active, begin = [], v.times[0]
    for position, gap in enumerate(gaps):
        if gap > 5 * SECOND:
            active.append((v.times[position] - begin) / 1e3)
            begin = v.times[position + 1]
    active = [time for time in active if time > 0]
    for name, times in (("Active", active), ("Idle", idle)):
        (row[f"{name} Mean"], row[f"{name} Std"], row[f"{name} Max"], row[f"{name} Min"]) = four(
            times)
    assert set(row) == set(LATER), set(row) ^ set(LATER)
    row["Protocol"] = str(v.protocol) if v.protocol in (1, 6, 17, 58, 132) else "0"
    return row


def cic_2018(flow, flows, at):
    row = cic(flow, flows, at)
    out = {later: row[name] for name, later in LATER.items() if later}
    out["Protocol"] = row["Protocol"]
    return out


# --- tripline ----------------------------------------------------------------------------------

STATES = {"S1": 1, "S0": 2, "S2": 4, "SH": 4, "SF": 7, "REJ": 7, "RSTO": 7, "RSTR": 7, "RSTOS0": 7,
          "RSTRH": 7, "S3": 8, "SHR": 8, "OTH": 0}
DNS_TYPES = {1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX",
             16: "TXT", 25: "KEY", 28: "AAAA", 32: "NB", 33: "SRV", 35: "NAPTR", 41: "OPT",
             43: "DS", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 64: "SVCB", 65: "HTTPS",
             252: "AXFR", 255: "ANY"}
METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "PATCH",
           "PROPFIND")
KINDS = {"bad_ip_checksum": "ip_checksum", "bad_ip_length": "ip_length",
         "source_routed": "source_route", "ip_reserved_flag": "ip_reserved",
         "fragmented": "fragment", "fragment_overlap": "fragment_overlap", "tcp_null": "tcp_null",
         "tcp_bad_flags": "tcp_flags", "tcp_bad_offset": "tcp_offset",
         "tcp_bad_urgent": "tcp_urgent", "syn_payload": "syn_payload",
         "bad_udp_length": "udp_length", "bad_endpoint": "bad_endpoint", "low_ttl": "low_ttl",
         "cut": "cut"}
SIDES = (("fwd", 0), ("bwd", 1))


def since_latest(times):
    """Each time less the latest before it, 0 if it is earlier; in seconds."""
    latest, out = times[0], []
    for time in times[1:]:
        out.append(max(time - latest, 0) / 1e9)
        latest = max(latest, time)
    return out


def spreads(row, name, values, missing=NAN):
    values = np.array(values, dtype=float)
    empty = not len(values)
    row[f"{name}_mean"] = missing if empty else values.mean()
    row[f"{name}_std"] = missing if empty else values.std()
    row[f"{name}_min"] = missing if empty else values.min()
    row[f"{name}_max"] = missing if empty else values.max()


def payload_bytes(packets, limit=4096):
    return b"".join(p.payload for p in packets)[:limit]


def tripline(flow, flows, at):
    v = view(flow)
    row = {}
    sides = [v.side(0), v.side(1)]
    frames = [[p.link_bytes for p in side] for side in sides]
    payload = [[p.payload_bytes for p in side] for side in sides]
    count, total = len(v.packets), sum(map(sum, frames))
    duration = (flow.last_ns - flow.start_ns) / 1e9
    brief = max(duration, 0.001)
    row |= {"packet_count": count, "total_bytes": total, "duration": duration,
            "packets_per_second": count / brief, "bytes_per_second": total / brief,
            "forward_ratio": len(sides[0]) / count, "backward_ratio": len(sides[1]) / count,
            "down_up_packet_ratio": ratio(len(sides[1]), len(sides[0]), NAN),
            "down_up_payload_ratio": ratio(sum(payload[1]), sum(payload[0]), NAN)}
    for way, side in SIDES:
        n = len(sides[side])
        row[f"{way}_packets"] = n
        row[f"{way}_bytes"] = sum(frames[side])
        row[f"{way}_payload_bytes"] = sum(payload[side])
        row[f"{way}_header_bytes"] = sum(p.ip_bytes - p.payload_bytes for p in sides[side])
        row[f"{way}_packets_per_second"] = n / brief
        row[f"{way}_payload_mean"] = ratio(sum(payload[side]), n, NAN)
        spreads(row, f"{way}_size", frames[side])
        times = [p.time_ns for p in sides[side]]
        spreads(row, f"{way}_iat", steps(times) / 1e9 if n else [])
        row[f"{way}_data_packets"] = sum(size > 0 for size in payload[side])
        row[f"{way}_payload_max"] = max(payload[side], default=0)
    spreads(row, "size", [p.link_bytes for p in v.packets])
    row["size_median"] = float(np.median([p.link_bytes for p in v.packets]))
    latest = since_latest([p.time_ns for p in v.packets])
    spreads(row, "iat", latest)
    data = payload_bytes(sides[0]) + payload_bytes(sides[1])
    row["payload_entropy"] = flow_apps.entropy(data) if data else NAN
    tcp = v.protocol == TCP
    bits = ("fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr")
    for bit, name in enumerate(bits):
        row[f"tcp_{name}_count"] = sum(p.flags >> bit & 1 for p in v.packets) if tcp else NAN
        if name in ("syn", "rst", "fin", "psh"):
            for way, side in SIDES:
                row[f"{way}_{name}_count"] = (
                    sum(p.flags >> bit & 1 for p in sides[side]) if tcp else NAN)
    row["tcp_flags_entropy"] = flow_apps.entropy(bytes(p.flags for p in v.packets)) if tcp else NAN
    port = flow.resp[1]
    row |= {"src_port": flow.orig[1], "dst_port": port, "protocol": v.protocol,
            "is_well_known_port": port < 1024, "is_registered_port": 1024 <= port < 49152,
            "is_dynamic_port": port >= 49152, "protocol_diversity": 1, "protocol_tcp_ratio": tcp,
            "protocol_udp_ratio": v.protocol == 17,
            "protocol_icmp_ratio": v.protocol in (ICMP, ICMPV6),
            "connection_state": STATES[v.state] if tcp else 0, "conn_state": v.state}
    for number in range(8):
        there = number < count
        sign = -1 if there and flow.directions[number] else 1
        row[f"first_size_{number + 1}"] = sign * v.packets[number].link_bytes if there else NAN
        if number:
            row[f"first_gap_{number + 1}"] = latest[number - 1] if there else NAN
    hands(v, sides, row, tcp)
    for way, side in SIDES:
        windows = [p.window for p in sides[side] if not p.flags & RST] if tcp else []
        row[f"{way}_window_first"] = sides[side][0].window if tcp and sides[side] else NAN
        row[f"{way}_window_min"] = min(windows, default=NAN)
        row[f"{way}_window_max"] = max(windows, default=NAN)
        row[f"{way}_zero_windows"] = windows.count(0) if tcp and sides[side] else NAN
        for kind, name in ((RETRANSMISSION, "retransmissions"), (OUT_OF_ORDER, "out_of_order"),
                           (GAP, "gaps")):
            row[f"{way}_{name}"] = sum(d == side and s == kind for d, s in zip(
                flow.directions, flow.segments)) if tcp else NAN
        hops = [p.ttl for p in sides[side]]
        row[f"{way}_ttl_min"], row[f"{way}_ttl_max"] = min(hops, default=NAN), max(hops, default=NAN)
        row[f"{way}_tos"] = sides[side][0].tos if sides[side] else NAN
    row["anomalous_packets"] = sum(bool(p.anomalies) for p in v.packets)
    for name, kind in KINDS.items():
        row[name] = sum(kind in p.anomalies for p in v.packets)
    row["service"] = v.service or "-"
    applications(v, row)
    return row


def hands(v, sides, row, tcp):
    """Times of the handshake with the options of the first SYN each way."""
    syn = answer = last = None
    for p, d in zip(v.packets, v.flow.directions):
        if not tcp:
            break
        if answer is None:
            if d == 0 and p.flags & (SYN | ACK) == SYN:
                syn = p.time_ns
            if d == 1 and p.flags & (SYN | ACK) == SYN | ACK:
                answer = p.time_ns
        elif last is None and d == 0 and p.flags & ACK and not p.flags & (SYN | RST):
            last = p.time_ns
    first = NAN if syn is None or answer is None else max(answer - syn, 0) / 1e9
    second = NAN if answer is None or last is None else max(last - answer, 0) / 1e9
    row |= {"handshake_syn_ack": first, "handshake_ack": second, "handshake_time": first + second}
    for way, side in SIDES:
        offer = next((p for p in sides[side] if tcp and p.flags & SYN), None)
        row[f"{way}_max_segment"] = offer.maximum_segment if offer and offer.maximum_segment else NAN
        scale = offer.window_scale if offer else 255
        row[f"{way}_window_scale"] = scale if scale != 255 else NAN


def applications(v, row):
    """TLS, DNS, HTTP, SSH, FTP; missing where the protocol was not seen."""
    told = flow_apps.tls(v.texts) if v.service == "ssl" else None
    row["tls_seen"] = told is not None
    client, server = (told["client"], told["server"]) if told else ({}, None)
    name = client.get("sni")

    def version(number):
        return (number >> 8) + (number & 0xFF) / 10

    row["tls_version"] = version(server["version"]) if server else NAN
    row["tls_version_offered"] = version(client["offered"]) if told else NAN
    row["tls_sni_length"] = len(name or b"") if told else NAN
    row["tls_sni_entropy"] = flow_apps.entropy(name) if name else NAN
    row["tls_sni_is_ip"] = flow_apps.is_address(name) if name else NAN
    row["tls_cipher_count"] = len(client["ciphers"]) if told else NAN
    row["tls_extension_count"] = len(client["extensions"]) if told else NAN
    row["tls_alpn_seen"] = "alpn" in client if told else NAN
    row["tls_established"] = told["established"] if told else NAN
    messages = flow_apps.dns(flow_apps.dns_messages(v.flow, v.texts),
                             137 in (v.flow.orig[1], v.flow.resp[1])) if v.service == "dns" else []
    row["dns_seen"] = bool(messages)
    queries = [m for m in messages if not m["answer"]]
    answers = [m for m in messages if m["answer"]]
    questions = [q for m in messages for q in m["questions"]]
    names = [b".".join(labels).lower() for labels, _ in questions]
    seen = bool(messages)
    row["dns_query_length"] = max(map(len, names), default=NAN)
    row["dns_query_entropy"] = max(map(flow_apps.entropy, names), default=NAN)
    row["dns_query_labels"] = max((len(labels) for labels, _ in questions), default=NAN)
    row["dns_query_type"] = DNS_TYPES.get(questions[0][1], "other") if questions else None
    row["dns_queries"] = len(queries) if seen else NAN
    row["dns_responses"] = len(answers) if seen else NAN
    row["dns_answers"] = sum(m["answers"] for m in messages) if seen else NAN
    row["dns_response_code"] = answers[0]["code"] if answers else NAN
    row["dns_errors"] = sum(m["code"] != 0 for m in answers) if seen else NAN
    row["dns_ttl_min"] = min((t for m in messages for t in m["lives"]), default=NAN)
    row["dns_tunnel_types"] = (
        sum(q[1] in flow_apps.TUNNEL_TYPES for m in queries for q in m["questions"])
        if seen else NAN)
    http(v, row)
    texts = v.texts if v.service == "ssh" else [b"", b""]
    banners = [next((line for line in flow_apps.lines(text) if line.startswith(b"SSH-")), None)
               for text in texts]
    row["ssh_seen"] = any(banners)
    for name, banner in zip(("client", "server"), banners):
        row[f"ssh_{name}_length"] = len(banner) if banner else NAN
    is_ftp = v.service == "ftp"
    row["ftp_seen"] = is_ftp
    row["ftp_commands"] = len(ftp(v)) if is_ftp else NAN
    row["ftp_login"] = any(
        line.startswith(b"230") for line in flow_apps.lines(v.texts[1])) if is_ftp else NAN


def http(v, row):
    requests, answers = v.http or ([], [])
    seen = bool(requests or answers)
    row["http_seen"] = seen
    method = requests[0]["method"] if requests else None
    row["http_method"] = method if method in METHODS else "other" if method else None
    row["http_status"] = answers[0]["status"] if answers else NAN
    row["http_requests"] = len(requests) if seen else NAN
    row["http_responses"] = len(answers) if seen else NAN
    row["http_errors"] = sum(a["status"] >= 400 for a in answers) if seen else NAN
    first = requests[0]["fields"] if requests else {}
    for column, field in (("http_host_length", b"host"), ("http_user_agent_length", b"user-agent")):
        row[column] = min(len(first.get(field, b"")), 256) if seen else NAN
    row["http_uri_length"] = max((len(r["uri"]) for r in requests), default=0) if seen else NAN
    row["http_request_body_bytes"] = sum(r["body"] for r in requests) if seen else NAN
    row["http_response_body_bytes"] = sum(a["body"] for a in answers) if seen else NAN


SETS = {
    "tripline": tripline,
    "unsw_nb15": unsw,
    "unsw_nb15_csv": unsw_csv,
    "cicflowmeter": cic,
    "cicflowmeter_2018": cic_2018,
}
