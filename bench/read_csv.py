"""Reading a 1-GB CSV on two threads: ours against Polars, in turns.

    python bench/read_csv.py [--gigabytes 1] [--rounds 5]

The table is made up, with the columns of the UNSW-NB15 partition: 45 columns, most of them whole
numbers with a few fractions and words among them. 20,000 distinct rows repeat, which helps neither
side. It lies in a temporary folder and is read from the page cache. Ours is timed whole, as Polars
is, and batch by batch, which is what scoring does; ours also takes the file's SHA-256. Both sides
must find the same rows with the same sum of `dur`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import common

FIELDS = (
    "id dur proto service state spkts dpkts sbytes dbytes rate sttl dttl sload dload sloss dloss "
    "sinpkt dinpkt sjit djit swin stcpb dtcpb dwin tcprtt synack ackdat smean dmean trans_depth "
    "response_body_len ct_srv_src ct_state_ttl ct_dst_ltm ct_src_dport_ltm ct_dst_sport_ltm "
    "ct_dst_src_ltm is_ftp_login ct_ftp_cmd ct_flw_http_mthd ct_src_ltm ct_srv_dst "
    "is_sm_ips_ports attack_cat label"
).split()

POLARS = """
import sys, time, json, polars
start = time.perf_counter()
table = polars.read_csv(sys.argv[1], infer_schema_length=10_000)
seconds = time.perf_counter() - start
peak = next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM")) * 1024
print(json.dumps({"seconds": seconds, "rows": table.height, "sum": table["dur"].sum(), "peak_rss_bytes": peak}))
"""


def block(rows, seed):
    rng = np.random.default_rng(seed)
    fractions = {"dur", "rate", "sload", "dload", "sinpkt", "dinpkt", "sjit", "djit", "tcprtt", "synack", "ackdat"}
    words = {
        "proto": ["tcp", "udp", "unas", "arp"],
        "service": ["-", "dns", "http", "smtp", "ftp"],
        "state": ["FIN", "INT", "CON", "REQ"],
    }
    attack = rng.random(rows) < 0.5
    lines = []
    columns = {}
    for name in FIELDS:
        if name in words:
            columns[name] = rng.choice(words[name], rows)
        elif name in fractions:
            columns[name] = [f"{x:.6f}" for x in rng.lognormal(1, 3, rows)]
        elif name == "attack_cat":
            columns[name] = np.where(attack, rng.choice(["Exploits", "Generic", "DoS"], rows), "Normal")
        elif name == "label":
            columns[name] = attack.astype(int)
        elif name == "id":
            columns[name] = range(1, rows + 1)
        elif name in ("stcpb", "dtcpb"):
            columns[name] = rng.integers(0, 2**32, rows)
        else:
            columns[name] = np.minimum(rng.lognormal(1, 2, rows), 1e6).astype(int)
    for row in zip(*(columns[name] for name in FIELDS)):
        lines.append(",".join(map(str, row)))
    return ("\n".join(lines) + "\n").encode()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--binary", type=Path, help="ours, built already")
    args = parser.parse_args()
    binary = args.binary or common.build()

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "flows.csv"
        rows = block(20_000, seed=0)
        with path.open("wb") as file:
            file.write((",".join(FIELDS) + "\n").encode())
            for _ in range(int(args.gigabytes * 1e9 / len(rows)) + 1):
                file.write(rows)
        path.read_bytes()  # into the page cache
        environment = {**os.environ, "POLARS_MAX_THREADS": "2"}
        commands = {
            "polars": [sys.executable, "-c", POLARS, path],
            "ours, whole": [binary, "read", path],
            "ours, batches": [binary, "read", "--batches", path],
        }
        results = {name: [] for name in commands}
        for _ in range(args.rounds):
            for name, command in commands.items():
                run = subprocess.run(command, env=environment, capture_output=True, check=True, text=True)
                results[name].append(json.loads(run.stdout))
        size = path.stat().st_size
    peer = results["polars"]
    print(f"{size / 1e9:.2f} GB, {peer[0]['rows']:,} rows, median of {args.rounds} rounds, two threads")
    base = statistics.median(run["seconds"] for run in peer)
    for name, runs in results.items():
        assert runs[0]["rows"] == peer[0]["rows"], (name, runs[0])
        assert abs(runs[0]["sum"] - peer[0]["sum"]) <= 1e-9 * abs(peer[0]["sum"]), (name, runs[0])
        seconds = statistics.median(run["seconds"] for run in runs)
        memory = max(run["peak_rss_bytes"] for run in runs) / 2**20
        print(f"{name:14} {seconds:7.2f} s  {seconds / base:5.2f} x Polars  {size / seconds / 1e6:6.0f} MB/s  peak {memory:7.0f} MiB")


if __name__ == "__main__":
    main()
