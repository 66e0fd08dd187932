"""Landing: files become rows of `raw.*`, each once, and nothing is silently dropped.

Which files: `remote` brings those of `s3` and `postgres`, `files` finds them, `load` says what
becomes of each, `ledger` keeps that. How a file is read: `readers` opens it, by way of `packing`,
`encoding`, `dialect` (CSV), `json_lines`, `json_values` and `workbook`; `repair` writes anew what
DuckDB cannot read as it stands. What its rows are: `kinds`, `fields` and `declared` apply the
settings and what models expect, `facts` (events, tracking) and `crm` judge them. How they land:
`write`, in one transaction; `seen` knows which events have, `exports` compares with the one before.
"""

from __future__ import annotations

from dagster_project.landing.errors import FileRejectedError, KindError
from dagster_project.landing.shapes.declared import DeclarationError, create_declared_tables
from dagster_project.landing.shapes.facts import rehash
from dagster_project.landing.shapes.kinds import Kind, parse_kind
from dagster_project.landing.store.files import copy_to_landing
from dagster_project.landing.store.load import land_file, land_new, pending_files
from dagster_project.landing.store.raw_files import LandedFile

__all__ = [
    "DeclarationError",
    "FileRejectedError",
    "Kind",
    "KindError",
    "LandedFile",
    "copy_to_landing",
    "create_declared_tables",
    "land_file",
    "land_new",
    "parse_kind",
    "pending_files",
    "rehash",
]
