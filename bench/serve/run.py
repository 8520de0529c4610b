"""The service under load, beside FastAPI with LightGBM, one after the other in one run.

    TRIPLINE_DATA=… python bench/serve/run.py [--seconds 8] [--turns 3] [--only NAME…] [--binary …]

Both serve gradient boosting of 300 trees with 31 leaves, trained on the 42 columns of the 82,332-row
UNSW-NB15 file, with an API key, over kept connections; `tripline-bench load` puts the load on both
from the same two cores. What is measured, by name: `predict` (requests a second), `rate` (latency at
10,000 a second), `shap` (exact SHAP values in every answer), `reasons` (reasons asked for scores over
the threshold, 1 % of the records), `durable` (answers that wait until their detection is on disk: 1 % of
the records, then all of them), `arrow` (100,000 flows in one Arrow stream), `swaps` (100 deploys
and rollbacks under load), `cache` (the result cache beside none: the same 2,000 records again and
again, which is the most that it can save, and 80,000 records of which few fit, which is what it costs),
`rest` (memory before any request, time from start to ready), `hour`
(memory over --minutes of load). Rates are medians over the turns. No figure here tells how well a
model detects: the file is trained on and scored.

Needs lightgbm, fastapi, uvicorn, uvloop, httptools, orjson, pyarrow, numpy, pandas.
"""

import argparse
import atexit
import io
import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import common

HERE = Path(__file__).resolve().parent


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def call(port, method, path, body=None, key=None, kind="application/json", timeout=120):
    """Status with body."""
    headers = {"content-type": kind}
    if key:
        headers["x-api-key"] = key
    data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def wait_until_ready(port, path, seconds=60):
    start = time.perf_counter()
    while time.perf_counter() - start < seconds:
        try:
            if call(port, "GET", path, timeout=1)[0] == 200:
                return time.perf_counter() - start
        except OSError:
            pass
        time.sleep(0.01)
    sys.exit(f"nothing answers at {path}")


def resident(pid):
    """Resident memory in MB of a process with its children."""
    total = 0
    pids = [pid]
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        pids.append(int(child))
    for one in pids:
        status = Path(f"/proc/{one}/status").read_text()
        total += int(re.search(r"VmRSS:\s+(\d+)", status).group(1))
    return total / 1024


class Ours:
    """`tripline serve` on a fresh folder, with a key and the model."""

    def __init__(self, binary, folder):
        self.binary, self.folder = binary, Path(folder)
        self.port = free_port()
        self.log = open(self.folder / "serve.log", "w")
        self.start()

    def start(self, settings=None):
        began = time.perf_counter()
        self.process = subprocess.Popen(
            [self.binary, "serve", "--data-dir", self.folder / "data", "--port", str(self.port)],
            stdout=self.log, stderr=subprocess.STDOUT, env={**os.environ, **(settings or {})},
        )
        wait_until_ready(self.port, "/readyz")
        self.ready_seconds = time.perf_counter() - began

    def prepare(self, model):
        text = Path(self.log.name).read_text()
        found = re.search(r"tlt_[0-9a-zA-Z_-]+", text)
        if not found:
            sys.exit(f"no token in what the service printed:\n{text}")
        token = found.group(0)
        status, body = call(self.port, "POST", "/api/v1/keys",
                            {"name": "load", "scopes": ["predict", "read"]}, key=token)
        assert status == 201, body
        self.key = json.loads(body)["key"]
        self.token = token
        self.ids = [self.upload(model), self.upload(model)]
        self.deploy(self.ids[0])

    def upload(self, model):
        status, body = call(self.port, "POST", "/api/v1/models?name=unsw_boosting",
                            Path(model).read_bytes(), self.token, "application/octet-stream")
        assert status == 201, body
        return json.loads(body)["model_id"]

    def deploy(self, model_id):
        status, body = call(self.port, "POST", f"/api/v1/models/{model_id}/deploy", {}, self.token)
        assert status == 200, body

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)


class Peer:
    """FastAPI under two workers of uvicorn."""

    def __init__(self, folder, features, attack, codes, threshold=0.5):
        import lightgbm

        folder = Path(folder)
        table = pd.DataFrame({
            column: features[column].map(codes[column]) if column in codes else features[column]
            for column in features
        }).to_numpy(float)
        categories = [i for i, column in enumerate(features) if column in codes]
        booster = lightgbm.train(
            {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 2, "seed": 0},
            lightgbm.Dataset(table, attack, categorical_feature=categories), 300,
        )
        booster.save_model(folder / "peer.txt")
        (folder / "peer.json").write_text(json.dumps(
            {"columns": list(features), "codes": codes, "threshold": threshold}))
        self.port, self.key = free_port(), "peer-key"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "peer:app", "--port", str(self.port), "--workers", "2",
             "--log-level", "warning", "--no-access-log"],
            cwd=HERE, env={**os.environ, "PEER_MODEL": str(folder / "peer.txt"),
                           "PEER_SCHEMA": str(folder / "peer.json"), "PEER_KEY": self.key,
                           "OMP_NUM_THREADS": "1"},
        )
        wait_until_ready(self.port, "/livez")

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def load(bench, service, path, bodies, seconds, rate=0, connections=32):
    out = subprocess.run(
        [bench, "load", f"127.0.0.1:{service.port}", path, bodies, "--header",
         f"X-API-Key: {service.key}", "--seconds", str(seconds), "--warm-up", "1",
         "--rate", str(rate), "--connections", str(connections)],
        check=True, capture_output=True, text=True,
    )
    return json.loads(out.stdout)


def show(name, what, **values):
    text = ", ".join(f"{k} {v:,.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
    print(f"{name:8} {what:9} {text}", flush=True)


def records(features, index, path):
    rows = features.iloc[index].to_dict("records")
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def arrow(service, features, args):
    import pyarrow as pa

    table = pd.concat([features, features]).iloc[:100_000]
    batch = pa.Table.from_pandas(table, preserve_index=False)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_table(batch, max_chunksize=65_536)
    body, rates = sink.getvalue(), []
    for _ in range(args.turns + 1):
        began = time.perf_counter()
        status, answer = call(service.port, "POST", "/api/v1/predict/flow/batch?model=unsw_boosting", body,
                              service.key, "application/vnd.apache.arrow.stream")
        seconds = time.perf_counter() - began
        assert status == 200, answer[:500]
        try:
            rows = pa.ipc.open_stream(answer).read_all().num_rows
        except pa.ArrowInvalid:
            rows = json.loads(answer)["rows"]
        assert rows == 100_000, rows
        rates.append(100_000 / seconds)
    show("arrow", "ours", rows_per_second=statistics.median(rates[1:]), body_mb=len(body) / 1e6)


def swaps(bench, service, bodies, path):
    """100 swaps, deploy and rollback in turn, while requests go on."""
    seconds = 40
    loader = subprocess.Popen(
        [bench, "load", f"127.0.0.1:{service.port}", path, bodies, "--header",
         f"X-API-Key: {service.key}", "--seconds", str(seconds), "--warm-up", "0", "--rate", "3000"],
        stdout=subprocess.PIPE, text=True)
    times = {"deploy": [], "rollback": []}
    began = time.perf_counter()
    for number in range(100):
        what = "deploy" if number % 2 == 0 else "rollback"
        at = time.perf_counter()
        status, body = call(service.port, "POST", f"/api/v1/models/{service.ids[1]}/{what}", {}, service.token)
        assert status == 200, (what, body)
        times[what].append(time.perf_counter() - at)
        time.sleep(max(0, seconds * 0.9 * (number + 1) / 100 - (time.perf_counter() - began)))
    seen = json.loads(loader.communicate()[0])
    show("swaps", "ours", swaps=100, answered=seen["answered"], failed=seen["failed"],
         p99=seen["milliseconds"]["p99"], deploy_ms=1000 * statistics.median(times["deploy"]),
         slowest_deploy_ms=1000 * max(times["deploy"]), rollback_ms=1000 * statistics.median(times["rollback"]),
         slowest_rollback_ms=1000 * max(times["rollback"]))


def counted(service, name):
    """A counter of the service."""
    status, text = call(service.port, "GET", "/metrics", key=service.key)
    assert status == 200, text
    return float(re.search(rf"^{name}(?:{{}})? (\S+)", text.decode(), re.MULTILINE).group(1))


def cache(bench, service, loads, path, args):
    """Requests a second with the result cache and without, in turns; the service starts anew."""
    off, on = {}, {"TRIPLINE_SERVE_PREDICTIONS_CACHE_BYTES": str(8 << 20)}
    seen = {(name, kind): [] for name in loads for kind in ("off", "on")}
    for _ in range(args.turns):
        for kind, settings in (("off", off), ("on", on)):
            service.stop()
            service.start(settings)
            atexit.register(service.process.kill)
            for name, bodies in loads.items():
                before = [counted(service, f"tripline_cache_{what}_total") for what in ("hits", "misses")]
                answer = load(bench, service, path, bodies, args.seconds)
                if answer["failed"]:
                    sys.exit(f"cache {name}: {answer['failed']} failed: {answer['first_failure']}")
                after = [counted(service, f"tripline_cache_{what}_total") for what in ("hits", "misses")]
                hits, misses = (b - a for a, b in zip(before, after))
                answer["hit_rate"] = hits / max(1, hits + misses)
                answer["resident"] = resident(service.process.pid)
                seen[name, kind].append(answer)
    for name in loads:
        rates = {}
        for kind in ("off", "on"):
            own = seen[name, kind]
            rates[kind] = statistics.median(s["requests_per_second"] for s in own)
            show("cache", kind, load=name, requests_per_second=rates[kind],
                 hit_rate=statistics.median(s["hit_rate"] for s in own),
                 p50=statistics.median(s["milliseconds"]["p50"] for s in own),
                 p99=statistics.median(s["milliseconds"]["p99"] for s in own),
                 resident_mb=statistics.median(s["resident"] for s in own))
        show("cache", "ratio", load=name, on_over_off=rates["on"] / rates["off"])
    service.stop()
    service.start()
    atexit.register(service.process.kill)


def hour(bench, service, bodies, path, minutes):
    loader = subprocess.Popen(
        [bench, "load", f"127.0.0.1:{service.port}", path, bodies, "--header",
         f"X-API-Key: {service.key}", "--seconds", str(60 * minutes), "--warm-up", "0", "--rate", "3000"],
        stdout=subprocess.PIPE, text=True)
    began = time.perf_counter()
    while loader.poll() is None:
        time.sleep(min(60, 60 * minutes / 4))
        show("hour", "ours", minutes=(time.perf_counter() - began) / 60, resident_mb=resident(service.process.pid))
    seen = json.loads(loader.communicate()[0])
    show("hour", "ours", answered=seen["answered"], failed=seen["failed"], p99=seen["milliseconds"]["p99"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=8)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--only", nargs="*",
                        default=["rest", "predict", "rate", "shap", "reasons", "durable", "arrow", "swaps", "cache"])
    parser.add_argument("--binary", help="folder of tripline and tripline-bench, if they are built")
    args = parser.parse_args()
    if args.binary:
        tripline, bench = (str(Path(args.binary) / name) for name in ("tripline", "tripline-bench"))
    else:
        bench = str(common.build())
        subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=common.ROOT, check=True)
        tripline = str(Path(bench).parent / "tripline")
    file, features, attack, _ = common.unsw()
    codes = {c: {v: i for i, v in enumerate(sorted(features[c].unique()))}
             for c in features if not pd.api.types.is_numeric_dtype(features[c])}
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "unsw.trip"
        subprocess.run(
            [tripline, "train", file, "--model", "gradient_boosting", "--param",
             "n_estimators=300", "--param", "num_leaves=31",
             "--output", model], check=True, stdout=subprocess.DEVNULL)
        ours = Ours(tripline, folder)
        atexit.register(ours.process.kill)
        if "rest" in args.only:
            time.sleep(3)
            show("rest", "ours", first_start_seconds=ours.ready_seconds, resident_mb=resident(ours.process.pid))
            ours.stop()
            ours.start()
            atexit.register(ours.process.kill)
            time.sleep(3)
            show("rest", "ours", next_start_seconds=ours.ready_seconds, resident_mb=resident(ours.process.pid))
        ours.prepare(model)
        peer = None
        if {"predict", "rate", "shap"} & set(args.only):
            peer = Peer(folder, features, attack, codes)
            atexit.register(peer.process.terminate)
        services = {"ours": ours, "FastAPI": peer}
        # Which records the model finds, so that 1 % of a load can be over the threshold.
        status, answer = call(ours.port, "POST", "/api/v1/predict/flow/batch?model=unsw_boosting",
                              "".join(json.dumps(r) + "\n" for r in features.iloc[::20].to_dict("records")).encode(),
                              ours.key, "application/x-ndjson")
        assert status == 200, answer[:300]
        items = [json.loads(line) for line in answer.splitlines()]
        found = np.array([item["prediction"] == "attack" for item in items if "prediction" in item])
        if len(found) != len(features.iloc[::20]):
            sys.exit(f"a record is refused: {[item for item in items if 'prediction' not in item][:2]}")
        index = np.arange(len(features))[::20]
        rng = np.random.default_rng(0)
        quiet, loud = index[~found], index[found]
        usual = np.concatenate([rng.choice(quiet, 1980), rng.choice(loud, 20)])
        bodies = records(features, rng.permutation(usual), Path(folder) / "one-percent.ndjson")
        mixed = records(features, rng.choice(index, 2000), Path(folder) / "mixed.ndjson")
        ask = "/predict/flow"
        our = "/api/v1/predict/flow?model=unsw_boosting"
        if "predict" in args.only:
            in_turns(bench, services, [our, ask], bodies, args, "predict")
        if "rate" in args.only:
            for rate in (1000, 10_000):
                seen = [load(bench, ours, our, bodies, args.seconds, rate) for _ in range(args.turns)]
                show("rate", "ours", asked=rate, failed=sum(s["failed"] for s in seen),
                     **{p: statistics.median(s["milliseconds"][p] for s in seen) for p in ("p50", "p99", "p999")})
            seen = load(bench, peer, ask, bodies, args.seconds, 500)
            show("rate", "FastAPI", asked=500, **{p: seen["milliseconds"][p] for p in ("p50", "p99", "p999")})
        if "shap" in args.only:
            in_turns(bench, services, [our + "&reasons=all", ask + "?reasons=all"], bodies, args, "shap")
        if "reasons" in args.only:
            in_turns(bench, {"ours": ours}, [our + "&reasons=over_threshold"], bodies, args, "reasons")
        if "durable" in args.only:
            alerts = records(features, rng.choice(loud, 2000), Path(folder) / "alerts.ndjson")
            for name, load_of in (("durable", bodies), ("all kept", alerts)):
                in_turns(bench, {"ours": ours}, [our + "&durable=true"], load_of, args, name)
        if "arrow" in args.only:
            arrow(ours, features, args)
        if "swaps" in args.only:
            swaps(bench, ours, mixed, our)
        if "cache" in args.only:
            many = records(features, rng.permutation(len(features))[:80_000], Path(folder) / "many.ndjson")
            cache(bench, ours, {"repeated": mixed, "distinct": many}, our, args)
        if "hour" in args.only:
            hour(bench, ours, bodies, our, args.minutes)
        show("rest", "ours", resident_mb_at_the_end=resident(ours.process.pid))
        if peer:
            peer.stop()
        ours.stop()


def in_turns(bench, services, paths, bodies, args, name):
    """Puts load on each service by its own path, in turns."""
    rates = {label: [] for label in services}
    for _ in range(args.turns):
        for (label, service), path in zip(services.items(), paths):
            seen = load(bench, service, path, bodies, args.seconds)
            if seen["failed"]:
                sys.exit(f"{name} {label}: {seen['failed']} failed: {seen['first_failure']}")
            rates[label].append(seen)
    medians = []
    for label, seen in rates.items():
        medians.append(statistics.median(s["requests_per_second"] for s in seen))
        show(name, label, requests_per_second=medians[-1],
             **{p: statistics.median(s["milliseconds"][p] for s in seen) for p in ("p50", "p99", "p999")})
    if len(medians) == 2:
        show(name, "ratio", ours_over_peer=medians[0] / medians[1])


if __name__ == "__main__":
    main()
