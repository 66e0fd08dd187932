"""One more file of each kind, as docs/language.md and docs/architecture.md say to add it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagster_project.project import scaffold

if TYPE_CHECKING:
    from pathlib import Path

NAMES = {
    "segment": "added_segment",
    "score": "added_score",
    "trigger": "added_trigger",
    "sequence": "added_sequence",
}
"""What `sendhouse new` writes, by kind."""

_FEATURE = """\
select
    contact_id,
    count(*) as added_logins
from {{ ref('events') }}
where name = 'logged_in' and contact_id is not null
group by contact_id
"""
_FEATURE_YML = """\
models:
  - name: added_feature
    description: Logins of a contact. One row per contact with a login.
    columns:
      - name: contact_id
        description: The contact.
      - name: added_logins
        description: Number of logins.
        config: {meta: {default: 0}}
"""
_SEGMENT_PY = """\
def model(dbt, session):
    features = dbt.ref("contact_features")
    return features.filter("added_logins > 3").select("contact_id")
"""
_SEGMENT_YML = """\
models:
  - name: {name}
    description: Contacts with logins. One row per contact.
    config:
      meta:
        kind: behavioral
        rule: More than three logins.
        entry: The fourth login.
        exit: Never.
        owner: you@example.com
        review_by: 2027-12-31
    columns:
      - name: contact_id
        data_tests: [primary_key]
"""
_TRIGGER_YML = """\
models:
  - name: added_birthday
    description: Fires on the day of renewal. One row per firing.
    config:
      meta:
        kind: date
        owner: you@example.com
"""
_GATE = """\
select send_id, 'a test stops it' as reason
from {{ ref('send_candidates') }}
where false
"""
_ACTION = """\
{% macro action_added() -%}
    {{ return({'needs_template': false}) }}
{%- endmacro %}
"""
_BROADCAST = """\
{{ broadcast(
    audience = ref('added_python'),
    at       = '2026-03-17 09:00:00+00',
    template = 'broadcasts/added') }}
"""
_SEQUENCE = """\
{{ sequence(
    trigger  = ref('added_birthday'),
    audience = ref('added_python'),
    reentry  = 'once',
    exits    = [feature('added_logins', '>=', 5)],
    goal     = event('activated', within='30 days'),
    steps = [
        step('mark', wait='0 minutes', do='added'),
    ]) }}
"""
_FILES = {
    "models/contacts/features/added_feature.sql": _FEATURE,
    "models/contacts/features/added_feature.yml": _FEATURE_YML,
    "models/segments/added_python.py": _SEGMENT_PY,
    "models/segments/added_python.yml": _SEGMENT_YML.format(name="added_python"),
    "models/triggers/added_birthday.sql": "{{ date_trigger('company_renewal_on', at='09:00') }}\n",
    "models/triggers/added_birthday.yml": _TRIGGER_YML,
    "models/delivery/gates/gate_added.sql": _GATE,
    "models/delivery/gates/gate_added.yml": _TRIGGER_YML.split("    config")[0].replace(
        "added_birthday", "gate_added"
    ),
    "models/delivery/gates/limits/gate_added_limit.sql": _GATE,
    "models/delivery/gates/limits/gate_added_limit.yml": _TRIGGER_YML.split("    config")[
        0
    ].replace("added_birthday", "gate_added_limit"),
    "dbt/macros/sequences/actions/added.sql": _ACTION,
    "models/sequences/added_steps.sql": _SEQUENCE,
    "models/broadcasts/added_broadcast.sql": _BROADCAST,
    "templates/broadcasts/added.html": "---\nsubject: Added\n---\n<p>{{ contact.added_logins }}</p>"
    '<a href="{{ unsubscribe_url }}">Unsubscribe</a>',
}


def add(project: Path) -> None:
    """Add a file of each kind to a project."""
    for kind, name in NAMES.items():
        scaffold.write(project, kind, name)
    for name, text in _FILES.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
