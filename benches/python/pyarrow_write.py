"""pyarrow writes the rows of an Arrow IPC file to Parquet; prints rows and its own times.

usage: pyarrow_write.py pyarrow|pyarrow-defaults IPC PARQUET

`pyarrow` tries dictionaries only where a user who knows the data would; `pyarrow-defaults` tries
them everywhere, as the library does when nothing is said.
"""

import json
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP_ROWS = 1_000_000


def main(style, ipc, parquet):
    wall, cpu = time.perf_counter(), time.process_time()
    dictionaries = {"pyarrow": ["symbol", "side", "venue_id"], "pyarrow-defaults": True}[style]
    rows = 0
    with pa.memory_map(ipc) as source:
        reader = pa.ipc.open_file(source)
        options = {"compression": "zstd", "compression_level": 1, "use_dictionary": dictionaries}
        with pq.ParquetWriter(parquet, reader.schema, **options) as writer:
            for at in range(reader.num_record_batches):
                batch = reader.get_batch(at)
                writer.write_batch(batch, row_group_size=ROW_GROUP_ROWS)
                rows += batch.num_rows
    times = {"wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    print(json.dumps({"rows": rows, **times}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
