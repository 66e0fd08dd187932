from __future__ import annotations

from textwrap import dedent

import duckdb
import pytest

from dagster_project.home.settings import PROJECT_DIR
from dagster_project.landing import DeclarationError, create_declared_tables
from dagster_project.landing.shapes.declared import DeclaredColumn, read_declared

SOURCES = """
    sources:
      - name: acme
        schema: raw
        tables:
          - name: leads
            identifier: acme__leads
            columns:
              - {name: lead_id, data_type: varchar, config: {meta: {required: true}}}
              - {name: score, data_type: 'decimal(18, 2)'}
              - {name: seen_at, data_type: timestamptz}
              - {name: note}
          - name: files
      - name: elsewhere
        schema: decisions
        tables: [{name: not__ours}]
"""


@pytest.fixture
def project(tmp_path):
    def write(text):
        path = tmp_path / "models/staging/acme/__sources.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
        return tmp_path

    return write


def test_a_crm_is_a_folder_with_a_declaration(project):
    (table,) = read_declared(project(SOURCES)).values()
    assert table.name == "acme__leads"
    assert table.columns == {
        "lead_id": DeclaredColumn("varchar", required=True),
        "score": DeclaredColumn("decimal(18, 2)", required=False),
        "seen_at": DeclaredColumn("timestamptz", required=False),
        "note": DeclaredColumn(None, required=False),
    }


def test_a_new_crm_lands_by_its_declaration(make_landing, project):
    landing = make_landing(project_dir=project(SOURCES))
    landing.land_one("crm/acme/leads/a.csv", "lead_id,score\n1,2.50\n2,much\n,1\n")
    assert landing.rows("select lead_id, score, seen_at, note from raw.acme__leads") == [
        ("1", "2.50", None, None)
    ]
    assert [(line, reason) for line, reason, _ in landing.rejects()] == [
        (3, "score is not decimal(18, 2): much"),
        (4, "lead_id is missing"),
    ]


def test_declared_tables_exist_before_any_file(landing):
    tables = landing.rows("select table_name from duckdb_tables() where schema_name = 'raw'")
    assert {("standard__contacts",), ("standard__companies",), ("standard__deals",)} <= set(tables)
    types = dict(
        landing.rows("select column_name, column_type from (describe raw.standard__contacts)")
    )
    assert types.pop("_line") == "BIGINT"
    assert types.pop("_file_no") == "BIGINT"
    assert types.pop("_received_at") == "TIMESTAMP WITH TIME ZONE"
    assert set(types.values()) == {"VARCHAR"}


def test_existing_tables_take_no_statement(tmp_path, project):
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create schema raw")
        create_declared_tables(connection, project(SOURCES))
    # A read-only connection shows that no statement runs.
    with duckdb.connect(path, read_only=True) as connection:
        create_declared_tables(connection, tmp_path)
        with pytest.raises(duckdb.Error, match="read-only"):
            create_declared_tables(connection, project(SOURCES.replace("note", "remark")))


def test_a_column_added_to_a_declaration_is_added_to_its_table(make_landing, project):
    landing = make_landing(project_dir=project(SOURCES))
    landing.land_one("crm/acme/leads/a.csv", "lead_id\n1\n")
    create_declared_tables(landing.connection, project(SOURCES.replace("note", "remark")))
    assert landing.rows("select lead_id, note, remark from raw.acme__leads") == [("1", None, None)]


@pytest.mark.parametrize("data_type", ["varchar; drop table x", "int)", "'"])
def test_an_unknown_type_is_reported_with_file_table_and_column(project, data_type):
    with pytest.raises(DeclarationError, match=r"__sources.yml: table acme__leads: column seen_at"):
        read_declared(project(SOURCES.replace("timestamptz", f'"{data_type}"')))


def test_invalid_yaml_is_reported_with_its_file(project):
    with pytest.raises(DeclarationError, match=r"__sources.yml: not valid YAML"):
        read_declared(project("sources: [\n"))


def test_the_project_s_declarations_are_read():
    assert read_declared(PROJECT_DIR)["standard__contacts"].columns["contact_id"].required


@pytest.mark.parametrize(
    ("data_type", "right", "wrong"),
    [
        ("integer", ["0", "-7", "+5", "12.0", " 12 ", "12."], ["12.5", "1_000", "0x1F", "0b11"]),
        (
            "bigint",
            ["9007199254740993"],
            ["1e3", "inf", "1,000", "\uff11\uff12", "9999999999999999999"],
        ),
        ("decimal(18, 2)", ["2.50", "-3", "1e3"], ["1_0.5", "nan", "1,5", "0x1F", ".", "12.5 €"]),
        ("double", ["2.50", "1E-3"], ["inf", "-Infinity", "NaN", "1_000", "1 000", "٣"]),
        ("date", ["2026-12-31", "2026-1-5"], ["epoch", "infinity", "2026-02-30", "31.12.2026"]),
        ("boolean", ["true", "F", "1", "no"], ["on", "2", "oui", "tru"]),
    ],
)
def test_a_declared_type_is_read_strictly(make_landing, project, data_type, right, wrong):
    declared = SOURCES.replace("decimal(18, 2)", data_type)
    landing = make_landing(project_dir=project(declared))
    rows = "".join(f'{n},"{value}"\n' for n, value in enumerate([*right, *wrong]))
    landing.land_one("crm/acme/leads/a.csv", f"lead_id,score\n{rows}")
    assert landing.rows("select score from raw.acme__leads order by _line") == [
        (value,) for value in right
    ]
    assert [reason for _, reason, _ in landing.rejects()] == [
        f"score is not {data_type}: {value}" for value in wrong
    ]
