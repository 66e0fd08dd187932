"""Finds what models would not read of a CRM export: records without an id, columns about consent.

A refusal in a column that no model reads would vanish, and the contact would get mail.
"""

from __future__ import annotations

import json
import re
from string import ascii_lowercase
from typing import TYPE_CHECKING

from dagster_project.landing.errors import FileRejectedError
from dagster_project.landing.shapes.column_names import looks_like_consent, squash

if TYPE_CHECKING:
    import duckdb

    from dagster_project.landing.shapes.declared import DeclaredTable
    from dagster_project.landing.shapes.kinds import Kind

_REFUSALS = ("consent", "opt_out", "unsubscribed_at", "suppressed")
"""The meanings of columns in which an export says who refuses mail."""
_ADDRESS = "'^[^@ ]+@[^@ ]+[.][^@ ]+$'"
_MAX_SHOWN = 40
# Values that say that a contact refuses mail, without case, accents and punctuation: a column with
# one of them is about consent, whatever its name.
_REFUSING = (
    *("unsubscribed", "neversubscribed", "nonsubscribed", "optedout", "optout", "donotmail"),
    *("donotemail", "donotcontact", "abgemeldet", "abbestellt", "desabonne", "desinscrit"),
    *("dadodebaja", "desuscrito", "nosuscrito", "disiscritto", "descadastrado", "uitgeschreven"),
    *("afgemeld", "avregistrerad", "配信停止"),
)
# ASCII letters that none of the values begins with.
_OTHER_LETTERS = "".join(sorted({*ascii_lowercase} - {word[0] for word in _REFUSING}))
# Parts of squashed names of columns with the address of another person than the contact.
_OF_ANOTHER = re.compile(
    "owner|manager|assistant|createdby|modifiedby|reportsto|referr|salesrep|besitzer|inhaber"
    "|zustandig|proprietaire|propietario|proprietario|eigenaar|responsab"
)


def find(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    checked: str,
    columns: list[str],
    tables: dict[str, DeclaredTable],
    again: list[str],
) -> list[str]:
    """Describe what no model reads.

    Args:
        connection: the warehouse.
        kind: the export's kind.
        checked: the temporary table with the result of `crm.check`; column `_v<n>` is `columns[n]`.
        columns: the export's columns, under their names in the table.
        tables: the tables that models read.
        again: the columns whose name occurred before in the header.

    Returns:
        A notice if no model reads the table, and a notice on unread columns about consent.

    Raises:
        FileRejectedError: no column identifies a record, or no column that models read has the
            address; or columns look like consent, and the models would read no other column about
            consent. The message shows a mapping. Files in Sendhouse's own columns get a warning.

    """
    table = tables.get(kind.table)
    if table is None:
        return [_unknown_object(kind, columns, tables)]
    notices = [] if table.enabled else [_disabled(kind)]
    if columns and not _is_identified(columns, table):
        raise FileRejectedError(_unidentified(connection, kind, checked, columns, table))
    refusals = [
        name
        for name, column in table.columns.items()
        if column.means in _REFUSALS or column.reads_as == "suppression"
    ]
    if not refusals:
        return notices
    is_own = kind.table.startswith("standard__")
    if problem := _unread_address(connection, kind, checked, columns, table):
        if not is_own:
            raise FileRejectedError(problem)
        notices.append(f"WARNING: {problem}")
    if len(columns) == 1 and _is_address(columns[0], table):
        raise FileRejectedError(_addresses_alone(kind, columns[0], refusals, tables))
    is_silent = {name.casefold() for name in columns}.isdisjoint(map(str.casefold, refusals))
    unread = _unread_consent(connection, kind, checked, columns, table, again, by_value=is_silent)
    if unread:
        if not is_own and is_silent:
            raise FileRejectedError(_no_refusals(kind, unread, refusals))
        notices.append(_unread_notice(kind, unread, refusals))
    return notices


def _is_identified(columns: list[str], table: DeclaredTable) -> bool:
    known = {name.casefold() for name in table.identified_by}
    return not known or not known.isdisjoint(map(str.casefold, columns))


def _is_address(name: str, table: DeclaredTable) -> bool:
    return any(
        column.means == "email" and name.casefold() == declared.casefold()
        for declared, column in table.columns.items()
    )


def _disabled(kind: Kind) -> str:
    crm, _, _ = kind.table.partition("__")
    return (
        f"no model reads this export: the models of {crm} are disabled. Delete the line "
        f"'{crm}: {{+enabled: false}}' in dbt_project.yml (see models/staging/README.md)"
    )


def _unknown_object(kind: Kind, columns: list[str], tables: dict[str, DeclaredTable]) -> str:
    """Return a notice that no model reads the object; a warning if it looks like consent.

    Raises:
        FileRejectedError: the models of the vendor are enabled, and the object's name is another
            form of a known name, or is about consent.

    """
    crm, _, thing = kind.table.partition("__")
    known = {
        name.partition("__")[2]: table.enabled
        for name, table in tables.items()
        if name.startswith(f"{crm}__")
    }
    is_about_consent = looks_like_consent(thing)
    warning = ""
    if is_about_consent or any(map(looks_like_consent, columns)):
        warning = "WARNING: the export looks like consent, and refusals in it stop no mail: "
    if not known:
        return (
            f"{warning}no model reads this export: models/staging/{crm} does not exist "
            "(see 'Your own CRM' in models/staging/README.md)"
        )
    problem = f"no model reads crm/{crm}/{thing}. Exports of {crm} that models read: " + ", ".join(
        sorted(known)
    )
    singular = re.sub("ies$", "y", thing).removesuffix("s")
    meant = [name for name in known if singular in (name, name.removesuffix("s"))]
    if meant:
        problem += f". Land the file as crm/{crm}/{meant[0]}"
    elif is_about_consent:
        problem += ". Land addresses that refuse mail as one of these, or as crm/standard/consents"
    if (meant or is_about_consent) and any(known.values()):
        raise FileRejectedError(problem)
    return warning + problem


def _unread_consent(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    checked: str,
    columns: list[str],
    table: DeclaredTable,
    again: list[str],
    *,
    by_value: bool,
) -> list[str]:
    """List the columns that look like consent, that no model reads, and that have a value.

    With `by_value`, a column also looks like consent if one of its values does.
    """
    decided = {name.casefold() for name in (*kind.source.columns, *kind.source.constants, *again)}
    patterns = [re.compile(pattern, re.IGNORECASE) for pattern in table.families]
    known = {name.casefold() for name in table.columns} | decided
    counted = {
        name: f"nullif(trim(_v{place}), '')" if looks_like_consent(name) else _refusing(place)
        for place, name in enumerate(columns)
        if name.casefold() not in known
        and (by_value or looks_like_consent(name))
        and not any(pattern.search(name) for pattern in patterns)
    }
    if not counted:
        return []
    counts = ", ".join(f"count({value})" for value in counted.values())
    [filled] = connection.execute(f"select {counts} from {checked}").fetchall()  # noqa: S608
    return [name for name, count in zip(counted, filled, strict=True) if count]


def _refusing(place: int) -> str:
    """SQL that is null unless a value says that the contact refuses mail."""
    value, words = f"_v{place}", ", ".join(f"'{word}'" for word in _REFUSING)
    shortest = min(map(len, _REFUSING))
    # Cheap conditions come first: few values are as long as a word and begin like one.
    return (
        f"case when {value} >= '0' and {value} < ':' then null "
        f"when length({value}) not between {shortest} and 29 then null "
        f"when regexp_matches({value}, '(?i)^[{_OTHER_LETTERS}]') then null "
        f"when regexp_replace(strip_accents(lower({value})), '[\\s\\pP]', '', 'g') in ({words}) "
        "then 1 end"
    )


def _unread_address(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    checked: str,
    columns: list[str],
    table: DeclaredTable,
) -> str | None:
    """Describe a column with addresses that no model reads, if no other column has the address.

    A refusal without its address does not reach a contact that another source knows by it.
    """
    folded = {name.casefold() for name in columns}
    decided = {name.casefold() for name in (*kind.source.columns, *kind.source.constants)}
    ours = [
        name
        for name, column in table.columns.items()
        if column.means == "email" or (name in table.identified_by and "email" in squash(name))
    ]
    if not ours or not folded.isdisjoint(map(str.casefold, ours)):
        return None
    known = {name.casefold() for name in table.columns} | decided
    unread = [
        name
        for name in columns
        if name.casefold() not in known and not _OF_ANOTHER.search(squash(name))
    ]
    counts = _addresses(connection, checked, columns)
    theirs = max(unread, key=lambda name: counts[name], default=None)
    if theirs is None or not counts[theirs]:
        return None
    target = next(name for name, column in table.columns.items() if column.means == "email")
    return (
        f"no model reads the addresses in {_quoted(theirs)}, and the file has no column "
        f"{' or '.join(map(_quoted, ours))}. Map the column in sendhouse.toml:\n"
        + _snippet(kind, {target: theirs})
    )


def _addresses(
    connection: duckdb.DuckDBPyConnection, checked: str, columns: list[str]
) -> dict[str, int]:
    """Count the addresses in each column."""
    counts = [
        f"count(*) filter (regexp_matches(trim(_v{place}), {_ADDRESS}))"
        for place in range(len(columns))
    ]
    [found] = connection.execute(
        f"select {', '.join(counts)} from {checked}"  # noqa: S608 - names of our own
    ).fetchall()
    return dict(zip(columns, found, strict=True))


def _unidentified(
    connection: duckdb.DuckDBPyConnection,
    kind: Kind,
    checked: str,
    columns: list[str],
    table: DeclaredTable,
) -> str:
    target = next(
        (name for name in table.identified_by if table.columns[name].means == "email"),
        table.identified_by[-1],
    )
    counts = _addresses(connection, checked, columns)
    best = max(columns, key=lambda name: counts[name])
    theirs = best if counts[best] else "…"
    return (
        "no column identifies a record. Models identify a record by "
        f"{' or '.join(map(_quoted, table.identified_by))}; the file has "
        f"{_listed(columns)}. Map the column with the id or the address in sendhouse.toml:\n"
        + _snippet(kind, {target: theirs})
    )


def _addresses_alone(
    kind: Kind, column: str, refusals: list[str], tables: dict[str, DeclaredTable]
) -> str:
    crm, _, thing = kind.table.partition("__")
    name = kind.name if kind.name != kind.source.land_as else f"{crm}_refusals"
    suppressed = f"crm/{crm}/suppressed"
    if f"{crm}__suppressed" in tables:
        way = f"land it as {suppressed}"
    else:
        way = (
            "land it by this source:\n"
            f'[sources.{name}]\nas = "crm/standard/consents"\n'
            f"columns = {{ email = {_quoted(column)} }}\n"
            'constants = { said = "opt_out" }'
        )
    return (
        f"the only column is {_quoted(column)}: the file does not say whether these {thing} "
        f"records agree to mail or refuse it. If they refuse mail, {way}\n"
        "If they are contacts of any kind, say so by a constant of the source: "
        f'constants = {{ {_key(refusals[0])} = "" }}'
    )


def _no_refusals(kind: Kind, unread: list[str], refusals: list[str]) -> str:
    return (
        "columns look like consent, and no model reads them, so refusals would be lost: "
        f"{_listed(unread)}. Map the column that says who refuses mail in sendhouse.toml:\n"
        + _snippet(kind, {refusals[0]: unread[0]})
        + "\n"
        + _other_ways(kind, unread, refusals)
    )


def _unread_notice(kind: Kind, unread: list[str], refusals: list[str]) -> str:
    return (
        f"WARNING: columns look like consent, and no model reads them: {_listed(unread)}. "
        + _other_ways(kind, unread, refusals)
    )


def _other_ways(kind: Kind, unread: list[str], refusals: list[str]) -> str:
    ways = [f"Models read consent from {' or '.join(map(_quoted, refusals))}."]
    if kind.table == "standard__contacts":
        ways.append(
            "marketing_consent is true for a contact that agreed; land contacts that refuse mail "
            'as crm/standard/consents with constants = { said = "opt_out" }.'
        )
    ways.append(
        "If a column does not decide about e-mail, map it to a name of your own: "
        f"columns = {{ {_key(_own_name(unread[0]))} = {_quoted(unread[0])} }}"
    )
    return " ".join(ways)


def _snippet(kind: Kind, mapping: dict[str, str]) -> str:
    pairs = ", ".join(f"{_key(ours)} = {_quoted(theirs)}" for ours, theirs in mapping.items())
    if kind.name != kind.source.land_as:
        return f"[sources.{kind.name}]\ncolumns = {{ {pairs} }}"
    name = kind.table.replace("__", "_")
    return (
        f'[sources.{name}]\nas = "{kind.source.land_as}"\ncolumns = {{ {pairs} }}\n'
        f"and land the file with --as {name}."
    )


def _key(name: str) -> str:
    return name if re.fullmatch("[A-Za-z0-9_-]+", name) else _quoted(name)


def _quoted(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)


def _own_name(name: str) -> str:
    return f"kept_{re.sub('[^a-z0-9]+', '_', name.casefold()).strip('_') or 'column'}"


def _listed(names: list[str]) -> str:
    """List names; a name with `@` is a value of a file without a header, and is left out."""
    shown = [_quoted(name) for name in names if "@" not in name][:_MAX_SHOWN]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
