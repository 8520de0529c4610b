"""Which formulas the published numbers of UNSW-NB15 obey: the evidence behind the set `unsw_nb15`.

    python bench/oracles/unsw_definitions.py DATA/unsw-nb15/UNSW_NB15_82332.csv \\
        DATA/unsw-nb15/raw49_sample_10k.csv

Prints, for each file, the share of rows that obey each formula, with the number of rows to which it
applies. Durations are published in microseconds, so formulas that divide by one are given the
rounding of half a microsecond. Needs numpy alone.
"""

import csv
import sys

import numpy as np

RENAMES = {
    "sintpkt": "sinpkt",
    "dintpkt": "dinpkt",
    "smeansz": "smean",
    "dmeansz": "dmean",
    "res_bdy_len": "response_body_len",
}
TEXTS = {"proto", "service", "state", "attack_cat", "srcip", "dstip", "sport", "dsport"}
WINDOWS = [
    ("ct_srv_src", "ct_src_ltm"),
    ("ct_srv_dst", "ct_dst_ltm"),
    ("ct_src_dport_ltm", "ct_src_ltm"),
    ("ct_dst_sport_ltm", "ct_dst_ltm"),
    ("ct_dst_src_ltm", "ct_src_ltm"),
    ("ct_dst_src_ltm", "ct_dst_ltm"),
]


def read(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names = [RENAMES.get(name.strip(), name.strip()) for name in next(rows)]
        columns = list(zip(*rows))
    table = {}
    for name, column in zip(names, columns):
        if name in TEXTS:
            table[name] = np.array(column)
        else:
            table[name] = np.array([number(cell) for cell in column])
    return table


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return np.nan


def show(name, obeys, where=None):
    where = np.ones(len(obeys), bool) if where is None else where
    count = int(where.sum())
    share = obeys[where].mean() if count else np.nan
    print(f"  {name:<74} {100 * share:7.2f} % of {count:>6}")


def quotient(value, top, seconds):
    """The value equals top / seconds for some duration that rounds to these microseconds."""
    low = top / (seconds + 0.6e-6) * (1 - 1e-5)
    high = top / np.maximum(seconds - 0.6e-6, 1e-9) * (1 + 1e-5)
    return (value >= low) & (value <= high)


def state_ttl(state, sttl, dttl):
    if state == "FIN" and sttl in (62, 63, 254, 255) and dttl in (252, 253):
        return 1
    if state == "INT" and sttl in (0, 62, 254) and dttl == 0:
        return 2
    if state == "CON" and sttl in (62, 254) and dttl in (60, 252, 253):
        return 3
    return {
        ("ACC", 254, 252): 4,
        ("CLO", 254, 252): 5,
        ("REQ", 254, 0): 6,
        ("RST", 254, 252): 7,
    }.get((state, int(sttl), int(dttl)), 0)


def check(path):
    d = read(path)
    rows = len(d["dur"])
    print(f"{path.rsplit('/', 1)[-1]}: {rows} rows")
    tcp, udp, arp = (d["proto"] == name for name in ("tcp", "udp", "arp"))
    long = d["dur"] > 0

    print(" packets were captured twice")
    show("spkts even, tcp", d["spkts"] % 2 == 0, tcp)
    show("dpkts even, tcp", d["dpkts"] % 2 == 0, tcp)
    show("spkts even, udp", d["spkts"] % 2 == 0, udp)
    show("sbytes even, udp", d["sbytes"] % 2 == 0, udp)
    pair = udp & (d["spkts"] == 2) & (d["dpkts"] == 0)
    show("dur < 20 us, udp with 2 packets from the source alone", d["dur"] < 20e-6, pair)
    show("sloss > 0, tcp", d["sloss"] > 0, tcp)
    show("dloss > 0, tcp with packets from the destination", d["dloss"] > 0, tcp & (d["dpkts"] > 0))
    lost = 100 * d["sloss"][tcp].sum() / d["spkts"][tcp].sum()
    print(f"  sum of sloss / sum of spkts, tcp: {lost:.1f} %")

    print(" sizes")
    for side in "sd":
        packets, size = d[side + "pkts"], d[side + "bytes"]
        mean = np.floor(size / np.maximum(packets, 1) + 0.5)
        show(f"{side}mean = floor({side}bytes / {side}pkts + 1/2)", mean == d[side + "mean"])
        least = (size / np.maximum(packets, 1))[tcp & (packets > 0)].min()
        print(f"  least {side}bytes / {side}pkts, tcp: {least:.1f} (an Ethernet frame has 54)")

    print(" rates")
    if "rate" in d:
        show("rate = (spkts + dpkts - 1) / dur",
             quotient(d["rate"], d["spkts"] + d["dpkts"] - 1, d["dur"]), long)
        show("rate = 0 where dur = 0", d["rate"] == 0, ~long)
    for side in "sd":
        packets, size = d[side + "pkts"], d[side + "bytes"]
        some = np.maximum(packets, 1)
        several = (packets > 1) & long
        show(f"{side}load = 8 ({side}bytes - floor({side}bytes / {side}pkts)) / dur",
             quotient(d[side + "load"], 8 * (size - np.floor(size / some)), d["dur"]), several)
        show(f"{side}load = 8 {side}bytes / dur",
             quotient(d[side + "load"], 8 * size, d["dur"]), several)
        show(f"{side}load = 0 where {side}pkts <= 1", d[side + "load"] == 0, packets <= 1)

    print(" gaps (ms)")
    for side in "sd":
        packets, mean, jitter = d[side + "pkts"], d[side + "inpkt"], d[side + "jit"]
        several = (packets > 1) & long
        span = mean * (packets - 1) / 1000
        show(f"{side}inpkt ({side}pkts - 1) <= dur", span <= d["dur"] * 1.001 + 2e-6, several)
        ratio = np.divide(jitter, mean, out=np.zeros(rows), where=mean > 0)
        four = (packets == 4) & (mean > 0)
        show(f"{side}jit = sqrt(2) {side}inpkt, {side}pkts = 4: deviation of gaps 0, x, 0",
             np.isclose(ratio, 2**0.5, rtol=0.02), four)
        many = (packets >= 3) & (mean > 0)
        show(f"{side}jit > sqrt({side}pkts - 2) {side}inpkt: no deviation of these gaps, tcp",
             ratio > np.sqrt(np.maximum(packets - 2, 0)) * 1.01, many & tcp)
        show(f"the same, udp", ratio > np.sqrt(np.maximum(packets - 2, 0)) * 1.01, many & udp)
        wrong = np.sqrt(np.maximum(1000 * (packets - 1) - 1, 0))
        show(f"{side}jit <= sqrt(1000 ({side}pkts - 1) - 1) {side}inpkt: sqrt(1000 E[x^2] - E[x]^2)",
             ratio <= wrong * 1.01, many)

    print(" handshake, windows, sequence numbers")
    show("tcprtt = synack + ackdat", np.isclose(d["tcprtt"], d["synack"] + d["ackdat"], atol=2e-6))
    show("swin = 255, tcp", d["swin"] == 255, tcp)
    show("dwin = 255, tcp with packets from the destination", d["dwin"] == 255, tcp & (d["dpkts"] > 0))
    show("swin = dwin = 0, not tcp", (d["swin"] == 0) & (d["dwin"] == 0), ~tcp)
    show("stcpb = dtcpb = 0, not tcp", (d["stcpb"] == 0) & (d["dtcpb"] == 0), ~tcp)

    print(" states")
    oneway = d["dpkts"] == 0
    show("CON where both sides sent, INT or REQ else; neither tcp nor icmp",
         np.where(oneway, np.isin(d["state"], ["INT", "REQ"]), d["state"] == "CON"),
         ~tcp & (d["proto"] != "icmp"))
    show("REQ, tcp from the source alone", d["state"] == "REQ", tcp & oneway)
    show("FIN, tcp of both sides", d["state"] == "FIN", tcp & ~oneway)
    show("ct_state_ttl by the table of state, sttl, dttl",
         d["ct_state_ttl"] == [state_ttl(*key) for key in zip(d["state"], d["sttl"], d["dttl"])])
    for ttl in (31, 62, 254):
        attacks = d["label"][d["sttl"] == ttl]
        print(f"  attacks among rows with sttl = {ttl}: {100 * attacks.mean():.2f} % of {len(attacks)}")

    print(" applications")
    # Blank is published as a space, which copies turn into -1.
    commands = np.maximum(np.nan_to_num(d["ct_ftp_cmd"]), 0)
    show("is_ftp_login = ct_ftp_cmd", d["is_ftp_login"] == commands)
    depth, methods = d["trans_depth"], np.nan_to_num(d["ct_flw_http_mthd"])
    show("ct_flw_http_mthd is 0 or 1", methods <= 1)
    show("ct_flw_http_mthd is a square of 2 or more, among those over 1",
         np.isin(methods, [4, 9, 16, 25, 36]), methods > 1)
    show("trans_depth = 1 where ct_flw_http_mthd > 1", depth == 1, methods > 1)
    show("response_body_len <= dbytes, where > 0",
         d["response_body_len"] <= d["dbytes"], d["response_body_len"] > 0)
    show("is_sm_ips_ports = 1 is arp", arp, d["is_sm_ips_ports"] == 1)

    print(" windows: a count of a narrower key is at most that of a wider, in one window")
    for narrow, wide in WINDOWS:
        show(f"{narrow} <= {wide}", d[narrow] <= d[wide])
    for name in sorted({name for pair in WINDOWS for name in pair}):
        print(f"  {name}: {d[name].min():.0f} to {d[name].max():.0f}")
    if "srcip" in d:
        ten = np.char.startswith(d["srcip"], "59.166.0.")
        share = np.mean(ten)
        hosts = len(set(d["srcip"][ten]))
        # A stationary mix of k sources gives a mean of at least 1 + 99 share / k in a window of 100.
        print(f"  {hosts} sources 59.166.0.* have {100 * share:.1f} % of rows: ct_src_ltm in a window of "
              f"100 has a mean of at least {1 + 99 * share / hosts:.1f}; it is "
              f"{d['ct_src_ltm'][ten].mean():.1f}")


for argument in sys.argv[1:]:
    check(argument)
