"""How much of a strange file is read, and the one way to say no."""

MEGABYTE = 1 << 20
FILE_BYTES = 50 * MEGABYTE
ROWS = 200_000
COLUMNS = 100
CELLS = 5_000_000
CELL_CHARS = 2_000
SHEETS = 50

# After this many rows of nothing the table is over: whole columns are often bordered down to row 1,048,576.
BLANK_RUN = 5_000

MEMBERS = 5_000
SHEET_BYTES = 400 * MEGABYTE
STRINGS_BYTES = 200 * MEGABYTE
PART_BYTES = 16 * MEGABYTE
# A table packs by ten, sometimes by fifty; nothing that people keep packs a large sheet by hundreds.
RATIO = 200
RATIO_FREE_BYTES = 16 * MEGABYTE
TOKEN_BYTES = MEGABYTE
MERGES = 50_000

MEMORY_BYTES = 240 * MEGABYTE
CPU_SECONDS = 60


class Refused(Exception):
    """The file, or what stands in it, is not read further; `code` is put into words by reader.py."""

    def __init__(self, code: str, **values):
        super().__init__(code)
        self.code, self.values = code, values
