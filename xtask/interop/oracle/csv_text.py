"""CSV, exactly: unlike the csv module it tells an empty text from NULL."""

import struct


def parse(text):
    """Rows of (value, was quoted)."""
    rows, row, at, end = [], [], 0, len(text)
    while at < end:
        if text[at] == '"':
            at += 1
            parts = []
            while True:
                close = text.index('"', at)
                parts.append(text[at:close])
                at = close + 1
                if at < end and text[at] == '"':  # a doubled quote stands for one
                    parts.append('"')
                    at += 1
                else:
                    break
            row.append(("".join(parts), True))
        else:
            stop = at
            while stop < end and text[stop] not in ",\r\n":
                stop += 1
            row.append((text[at:stop], False))
            at = stop
        if at < end and text[at] == ",":
            at += 1
            if at == end or text[at] in "\r\n":
                row.append(("", False))
        if at == end or text[at] in "\r\n":
            while at < end and text[at] in "\r\n":
                at += 1
                if text[at - 1] == "\n":
                    break
            rows.append(row)
            row = []
    return rows


# We print the fewest digits that restore a number, QuestDB sometimes one more (1.14281952E8): the
# same bits, of the width that `struct` calls by this letter.
FLOATS = {"FLOAT": "<f", "DOUBLE": "<d"}


def same_number(a, b, width):
    return struct.pack(width, float(a)) == struct.pack(width, float(b))


def difference(ours, theirs, types):
    """None, or one line about the first cell of two CSV texts that is not equal by our rules."""
    ours, theirs = parse(ours), parse(theirs)
    if len(ours) != len(theirs):
        return f"{len(ours) - 1} rows of CSV, must be {len(theirs) - 1}"
    kinds = list(types.values())
    for number, (mine, right) in enumerate(zip(ours, theirs)):
        if len(mine) != len(right):
            return f"CSV row {number}: {len(mine)} cells, must be {len(right)}"
        for kind, name, (a, quoted), (b, was_quoted) in zip(kinds, types, mine, right):
            if number > 0 and kind == "BINARY":
                continue  # QuestDB prints nothing
            if number > 0 and kind == "CHAR":
                quoted = was_quoted  # we quote where it is needed
            if number > 0 and kind in FLOATS and a and b and same_number(a, b, FLOATS[kind]):
                continue
            if (a, quoted) != (b, was_quoted):
                return f"CSV row {number}, {name} ({kind}): {a!r} must be {b!r}"
    return None
