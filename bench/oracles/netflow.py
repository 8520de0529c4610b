"""Datagrams of NetFlow 5, 9 and IPFIX written by scapy 2.8, with the records that stand in them.

usage: netflow.py OUTPUT.json

Numbers are drawn with seed 0. For each case: the datagrams in hexadecimal, in order, and each
record as it was given to scapy (times in nanoseconds since 1970, worked out here from the uptime).
"""

import json
import random
import sys

import scapy
from scapy.layers.netflow import (
    GetNetflowRecordV9,
    NetflowDataflowsetV9,
    NetflowFlowsetV9,
    NetflowHeader,
    NetflowHeaderV5,
    NetflowHeaderV9,
    NetflowHeaderV10,
    NetflowOptionsFlowsetOptionV9,
    NetflowOptionsFlowsetScopeV9,
    NetflowOptionsFlowsetV9,
    NetflowRecordV5,
    NetflowTemplateFieldV9,
    NetflowTemplateV9,
)
from scapy.packet import Raw

assert scapy.__version__.startswith("2.8"), scapy.__version__
rng = random.Random(0)
SENT_S, UPTIME_MS = 1_700_000_000, 90_000
WRAP = 1 << 32
cases = {}


def address(version):
    if version == 4:
        return f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
    return f"2001:db8::{rng.randrange(1, 65536):x}:{rng.randrange(1, 65536):x}"


def record(version=4):
    start = rng.randrange(10_000, 100_000)
    return {
        "source": address(version),
        "destination": address(version),
        # The ports say that the source is the initiator.
        "source_port": rng.randrange(1024, 65536),
        "destination_port": rng.randrange(1, 1024),
        "protocol": rng.choice([6, 17]),
        "flags": rng.choice([0x02, 0x12, 0x1B]),
        "packets": rng.randrange(1, 100_000),
        "bytes": rng.randrange(100, 1 << 31),
        # Milliseconds before the datagram; the first lie before a wrap of the uptime.
        "ago": [start, start - rng.randrange(0, 10_000)],
    }


def expected(records, scale=1):
    rows = []
    for r in records:
        start, end = ((SENT_S * 1000 - ago) * 1_000_000 for ago in r["ago"])
        row = {k: v for k, v in r.items() if k != "ago"}
        row.update(start_ns=start, end_ns=end, packets=r["packets"] * scale, bytes=r["bytes"] * scale)
        # One direction alone: an attempt, unless the flags hold a FIN.
        row["state"] = "SH" if r["protocol"] == 6 and r["flags"] & 1 else "S0"
        rows.append(row)
    return rows


def case(name, datagrams, rows):
    cases[name] = {"datagrams": [bytes(d).hex() for d in datagrams], "records": rows}


def uptime(ago):
    return (UPTIME_MS - ago) % WRAP


def v5(name, sampling, scale):
    records = [record() for _ in range(30)]
    packet = NetflowHeader(version=5) / NetflowHeaderV5(
        count=30, sysUptime=UPTIME_MS, unixSecs=SENT_S, unixNanoSeconds=0, flowSequence=1000,
        engineType=1, engineID=2, samplingInterval=sampling,
    )
    for r in records:
        packet /= NetflowRecordV5(
            src=r["source"], dst=r["destination"], dpkts=r["packets"], dOctets=r["bytes"],
            first=uptime(r["ago"][0]), last=uptime(r["ago"][1]), srcport=r["source_port"],
            dstport=r["destination_port"], tcpFlags=r["flags"], prot=r["protocol"],
        )
    case(name, [packet], expected(records, scale))


# The two high bits are the mode.
v5("v5", 0, 1)
v5("v5 sampled", 1 << 14 | 100, 100)


def fields(version, times, width):
    kinds = {4: (8, 12, 4), 6: (27, 28, 16)}[version]
    numbers = [
        (kinds[0], kinds[2]), (kinds[1], kinds[2]), (7, 2), (11, 2), (4, 1), (6, 1), (5, 1),
        (2, width), (1, width), (times[0], times[2]), (times[1], times[2]),
    ]
    return [NetflowTemplateFieldV9(fieldType=kind, fieldLength=size) for kind, size in numbers]


def template(number, version, times, width, flow_set):
    listed = fields(version, times, width)
    return NetflowFlowsetV9(
        flowSetID=flow_set,
        templates=[
            NetflowTemplateV9(templateID=number, fieldCount=len(listed), template_fields=listed)
        ],
    )


def packed(r, version, clock, width, time_bytes):
    """A record as bytes; scapy takes those of a data set as they are."""
    import ipaddress

    value = lambda number, size: number.to_bytes(size, "big")
    start, end = (clock(ago) for ago in r["ago"])
    return (
        ipaddress.ip_address(r["source"]).packed + ipaddress.ip_address(r["destination"]).packed
        + value(r["source_port"], 2) + value(r["destination_port"], 2) + value(r["protocol"], 1)
        + value(r["flags"], 1) + b"\0" + value(r["packets"], width) + value(r["bytes"], width)
        + value(start, time_bytes) + value(end, time_bytes)
    )


def data(number, records, version, clock, width, time_bytes):
    body = b"".join(packed(r, version, clock, width, time_bytes) for r in records)
    body += bytes(-len(body) % 4)
    return Raw(number.to_bytes(2, "big") + (len(body) + 4).to_bytes(2, "big") + body)


def v9(one, sequence):
    return NetflowHeader(version=9) / NetflowHeaderV9(
        count=1, sysUptime=UPTIME_MS, unixSecs=SENT_S, packageSequence=sequence, SourceID=7
    ) / one


def ipfix(one, sequence):
    packet = NetflowHeader(version=10) / NetflowHeaderV10(
        ExportTime=SENT_S, flowSequence=sequence, ObservationDomainID=7
    ) / one
    raw = bytes(packet)
    # scapy leaves the length to be filled in.
    return raw[:2] + len(raw).to_bytes(2, "big") + raw[4:]


for version in (4, 6):
    records = [record(version) for _ in range(12)]
    case(
        f"v9 IPv{version}",
        [
            v9(template(256 + version, version, (22, 21, 4), 4, 0), sequence=5),
            v9(data(256 + version, records, version, uptime, 4, 4), sequence=6),
        ],
        expected(records),
    )
    records = [record(version) for _ in range(12)]
    millis = lambda ago: SENT_S * 1000 - ago
    case(
        f"ipfix IPv{version}",
        [
            ipfix(template(300 + version, version, (152, 153, 8), 8, 2), 0),
            ipfix(data(300 + version, records, version, millis, 8, 8), 0),
        ],
        expected(records),
    )

# Sampling told by an options record of the system: one of 50.
option = lambda kind, size: NetflowOptionsFlowsetOptionV9(optionFieldType=kind, optionFieldlength=size)
scope = NetflowOptionsFlowsetScopeV9(scopeFieldType=1, scopeFieldlength=4)
records = [record() for _ in range(3)]
v9_options = NetflowOptionsFlowsetV9(
    templateID=400, option_scope_length=4, option_field_length=8, scopes=[scope],
    options=[option(34, 4), option(35, 1)],
)
case(
    "v9 sampled",
    [
        v9(v9_options, sequence=5),
        v9(Raw(bytes.fromhex("0190" + "0010" + "00000000" + "00000032" + "02" + "000000")), sequence=6),
        v9(template(260, 4, (22, 21, 4), 4, 0), sequence=7),
        v9(data(260, records, 4, uptime, 4, 4), sequence=8),
    ],
    expected(records, 50),
)
records = [record() for _ in range(3)]
case(
    "ipfix sampled",
    [
        # scapy leaves the options out of this set: by hand after RFC 7011, figure Q.
        ipfix(Raw(bytes.fromhex("000300180190" + "00030001" + "00950004" + "01310004" + "01320004" + "0000")), 0),
        ipfix(Raw(bytes.fromhex("0190" + "0010" + "00000007" + "00000001" + "00000031")), 0),
        ipfix(template(260, 4, (152, 153, 8), 8, 2), 1),
        ipfix(data(260, records, 4, lambda ago: SENT_S * 1000 - ago, 8, 8), 1),
    ],
    expected(records, 50),
)

with open(sys.argv[1], "w") as file:
    json.dump({"scapy": scapy.__version__, "sent_s": SENT_S, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
