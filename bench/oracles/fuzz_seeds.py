"""Writes the seeds of the fuzz targets that no editor can: Parquet, gzip, zstd.

    python bench/oracles/fuzz_seeds.py fuzz/corpus

polars 2.1.0, pyarrow 26.0.1. Names that start with `good` must be read without an error.
"""

import gzip
import sys
from pathlib import Path

import polars
import pyarrow
import pyarrow.parquet


def main():
    folder = Path(sys.argv[1])
    table = polars.DataFrame(
        {"a": [1.5, None, 3.0], "p": ["tcp", "udp", None], "up": [True, None, False], "label": [0, 1, 0]}
    )
    for codec in ("uncompressed", "snappy", "zstd", "gzip", "lz4"):
        table.write_parquet(folder / "read_parquet" / f"good_{codec}", compression=codec)
    nested = pyarrow.table({"l": [[1], [], None], "t": [1, 2, 3], "label": [0, 1, 0]})
    nested = nested.set_column(1, "t", nested["t"].cast(pyarrow.timestamp("us")))
    pyarrow.parquet.write_table(nested, folder / "read_parquet" / "good_nested")
    good = (folder / "read_parquet" / "good_snappy").read_bytes()
    (folder / "read_parquet" / "cut").write_bytes(good[: len(good) // 2])
    text = table.write_csv().encode()
    packed = gzip.compress(text, mtime=0)
    frame = pyarrow.compress(text, codec="zstd", asbytes=True)
    for name, data in {
        "good_gzip": packed,
        "good_gzip_twice": gzip.compress(text[:20], mtime=0) + gzip.compress(text[20:], mtime=0),
        "good_zstd": frame,
        "cut_gzip": packed[:-6],
        "cut_zstd": frame[:-3],
    }.items():
        (folder / "decompress" / name).write_bytes(data)


if __name__ == "__main__":
    main()
