"""Expected sums of what the logs of sensors tell, counted with json and pandas 3 alone.

usage: sensors.py DATA OUTPUT.json

DATA is the folder of real data. For each log, or folder of logs: how many flows there are, how many
of them other records joined, how many are told by other records alone, sums of packets and bytes,
and how often each state occurs. Nothing of the logs themselves is written.
"""

import collections
import io
import json
import pathlib
import sys

import pandas

APP = ["http", "dns", "ssl", "ssh", "files"]
ENDS = ["id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p"]
data = pathlib.Path(sys.argv[1])


def table(path):
    """The rows of a Zeek log; None if it is none."""
    lines = [line for line in path.read_text(errors="replace").split("\n") if line]
    if lines and lines[0].startswith("{"):
        return pandas.json_normalize([json.loads(line) for line in lines])
    fields = [line.split("\t")[1:] for line in lines if line.startswith("#fields")]
    if not fields:
        return None
    rows = [line for line in lines if not line.startswith("#")]
    return pandas.read_csv(
        io.StringIO("\n".join(rows)),
        sep="\t",
        names=fields[0],
        na_values=["-"],
        keep_default_na=False,
        quoting=3,
        low_memory=False,
    )


def whole(frame, column):
    if column not in frame:
        return 0
    return int(pandas.to_numeric(frame[column], errors="coerce").fillna(0).sum())


def summary(conn):
    pair = lambda name: [whole(conn, f"orig_{name}"), whole(conn, f"resp_{name}")]
    return {
        "packets": pair("pkts"),
        "ip_bytes": pair("ip_bytes"),
        "payload_bytes": pair("bytes"),
        "states": dict(sorted(collections.Counter(conn["conn_state"].dropna()).items())),
        "duration_s": round(
            float(pandas.to_numeric(conn.get("duration", pandas.Series()), errors="coerce").sum()), 3
        ),
    }


def uids(log):
    """Flows that a log names, and those of which it also names the ends."""
    frame = table(log)
    if frame is None:
        return set(), set()
    if "uid" in frame:
        named = set(frame["uid"].dropna())
        return named, named if set(ENDS) <= set(frame.columns) else set()
    # Older `files` logs list their connections, and have no ends.
    column = frame.get("conn_uids", pandas.Series([])).dropna()
    lists = [v if isinstance(v, list) else v.split(",") for v in column]
    return {uid for one in lists for uid in one}, set()


out = {"pandas": pandas.__version__, "folders": {}, "conn": {}, "app": {}, "eve": {}}

for folder in sorted((data / "logs/zeek").iterdir()):
    conn = table(folder / "conn.log")
    named, ended = set(), set()
    for name in APP:
        if (folder / f"{name}.log").exists():
            more = uids(folder / f"{name}.log")
            named |= more[0]
            ended |= more[1]
    known = set(conn["uid"])
    out["folders"][str(folder.relative_to(data))] = {
        "flows": len(conn) + len(ended - known),
        "joined": len(known & named),
        "alone": len(ended - known),
        **summary(conn),
    }

base = data / "pcaps/zeek/Baseline"
for log in sorted(base.glob("*/conn.log")):
    conn = table(log)
    if conn is not None and set(ENDS) <= set(conn.columns):
        out["conn"][log.parent.name] = {"flows": len(conn), **summary(conn)}
for name in APP:
    for log in sorted(base.glob(f"*/{name}.log")):
        frame = table(log)
        if frame is not None:
            named, ended = uids(log)
            out["app"][f"{log.parent.name}/{log.name}"] = {"records": len(frame), "flows": len(ended)}

events = [json.loads(line) for line in (data / "logs/suricata/eve.json").open()]
told = [event for event in events if event["event_type"] == "flow"]
others = [e for e in events if e["event_type"] in ("http", "dns", "tls", "ssh", "alert", "fileinfo")]
ended = {event["flow_id"] for event in told}
flow = pandas.json_normalize(told)
out["eve"] = {
    "events": dict(sorted(collections.Counter(e["event_type"] for e in events).items())),
    "flows": len(ended | {event["flow_id"] for event in others}),
    "joined": len(ended & {event["flow_id"] for event in others}),
    "alone": len({event["flow_id"] for event in others} - ended),
    "packets": [int(flow["flow.pkts_toserver"].sum()), int(flow["flow.pkts_toclient"].sum())],
    "link_bytes": [int(flow["flow.bytes_toserver"].sum()), int(flow["flow.bytes_toclient"].sum())],
    "alerts": sum(e["event_type"] == "alert" for e in others),
    "queries": sum(e["event_type"] == "dns" and e["dns"]["type"] == "query" for e in others),
    "answers": sum(e["event_type"] == "dns" and e["dns"]["type"] == "answer" for e in others),
    "requests": sum(e["event_type"] == "http" and "http_method" in e["http"] for e in others),
}

with open(sys.argv[2], "w") as file:
    json.dump(out, file, separators=(",", ":"))
    file.write("\n")
