"""What a column type must look like in Parquet: restated here, independently of the writer."""

import csv
import json

# SQL name -> (physical type, logical type as pyarrow prints it in JSON, has no null)
FIXED = {
    "BOOLEAN": ("BOOLEAN", {"Type": "None"}, True),
    "BYTE": ("INT32", {"Type": "Int", "bitWidth": 8, "isSigned": True}, True),
    "SHORT": ("INT32", {"Type": "Int", "bitWidth": 16, "isSigned": True}, True),
    "CHAR": ("INT32", {"Type": "Int", "bitWidth": 16, "isSigned": False}, True),
    "INT": ("INT32", {"Type": "None"}, False),
    "IPv4": ("INT32", {"Type": "Int", "bitWidth": 32, "isSigned": False}, False),
    "LONG": ("INT64", {"Type": "None"}, False),
    "DATE": ("INT64", {"Type": "Timestamp", "timeUnit": "milliseconds"}, False),
    "TIMESTAMP": ("INT64", {"Type": "Timestamp", "timeUnit": "microseconds"}, False),
    "TIMESTAMP_NS": ("INT64", {"Type": "Timestamp", "timeUnit": "nanoseconds"}, False),
    "FLOAT": ("FLOAT", {"Type": "None"}, False),
    "DOUBLE": ("DOUBLE", {"Type": "None"}, False),
    "STRING": ("BYTE_ARRAY", {"Type": "String"}, False),
    "VARCHAR": ("BYTE_ARRAY", {"Type": "String"}, False),
    "SYMBOL": ("BYTE_ARRAY", {"Type": "String"}, False),
    "BINARY": ("BYTE_ARRAY", {"Type": "None"}, False),
    "UUID": ("FIXED_LEN_BYTE_ARRAY", {"Type": "UUID"}, False),
    "LONG128": ("FIXED_LEN_BYTE_ARRAY", {"Type": "None"}, False),
    "LONG256": ("FIXED_LEN_BYTE_ARRAY", {"Type": "None"}, False),
}


def of_columns_csv(path):
    """{column: SQL type} and the name of the designated timestamp, from `SHOW COLUMNS`."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    designated = [row["column"] for row in rows if row["designated"] == "true"]
    return {row["column"]: row["type"] for row in rows}, designated[0] if designated else None


def expected(sql):
    if sql.startswith("GEOHASH"):
        digits, unit = sql[len("GEOHASH(") : -2], sql[-2]
        bits = int(digits) * (5 if unit == "c" else 1)
        width = 8 if bits < 8 else 16 if bits < 16 else 32 if bits < 32 else 64
        logical = {"Type": "Int", "bitWidth": width, "isSigned": True}
        return ("INT64" if width == 64 else "INT32", logical, False)
    if sql.startswith("DECIMAL"):
        precision, scale = (int(part) for part in sql[len("DECIMAL(") : -1].split(","))
        logical = {"Type": "Decimal", "precision": precision, "scale": scale}
        return ("FIXED_LEN_BYTE_ARRAY", logical, False)
    return FIXED[sql]


def type_faults(schema, types, designated):
    """Yields one line for each column of a pyarrow ParquetSchema that is not what it must be."""
    leaves = {schema.column(at).path: schema.column(at) for at in range(len(schema))}
    for name, sql in types.items():
        if sql.startswith("DOUBLE["):
            dims = sql.count("[]")
            path = ".".join([name] + ["list", "element"] * dims)
            leaf = leaves.get(path)
            if leaf is None or leaf.physical_type != "DOUBLE":
                yield f"{name}: no DOUBLE leaf at {path}"
            continue
        leaf = leaves.get(name)
        if leaf is None:
            yield f"{name}: missing"
            continue
        physical, logical, required = expected(sql)
        if leaf.physical_type != physical:
            yield f"{name} ({sql}): {leaf.physical_type}, must be {physical}"
        found = json.loads(leaf.logical_type.to_json())
        if any(found.get(key) != value for key, value in logical.items()):
            yield f"{name} ({sql}): logical type {found}, must have {logical}"
        if found.get("Type") == "Timestamp" and not found["isAdjustedToUTC"]:
            yield f"{name} ({sql}): not in UTC"
        required = required or name == designated
        if (leaf.max_definition_level == 0) != required:
            yield f"{name} ({sql}): must be {'required' if required else 'optional'}"
