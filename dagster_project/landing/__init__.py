"""Landing: files become rows of `raw.*`, each once, and nothing is silently dropped.

`remote` brings the files of `s3` and `postgres`. `load` says what happens to a file; `readers`
opens it, `facts` (events, tracking) and `crm` judge its rows, `kinds` and `fields` apply the
settings' `[sources.*]`, `ledger` keeps what became of it.
"""

from __future__ import annotations

from dagster_project.landing.declared import DeclarationError, create_declared_tables
from dagster_project.landing.errors import FileRejectedError, KindError
from dagster_project.landing.facts import rehash
from dagster_project.landing.files import copy_to_landing
from dagster_project.landing.kinds import Kind, parse_kind
from dagster_project.landing.ledger import LandedFile
from dagster_project.landing.load import land_file, land_new, pending_files

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
