"""Every column of every feature set from packets, written a second time from the documented
definitions: numpy 2, no code of Tripline's.

usage: flow_features.py DATA_FOLDER OUTPUT_FOLDER

DATA_FOLDER holds `pcaps/`; OUTPUT_FOLDER takes `flow_features_SET.json.gz` for each set, which
`crates/engine/tests/it/features_oracle.rs` compares with what the engine gives.
"""

import gzip
import io
import json
import math
import os
import sys

import flow_packets
import flow_sets
import flow_table

# Real traffic of TCP, UDP, ICMP, ICMPv6, IGMP over IPv4 and IPv6 with DNS, HTTP, TLS, SSH, FTP,
# SMTP; attacks; retransmissions; flows of more than 64 packets.
CAPTURES = [
    "attacks/test7-malicious.pcap",
    "attacks/test12-icmp-portscan.pcap",
    "zeek/Traces/wikipedia.pcap",
    "zeek/Traces/smtp.pcap",
    "zeek/Traces/ftp/ipv6.pcap",
    "zeek/Traces/ssh/ssh.pcap",
    "ndpi/pcap/android.pcap",
    "ndpi/pcap/iphone.pcap",
    "ndpi/pcap/http_ipv6.pcap",
    "ndpi/pcap/bad-dns-traffic.pcap",
]


def cell(value):
    if value is None or isinstance(value, str):
        return value
    value = float(value)
    if math.isnan(value):
        return None
    return int(value) if value == int(value) and abs(value) < 2**53 else value


def rows(path):
    """Flows in the order of their last packet, then of the number of their first."""
    flows = flow_table.flows(flow_packets.read(path))
    return sorted(flows, key=lambda flow: (flow.last_ns, flow.packets[0].number))


def main(data, output):
    for name, columns in flow_sets.SETS.items():
        captures = []
        for capture in CAPTURES:
            flows = rows(os.path.join(data, "pcaps", capture))
            table = [columns(flow, flows, at) for at, flow in enumerate(flows)]
            values = {column: [cell(row[column]) for row in table] for column in table[0]}
            numbers = [flow.packets[0].number for flow in flows]
            captures.append({"capture": capture, "flows": numbers, "values": values})
        text = json.dumps({"set": name, "captures": captures}, separators=(",", ":"))
        raw = io.BytesIO()
        # No name and no time, so that the same rows give the same bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as file:
            file.write(text.encode())
        path = os.path.join(output, f"flow_features_{name}.json.gz")
        with open(path, "wb") as file:
            file.write(raw.getvalue())
        print(name, sum(len(c["flows"]) for c in captures), "flows", len(raw.getvalue()), "bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
