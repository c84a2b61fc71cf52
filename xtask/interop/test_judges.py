"""The judges themselves: planted faults are noticed, mere differences of form are not.

Run by `cargo xtask interop` before it trusts them.
"""

import io
import unittest

import pyarrow as pa
import pyarrow.parquet as pq

import footer_bounds
from canon import canon, difference
from oracle import csv_text, live_check


def differ(a, b):
    return difference(canon(a), canon(b)) is not None


class Values(unittest.TestCase):
    def test_forms_of_the_same_text_are_equal(self):
        text = pa.array(["a", None, "", "ü"])
        for other in (pa.large_string(), pa.string_view()):
            self.assertFalse(differ(text, text.cast(other)))
        self.assertFalse(differ(text, text.dictionary_encode()))

    def test_empty_is_not_null(self):
        self.assertTrue(differ(pa.array([""]), pa.array([None], pa.string())))
        self.assertTrue(
            differ(pa.array([[]], pa.list_(pa.float64())), pa.array([None], pa.list_(pa.float64())))
        )

    def test_nan_is_null_and_zeros_have_signs(self):
        self.assertFalse(differ(pa.array([float("nan")]), pa.array([None], pa.float64())))
        self.assertTrue(differ(pa.array([0.0]), pa.array([-0.0])))
        self.assertTrue(differ(pa.array([float("inf")]), pa.array([None], pa.float64())))
        lists = pa.list_(pa.float64())
        self.assertFalse(differ(pa.array([[1.0, float("nan")]], lists), pa.array([[1.0, None]], lists)))
        self.assertTrue(differ(pa.array([[0.0]], lists), pa.array([[-0.0]], lists)))

    def test_only_arrays_without_elements_lose_their_shape(self):
        nested = pa.list_(pa.list_(pa.float64()))
        self.assertFalse(differ(pa.array([[[], []]], nested), pa.array([[]], nested)))
        self.assertTrue(differ(pa.array([[[None]]], nested), pa.array([[]], nested)))
        self.assertTrue(differ(pa.array([[[]]], nested), pa.array([None], nested)))

    def test_one_wrong_row_is_named(self):
        found = difference(pa.array([1, 2, 3]), pa.array([1, 5, 3]))
        self.assertEqual(found, "row 1: 2 against 5")


class Csv(unittest.TestCase):
    def test_quotes_commas_and_line_breaks(self):
        rows = csv_text.parse('"a","b"\r\n"x ""y"", z",\r\n,""\r\n')
        self.assertEqual(rows[1], [('x "y", z', True), ("", False)])
        self.assertEqual(rows[2], [("", False), ("", True)])

    def test_null_is_not_empty_text(self):
        types = {"t": "VARCHAR"}
        self.assertIsNone(csv_text.difference('"t"\r\n""\r\n', '"t"\r\n""\r\n', types))
        self.assertIsNotNone(csv_text.difference('"t"\r\n""\r\n"a"\r\n', '"t"\r\n\r\n"a"\r\n', types))
        self.assertIsNotNone(csv_text.difference('"t"\r\n"a"\r\n', '"t"\r\n"b"\r\n', types))

    def test_numbers_are_compared_by_their_bits(self):
        text = '"f"\r\n{}\r\n'.format
        self.assertIsNone(csv_text.difference(text("1.1428195E8"), text("1.14281952E8"), {"f": "FLOAT"}))
        self.assertIsNotNone(csv_text.difference(text("1.1428195E8"), text("1.14281952E8"), {"f": "DOUBLE"}))
        self.assertIsNotNone(csv_text.difference(text("0.0"), text("-0.0"), {"f": "DOUBLE"}))
        self.assertIsNotNone(csv_text.difference(text("0.0"), text(""), {"f": "DOUBLE"}))

    def test_binary_is_not_compared_and_char_may_be_quoted(self):
        self.assertIsNone(
            csv_text.difference('"b","c"\r\n0x12,"x"\r\n', '"b","c"\r\n,x\r\n', {"b": "BINARY", "c": "CHAR"})
        )


class Bounds(unittest.TestCase):
    def faults(self, written, claimed):
        """Faults when the footer of `written` is held against the rows of `claimed`."""
        field = pa.field("n", written.type)
        files = []
        for array in (written, claimed):
            buffer = io.BytesIO()
            pq.write_table(pa.table([array], pa.schema([field])), buffer)
            files.append(pq.ParquetFile(buffer))
        chunk = files[0].metadata.row_group(0).column(0)
        return list(footer_bounds.chunk_faults(chunk, files[1].read().column(0), field, "LONG"))

    def test_true_bounds_pass(self):
        for array in (pa.array([3, None, 1]), pa.array(["b", "a"]), pa.array([-0.5, 1.5])):
            self.assertEqual(self.faults(array, array), [])

    def test_bounds_that_do_not_hold_and_wrong_null_counts_are_noticed(self):
        self.assertTrue(self.faults(pa.array([1, 2]), pa.array([1, 3])))
        self.assertTrue(self.faults(pa.array([1, 9]), pa.array([1, 3])))
        self.assertTrue(self.faults(pa.array([1, None]), pa.array([1, 1])))


class Live(unittest.TestCase):
    def table(self, lots):
        rows = [(lot, size, row) for lot, size in lots for row in range(1, size + 1)]
        columns = {
            "lot": [lot for lot, _, _ in rows],
            "lot_size": [size for _, size, _ in rows],
            "lot_row": [row for _, _, row in rows],
            "sym": [f"s{lot % 97}" for lot, _, _ in rows],
            "txt": [f"lot {lot} row {row}" for lot, _, row in rows],
            "note": [f"n{row}" for _, _, row in rows],
            "d": [lot * 100000.0 + row for lot, _, row in rows],
            "ts": list(range(len(rows))),
        }
        return pa.table(columns)

    def test_one_commit_passes(self):
        self.assertIsNone(live_check.inconsistency(self.table([(1, 3), (2, 1), (3, 5)]), 2, 3))

    def test_everything_else_does_not(self):
        whole = self.table([(1, 3), (2, 1), (3, 5)])
        self.assertIn("has 4 of 5", live_check.inconsistency(whole.slice(0, 8), 0, 3))
        self.assertIn("missing", live_check.inconsistency(self.table([(1, 3), (3, 5)]), 0, 3))
        self.assertIn("newest", live_check.inconsistency(whole, 4, 9))
        self.assertIn("newest", live_check.inconsistency(whole, 0, 2))
        swapped = whole.set_column(4, "txt", whole["txt"].take(list(range(8, -1, -1))))
        self.assertIn("txt", live_check.inconsistency(swapped, 0, 3))
        backwards = whole.set_column(7, "ts", pa.array(range(9, 0, -1)))
        self.assertIn("ascend", live_check.inconsistency(backwards, 0, 3))


if __name__ == "__main__":
    unittest.main()
