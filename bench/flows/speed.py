"""Capture file to flows with features: ours against NFStream, in turns.

    python bench/flows/speed.py mix.pcap [--rounds 3] [--set tripline] [--threads 1 2]

`bench/flows/mix --out mix.pcap` writes the capture. NFStream 6 runs with its statistics and the
first 20 packets of each flow, the same time-outs, as many processes as it takes by itself; ours
runs on the threads given, one run for each, without and with other threads' help. Both read from
the page cache: the file is read once before. NFStream is timed in a process of its own, from the
first packet to the last flow, without the start of Python. Prints packets a second with the
medians of all rounds, the ratio, and the peak memory of each (of all of NFStream's processes
together, as the sum of their peaks).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

NFSTREAM = """
import json, sys, time, resource
from nfstream import NFStreamer
def main():
    start = time.perf_counter()
    flows = packets = 0
    for flow in NFStreamer(source=sys.argv[1], statistical_analysis=True, splt_analysis=20,
                           idle_timeout=120, active_timeout=1800):
        flows += 1
        packets += flow.bidirectional_packets
    seconds = time.perf_counter() - start
    # Kilobytes, the largest child beside this process.
    peak = sum(resource.getrusage(who).ru_maxrss for who in
               (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) * 1024
    print(json.dumps({"seconds": seconds, "flows": flows, "packets": packets,
                      "peak_rss_bytes": peak}))
if __name__ == "__main__":
    main()
"""


def run(command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(out.strip().splitlines()[-1])


def nfstream(capture):
    return run([sys.executable, "-c", NFSTREAM, capture])


def ours(binary, capture, threads, feature_set):
    return run([binary, "flows", capture, "--set", feature_set, "--threads", str(threads)])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("capture")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--set", default="tripline")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--without-peer", action="store_true", help="ours alone")
    options = parser.parse_args()
    root = Path(__file__).resolve().parents[2]
    build = ["cargo", "build", "--release", "--quiet", "-p", "tripline-bench"]
    subprocess.run(build, check=True, cwd=root)
    binary = str(root / "target/release/tripline-bench")
    with open(options.capture, "rb") as file:
        while file.read(1 << 24):
            pass
    runs = {}
    for number in range(options.rounds):
        for threads in options.threads:
            result = ours(binary, options.capture, threads, options.set)
            runs.setdefault(f"ours, {threads} threads", []).append(result)
        if not options.without_peer:
            runs.setdefault("NFStream", []).append(nfstream(options.capture))
        print(f"round {number + 1} of {options.rounds} done", file=sys.stderr)
    packets = runs[f"ours, {options.threads[0]} threads"][0]["frames"]
    size = os.path.getsize(options.capture)
    mean = (size - 24 - 16 * packets) / packets
    print(f"{options.capture}: {packets} packets, {mean:.0f} bytes on average")
    medians = {}
    for name, results in runs.items():
        seconds = [result["seconds"] for result in results]
        medians[name] = statistics.median(seconds)
        peak = max(result["peak_rss_bytes"] for result in results) / 2**20
        print(
            f"{name:18} {packets / medians[name] / 1e6:8.3f} M packets/s "
            f"({min(seconds):.2f} to {max(seconds):.2f} s), {results[0]['flows']} flows, "
            f"{peak:.0f} MiB"
        )
        if "stages" in results[0]:
            stages = {
                stage: statistics.median(result["stages"][stage] for result in results)
                for stage in results[0]["stages"]
            }
            print("  " + ", ".join(f"{stage} {value:.3f} s" for stage, value in stages.items()))
            print(f"  {results[0]['bytes_per_open_flow']:.0f} bytes an open flow at the most")
    first = medians[f"ours, {options.threads[0]} threads"]
    if "NFStream" in medians:
        print(f"ours on {options.threads[0]} threads: {medians['NFStream'] / first:.1f} x NFStream")
    for threads in options.threads[1:]:
        gain = first / medians[f"ours, {threads} threads"]
        print(f"{threads} threads: {gain:.2f} x {options.threads[0]}")


if __name__ == "__main__":
    main()
