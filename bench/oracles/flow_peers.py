"""How far NFStream 6.6.0 and cicflowmeter 0.2.0 (Python) agree with our columns, one by one.

usage: flow_peers.py nfstream|cicflowmeter DATA_FOLDER

Prints for each shared column the share of flows whose values agree to 1e-6 (times of NFStream: to
the millisecond that it keeps), over the captures of flow_features.py. Ours are the rows of that
script, to which the engine is equal. A flow is paired with the peer's of the same endpoints that
began next, if both have as many packets each way; how many are, is printed first.

NFStream: 496 of 514 flows are paired, every column agrees in 99.8 % to 100 % of them. Its standard
deviations are over n - 1, ours over n, which the script allows for. The others are flows that we
end 5 s after TCP closed them, and flows whose first packet is an answer, which we turn.

cicflowmeter: 458 of 514 flows are paired; it ends flows 240 s after their last packet, or at a FIN
of another flow, and reads no IPv6. Why columns differ, by its source:
- lengths (`*_len_*`, `totlen_*`, `*_byts_s`, `*_seg_size_avg`, `pkt_size_avg`) are those of frames,
  ours of payload, as the original has them;
- statistics of one value alone are 0 (`get_statistics` asks for two): `*_iat_*`, `active_*`,
  `idle_*`; standard deviations are over n, ours over n - 1 as the original's;
- `*_header_len`, `fwd_seg_size_min`: the IP header for TCP, 8 for UDP; ours the transport header;
- bulks end after 1 ms without a packet, ours after 1 s as the original's; active times after 5 ms,
  with a difference taken for a time; subflows are not counted (the whole flow is one);
- `init_bwd_win_byts` is the window of the last packet; both are 0 for UDP, ours -1.
"""

import math
import os
import re
import sys
import tempfile
from collections import defaultdict

import flow_features
import flow_sets
from flow_packets import TCP, UDP, text

# NFStream's column, ours, factor.
NFSTREAM = {"bidirectional_packets": ("packet_count", 1), "bidirectional_bytes": ("total_bytes", 1),
            "bidirectional_duration_ms": ("duration", 1e3)}
for theirs, ours in (("bidirectional", ""), ("src2dst", "fwd_"), ("dst2src", "bwd_")):
    if ours:
        NFSTREAM[f"{theirs}_packets"] = (f"{ours}packets", 1)
        NFSTREAM[f"{theirs}_bytes"] = (f"{ours}bytes", 1)
    for kind, name in (("min", "min"), ("mean", "mean"), ("stddev", "std"), ("max", "max")):
        NFSTREAM[f"{theirs}_{kind}_ps"] = (f"{ours}size_{name}", 1)
        NFSTREAM[f"{theirs}_{kind}_piat_ms"] = (f"{ours}iat_{name}", 1e3)
    flags = ("syn", "ack", "fin", "rst", "psh", "urg", "ece", "cwr")
    for flag in flags if not ours else ("syn", "rst", "fin", "psh"):
        NFSTREAM[f"{theirs}_{flag}_packets"] = (f"{ours or 'tcp_'}{flag}_count", 1)


def nfstream(path):
    """Endpoints, packets each way, start in ms, values."""
    from nfstream import NFStreamer

    streamer = NFStreamer(source=path, statistical_analysis=True, idle_timeout=120,
                          active_timeout=1800, n_dissections=0, decode_tunnels=False)
    for flow in streamer:
        ends = frozenset([(flow.src_ip, flow.src_port), (flow.dst_ip, flow.dst_port)])
        yield (flow.protocol, ends), flow.bidirectional_first_seen_ms, (
            flow.src_ip, flow.src2dst_packets, flow.dst2src_packets), {
                name: getattr(flow, name) for name in NFSTREAM}


class Rows(list):
    """Takes flows where the tool's own writer would."""

    write = list.append


def cicflowmeter(path):
    # The tool's command reads nothing with scapy 2.8, which calls sessions another way.
    from cicflowmeter.flow_session import FlowSession
    from scapy.all import PcapReader

    with tempfile.NamedTemporaryFile(suffix=".csv") as file:
        FlowSession.output_mode, FlowSession.output = "csv", file.name
        session = FlowSession()
        session.output_writer = Rows()
        for packet in PcapReader(path):
            if "IP" in packet and ("TCP" in packet or "UDP" in packet):
                session.on_packet_received(packet)
        session.garbage_collect(None)
    for row in session.output_writer:
        ends = frozenset([(row["src_ip"], int(row["src_port"])),
                          (row["dst_ip"], int(row["dst_port"]))])
        yield (int(row["protocol"]), ends), str(row["timestamp"]), (
            row["src_ip"], int(row["tot_fwd_pkts"]), int(row["tot_bwd_pkts"])), row


def snake(name):
    return re.sub(r"[ /]", "_", name).lower()


def agree(a, b, slack):
    if a is None or b in (None, ""):
        return a is None and b in (None, "")
    a, b = float(a), float(b)
    return abs(a - b) <= max(1e-6 * max(abs(a), abs(b)), slack)


def main(peer, data):
    read, columns = {
        "nfstream": (nfstream, flow_sets.tripline),
        "cicflowmeter": (cicflowmeter, flow_sets.cic_2018),
    }[peer]
    same, of, flows_all, paired = defaultdict(int), defaultdict(int), 0, 0
    for capture in flow_features.CAPTURES:
        path = os.path.join(data, "pcaps", capture)
        theirs = defaultdict(list)
        for key, start, counts, values in read(path):
            theirs[key].append((start, counts, values))
        for list_ in theirs.values():
            list_.sort(key=lambda flow: flow[0])
        flows = flow_features.rows(path)
        order = sorted(range(len(flows)), key=lambda i: flows[i].start_ns)
        for at in order:
            flow = flows[at]
            if flow.key[0] not in (TCP, UDP):
                continue
            flows_all += 1
            ends = [(text(address), port) for address, port in (flow.orig, flow.resp)]
            waiting = theirs[(flow.key[0], frozenset(ends))]
            sent = [flow.directions.count(0), flow.directions.count(1)]
            if not waiting or waiting[0][1] != (ends[0][0], *sent):
                continue
            paired += 1
            values = waiting.pop(0)[2]
            ours = columns(flow, flows, at)
            if peer == "nfstream":
                shared = {name: (ours[column], factor) for name, (column, factor) in NFSTREAM.items()}
            else:
                shared = {snake(name): (value, 1) for name, value in ours.items()}
            for name, (value, factor) in shared.items():
                if name not in values:
                    continue
                value = flow_features.cell(value)
                if "stddev" in name and value is not None:
                    # Ours is over n, NFStream's over n - 1.
                    side = {"b": sum(sent), "s": sent[0], "d": sent[1]}[name[0]]
                    n = side - name.endswith("piat_ms")
                    factor *= math.sqrt(n / (n - 1)) if n > 1 else 1
                value = value * factor if isinstance(value, (int, float)) else value
                slack = 1.0 if name.endswith("_ms") else 0.0
                missing = value is None and float(values[name] or 0) == 0
                of[name] += 1
                same[name] += missing or agree(value, values[name], slack)
                if peer == "cicflowmeter" and value is not None:
                    # Some of its times are in seconds.
                    of[name + " (s)"] += 1
                    same[name + " (s)"] += agree(float(value) / 1e6, values[name], 0)
    print(f"{paired} of {flows_all} flows of TCP and UDP paired")
    for name in of:
        if name.endswith(" (s)"):
            continue
        unit = ""
        if same[name + " (s)"] > same[name]:
            unit, share = " in seconds", same[name + " (s)"] / of[name + " (s)"]
        else:
            share = same[name] / of[name]
        print(f"{share:7.1%} {name}{unit}")


if __name__ == "__main__":
    main(*sys.argv[1:])
