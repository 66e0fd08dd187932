"""Landing: files become rows of `raw.*`, each row once. A row that cannot land is in `raw.rejects`.

Four folders; each imports only from the folders above it in this list:

`formats/` opens a file as SQL over its rows.
    `readers` picks the reader by format (`packing`: gzip, zstd; `encoding`: the text encoding).
    CSV: `csv_file`, `csv_dialect`, `csv_records`. JSON: `json_lines`, `json_document`.
    Excel: `workbook`. `header` finds the column names below a title, `footer` the footer of a
    report. `rows` is the interface of all readers; `tables` implements it for CSV and Parquet.
    `repair` writes a clean copy of a file that DuckDB cannot read. `text` opens text files.
    `cell_sql` parses times and numbers.
`shapes/` says what the rows mean.
    `kinds` names the kinds of files. `fields` applies a source's mapping. `facts` checks and
    inserts events and tracking; `crm` does the same for CRM exports. `declared` reads the CRM
    tables that the models expect. `column_names` knows the vendors' names of columns; `unread`
    finds columns about consent that no model reads.
`store/` lands a file once.
    `files` finds files and moves landed files away. `archives` unpacks ZIP archives. `load`
    decides which files to read. `write` lands one file in one transaction. `raw_files` keeps the
    result of each file. `seen` knows the ids of landed events. `previous_export` compares a CRM
    export with the previous export. `again` reads landed files again, or forgets them.
    `unknown_keys` judges the keys of events.
`fetch/` brings new data of remote sources to the landing folder.
    `remote` goes through the sources; `s3` and `postgres` fetch; `atomic_file` writes.
"""

from __future__ import annotations

from dagster_project.landing.errors import FileRejectedError, KindError
from dagster_project.landing.shapes.declared import DeclarationError, create_declared_tables
from dagster_project.landing.shapes.facts import rehash
from dagster_project.landing.shapes.kinds import Kind, parse_kind
from dagster_project.landing.store.again import (
    AgainError,
    Correction,
    find_landed,
    other_mappings,
    read_again,
)
from dagster_project.landing.store.files import copy_to_landing
from dagster_project.landing.store.load import (
    land_file,
    land_files,
    land_new,
    other_mapping_notice,
    pending_files,
)
from dagster_project.landing.store.raw_files import LandedFile, refused_files
from dagster_project.landing.store.unknown_keys import sources_with_unknown_keys

__all__ = [
    "AgainError",
    "Correction",
    "DeclarationError",
    "FileRejectedError",
    "Kind",
    "KindError",
    "LandedFile",
    "copy_to_landing",
    "create_declared_tables",
    "find_landed",
    "land_file",
    "land_files",
    "land_new",
    "other_mapping_notice",
    "other_mappings",
    "parse_kind",
    "pending_files",
    "read_again",
    "refused_files",
    "rehash",
    "sources_with_unknown_keys",
]
