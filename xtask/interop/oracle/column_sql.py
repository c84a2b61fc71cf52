"""SQL that makes a column of any type, and values for it from a sequence number `x`.

Values are expressions of `x`, not random functions of the server: the same seed gives the same
table. Each has its own share of NULLs.
"""

BASE32 = "'0123456789bcdefghjkmnpqrstuvwxyz'"
# Last characters are digits that both bit counts and character counts can cut.
HASH_TEXT = (
    f"concat(substring({BASE32}, (1 + h % 32)::int, 1), "
    f"substring({BASE32}, (1 + h / 37 % 32)::int, 1), 'u33d8b1234')"
)


def decimal(digits, scale):
    whole = digits - scale
    if whole > 18:
        left = f"h % 1000 - 50, '{'1234567890' * 6}"[: len("h % 1000 - 50, '") + whole - 4] + "'"
    else:
        left = f"h % {2 * 10 ** min(whole, 9) - 1} - {10 ** min(whole, 9) - 1}"
    right = f"lpad((h % {10 ** min(scale, 6)})::string, {scale}, '0')"
    return f"concat({left}, '.', {right})"


def nullable(kind, value):
    return f"case when {{null}} then cast(null as {kind}) else {value} end"


def geohash(kind, chars):
    text = f"substring({HASH_TEXT}, 1, {chars})"
    return f"cast(case when {{null}} then null else {text} end as {kind})"


# SQL type -> expression of h (0 … 10^9) and x with {null} for the condition that makes a NULL.
VALUES = {
    "boolean": "h % 3 = 0",
    "byte": "(h % 256 - 128)::byte",
    "short": "(h % 65536 - 32768)::short",
    "char": "(58 + h % 900)::int::char",
    "int": nullable("int", "(h * 5 - 2147483647)::int"),
    "long": nullable("long", "h * 9223372036 - 4611686018427387904"),
    "date": nullable("date", "cast(h * 3000 - 900000000000 as date)"),
    "timestamp": nullable("timestamp", "(h * 3000000 - 900000000000000)::timestamp"),
    "timestamp_ns": nullable("timestamp_ns", "(h * 2000000007)::timestamp_ns"),
    "float": nullable("float", "(h * 0.37 - 500)::float"),
    "double": nullable("double", "h * 1.000001 - 99999.5"),
    "string": nullable(
        "string", "concat('str ', h % 1000, case when h % 5 = 0 then ' größer – 中文 🎉' else '' end)"
    ),
    "symbol": nullable(
        "symbol", "concat('sym', h % {symbols}, case when h % 13 = 4 then ' é€😀' else '' end)"
    ),
    "long256": nullable(
        "long256",
        "cast(concat('0x', lpad((h * 7)::string, 16, '1'), lpad(h::string, 16, '0'), "
        "'f00dfeedcafebabe', lpad(x::string, 16, '0')) as long256)",
    ),
    "geohash(5b)": geohash("geohash(5b)", 1),
    "geohash(2c)": geohash("geohash(2c)", 2),
    "geohash(21b)": geohash("geohash(21b)", 5),
    "geohash(12c)": geohash("geohash(12c)", 12),
    "uuid": nullable("uuid", "to_uuid(h * 1234567890, 4611686018427387904 - h * 31)"),
    "long128": "to_long128(case when {null} then cast(null as long) else h * 1234567890 end, "
    "case when {null} then cast(null as long) else h - 500000000 end)",
    "ipv4": nullable("ipv4", "(h * 4 - 2000000001)::int::ipv4"),
    "varchar": nullable(
        "varchar",
        "rpad(concat('v', h), (h % 31)::int, case when h % 4 = 0 then 'ž' else 'abcdefgh' end)::varchar",
    ),
    "double[]": nullable(
        "double[]",
        "cast(case when h % 5 = 0 then '{}' when h % 5 = 1 then concat('{', h, '}') "
        "else concat('{', h, ',', h * 0.5, ',-1e', h % 300, '}') end as double[])",
    ),
    "double[][]": nullable(
        "double[][]",
        "cast(case when h % 4 = 0 then concat('{{', h, '}}') "
        "else concat('{{', h, ',2.5,3},{', -h, ',5,6.25}}') end as double[][])",
    ),
    "decimal(2,1)": nullable("decimal(2,1)", f"cast({decimal(2, 1)} as decimal(2,1))"),
    "decimal(4,2)": nullable("decimal(4,2)", f"cast({decimal(4, 2)} as decimal(4,2))"),
    "decimal(9,3)": nullable("decimal(9,3)", f"cast({decimal(9, 3)} as decimal(9,3))"),
    "decimal(18,6)": nullable("decimal(18,6)", f"cast({decimal(18, 6)} as decimal(18,6))"),
    "decimal(38,10)": nullable("decimal(38,10)", f"cast({decimal(38, 10)} as decimal(38,10))"),
    "decimal(76,20)": nullable("decimal(76,20)", f"cast({decimal(76, 20)} as decimal(76,20))"),
    "binary": "case when {null} then null else bin end",
}

TYPES = sorted(VALUES)

# Type changes that 9.3.4 offers for values as above.
RETYPES = {
    "int": ["long", "double", "string", "varchar", "symbol", "timestamp", "float", "boolean", "short"],
    "long": ["int", "double", "varchar", "date", "timestamp", "string"],
    "short": ["int", "long", "varchar", "byte", "double"],
    "byte": ["short", "int", "string", "double"],
    "float": ["double", "varchar", "int"],
    "double": ["float", "string", "long"],
    "date": ["timestamp", "long", "varchar"],
    "timestamp": ["date", "long", "string"],
    "string": ["symbol", "varchar"],
    "varchar": ["symbol", "string"],
    "symbol": ["string", "varchar"],
    "uuid": ["varchar", "string"],
    "ipv4": ["varchar", "string"],
    "char": ["string", "varchar", "symbol"],
    "boolean": ["int", "string", "byte"],
}


def declaration(kind, rng):
    """The type in CREATE TABLE and ADD COLUMN: a SYMBOL may have options."""
    if kind != "symbol":
        return kind
    capacity = rng.choice(["", " capacity 16", " capacity 1024"])
    return f"symbol{capacity}{rng.choice(['', ' nocache', ' index', ' index capacity 8'])}"


def values(kind, rng):
    """An expression for a column of that type, with a share of NULLs from none to almost all."""
    null = rng.choice(["false", "h % 10 = 1", "h % 3 = 1", "h % 20 != 1", "true"])
    # Not `format`: the texts of arrays are full of braces.
    return VALUES[kind].replace("{null}", null).replace("{symbols}", str(rng.choice([3, 40, 900])))
