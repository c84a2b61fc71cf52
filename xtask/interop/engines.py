"""The three readers, and every exception that we grant them.

An exception is a property of the reader, found on QuestDB's own files: it is written down here, and
nothing else is forgiven.
"""

import uuid

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from canon import canon, is_list

# Polars cannot decode decimals of more than 38 digits and refuses the file: it is asked for the other
# columns. DuckDB reads such decimals as DOUBLE: they are compared as such.


def too_wide_for_polars(field):
    return pa.types.is_decimal256(field.type)


class PyArrow:
    name = "pyarrow"

    def read(self, path, schema):
        table = pq.ParquetFile(path, page_checksum_verification=True).read()
        return {name: canon(table.column(at)) for at, name in enumerate(table.column_names)}

    def count_equal(self, path, column, value):
        table = pq.read_table(path, columns=[column.name], filters=pc.field(column.name) == value)
        return table.num_rows


class DuckDB:
    name = "duckdb"

    def __init__(self):
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")

    def read(self, path, schema):
        table = self.connection.sql("select * from read_parquet($file)", params={"file": path})
        table = table.to_arrow_table()
        return {field.name: self.restore(table.column(at), field) for at, field in enumerate(schema)}

    def restore(self, column, field):
        """Undoes what DuckDB's own type system does to a column."""
        if pa.types.is_timestamp(field.type) and field.type.unit == "ms":
            return pc.divide(canon(column), 1000)  # it has no zoned milliseconds
        if field.type == pa.uuid():  # its Arrow form of a UUID is text
            values = [None if v is None else uuid.UUID(v).bytes for v in column.to_pylist()]
            return pa.array(values, pa.binary())
        if pa.types.is_decimal256(field.type):
            return rounded(column)
        return canon(column)

    def count_equal(self, path, column, value):
        name = column.name.replace('"', '""')
        query = f'select count(*) from read_parquet($file) where "{name}" = $value'
        found = self.connection.sql(query, params={"file": path, "value": value})
        return found.fetchall()[0][0]


class Polars:
    name = "polars"

    def read(self, path, schema):
        columns = [field.name for field in schema if not too_wide_for_polars(field)]
        table = polars.read_parquet(path, columns=columns).to_arrow()
        return {name: canon(table.column(name)) for name in columns}

    def count_equal(self, path, column, value):
        lazy = polars.scan_parquet(path).select(polars.col(column.name))
        # The literal takes the type of the column, or the filter would cast the column instead.
        literal = polars.lit(value).cast(lazy.collect_schema()[column.name])
        return lazy.filter(polars.col(column.name) == literal).select(polars.len()).collect().item()


def comparable(engine, field, theirs):
    """QuestDB's column as this reader can represent it; None when it cannot at all."""
    if engine.name == "polars" and too_wide_for_polars(field):
        return None
    if engine.name == "duckdb" and pa.types.is_decimal256(field.type):
        return rounded(theirs)
    if engine.name == "duckdb" and pa.types.is_timestamp(field.type) and field.type.unit == "ms":
        # It keeps microseconds: what does not fit becomes its infinity.
        limit = (2**63 - 1) // 1000
        return pc.max_element_wise(
            pc.min_element_wise(theirs, limit, skip_nulls=False), -limit, skip_nulls=False
        )
    return theirs


def rounded(column):
    """Numbers as doubles of 14 digits: DuckDB's own conversion is not correctly rounded."""
    values = [None if v is None else float(f"{float(v):.13e}") for v in column.to_pylist()]
    return canon(pa.array(values, pa.float64()))


def can_filter(engine, field):
    """Whether `column = value` means the same to this reader."""
    kind = field.type
    if is_list(kind) or pa.types.is_decimal(kind) or kind == pa.uuid():
        return False  # literals of these do not travel between Python and the readers
    if pa.types.is_fixed_size_binary(kind) or pa.types.is_binary(kind):
        return engine.name == "pyarrow"
    if pa.types.is_timestamp(kind):
        return False  # Python's datetime has neither nanoseconds nor years beyond 9999
    return True
