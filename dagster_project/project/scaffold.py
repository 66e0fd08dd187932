"""Write the starting files of a new segment, score, trigger or sequence."""

from __future__ import annotations

import re
from pathlib import Path

from dagster_project.home import private
from dagster_project.project import registry

_SEGMENT_SQL = """\
with

features as (
    select contact_id, events_30d from {{ ref('contact_features') }}
)

select contact_id
from features
where events_30d >= 10
"""
_SEGMENT_YML = """\
models:
  - name: %(name)s
    description: Which contacts these are, in one sentence. One row per contact.
    config:
      meta:
        kind: behavioral  # demographic, firmographic, behavioral or lifecycle
        rule: At least 10 events in the last 30 days.
        entry: The tenth event within 30 days.
        exit: Fewer than 10 events in the last 30 days.
        owner: you@example.com
        review_by: 2027-12-31
    columns:
      - name: contact_id
        data_tests: [primary_key]

unit_tests:
  - name: %(name)s_begins_at_ten
    description: Ten events are enough; nine events are not.
    model: %(name)s
    given:
      - input: ref('contact_features')
        rows:
          - {contact_id: a, events_30d: 10}
          - {contact_id: b, events_30d: 9}
    expect:
      rows: [{contact_id: a}]
"""
_SCORE_SQL = """\
{{ score([
    reason('booked a demo', points=30, event='demo_booked', half_life='30 days'),
    reason('clicked in an e-mail', points=5, engagement='clicked', expires='60 days'),
]) }}
"""
_SCORE_YML = """\
models:
  - name: %(name)s
    description: >
      What this score measures, in one sentence. One row per contact, reason and evidence.
    config:
      meta:
        owner: you@example.com

unit_tests:
  - name: %(name)s_counts_a_persons_click
    description: A click by a person scores; a click by a scanner does not.
    model: %(name)s
    given:
      - input: source('control', 'clock')
        rows: [{as_of: "2026-03-31 00:00:00+00"}]
      - input: ref('key_contacts')
        rows: []
      - input: ref('form_events')
        rows: []
      - input: ref('scored_events')
        rows: []
      - input: ref('engagement')
        rows:
          - event_id: "1"
            contact_id: a
            type: clicked
            is_human: true
            occurred_at: "2026-03-30 08:00:00+00"
          - event_id: "2"
            contact_id: b
            type: clicked
            is_human: false
            occurred_at: "2026-03-30 08:00:00+00"
    expect:
      rows: [{contact_id: a, points: 5, ends_at: "2026-05-29 08:00:00+00"}]
"""
_TRIGGER_SQL = """\
{#- Other kinds: absence_trigger, inactivity_trigger, threshold_trigger, segment_entry_trigger,
    segment_exit_trigger, date_trigger, field_change_trigger; see dbt/macros/triggers. -#}
{{ event_trigger('demo_booked') }}
"""
_TRIGGER_YML = """\
models:
  - name: %(name)s
    description: Fires each time a contact books a demo. One row per firing.
    config:
      meta:
        # event, absence, threshold crossing, segment entry, segment exit, date or CRM field change
        kind: event
        owner: you@example.com

unit_tests:
  - name: %(name)s_fires_only_for_its_event
    description: The named event fires; another event does not.
    model: %(name)s
    given:
      - input: source('control', 'watermarks')
        rows: []
      - input: ref('key_contacts')
        rows: [{written_key: a, contact_id: a}]
      - input: ref('input_events')
        rows:
          - {event_id: "1", written_key: a, name: demo_booked, file_no: 1}
          - {event_id: "2", written_key: a, name: logged_in, file_no: 1}
    expect:
      rows: [{contact_id: a, occurrence: "1"}]
"""
_SEQUENCE_SQL = """\
{{ sequence(
    trigger  = ref('%(name)s_starts'),
    audience = ref('%(name)s_audience'),
    reentry  = 'once',
    exits    = [replied()],
    goal     = event('activated', within='30 days'),
    steps = [
        step('welcome', wait='0 minutes', template='%(name)s/welcome'),
    ]) }}
"""
_SEQUENCE_YML = """\
models:
  - name: %(name)s
    description: What this sequence is for, in one sentence. One row per proposal.
    config:
      meta:
        owner: you@example.com
"""
_TEMPLATE = """\
---
subject: Welcome, {{ contact.first_name or 'there' }}
preheader: What to do first
---
{%% extends "_layout.mjml" %%}

{%% block headline %%}What this e-mail says in five words{%% endblock %%}

{%% block copy %%}
<mj-text>Hello {{ contact.first_name or 'there' }},</mj-text>
<mj-text>One idea and one thing to do.</mj-text>
{%% endblock %%}

{%% block link %%}https://www.example.com/start{%% endblock %%}
{%% block label %%}Do it{%% endblock %%}
"""

_FILES: dict[str, dict[str, str]] = {
    "segment": {
        "models/segments/%(name)s.sql": _SEGMENT_SQL,
        "models/segments/%(name)s.yml": _SEGMENT_YML,
    },
    "score": {
        "models/scores/%(name)s.sql": _SCORE_SQL,
        "models/scores/%(name)s.yml": _SCORE_YML,
    },
    "trigger": {
        "models/triggers/%(name)s.sql": _TRIGGER_SQL,
        "models/triggers/%(name)s.yml": _TRIGGER_YML,
    },
    "sequence": {
        "models/sequences/%(name)s.sql": _SEQUENCE_SQL,
        "models/sequences/%(name)s.yml": _SEQUENCE_YML,
        "models/triggers/%(name)s_starts.sql": _TRIGGER_SQL,
        "models/triggers/%(name)s_starts.yml": _TRIGGER_YML,
        "models/segments/%(name)s_audience.sql": _SEGMENT_SQL,
        "models/segments/%(name)s_audience.yml": _SEGMENT_YML,
        "templates/%(name)s/welcome.mjml": _TEMPLATE,
    },
}
# The folders whose files describe the model of their own name.
_MODELS = ("segments", "scores", "triggers", "sequences")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class ScaffoldError(Exception):
    """The files cannot be written; the message names the reason."""


def write(project_dir: Path, kind: str, name: str) -> list[Path]:
    """Write the starting files of a kind: `segment`, `score`, `trigger` or `sequence`.

    Returns:
        The written files.

    Raises:
        ScaffoldError: the name is not a model name, or a model or file with that name exists.
    """
    if not _NAME.fullmatch(name):
        raise ScaffoldError(
            f"invalid name '{name}': use lowercase letters, digits and _ (example: 'new_trials')"
        )
    models = registry.model_files(project_dir / "models")
    taken = next((path for path in models if path.stem == name), None)
    if taken is not None:
        raise ScaffoldError(
            f"model '{name}' exists already: {taken.relative_to(project_dir)}; choose another name"
        )
    texts: dict[Path, str] = {}
    for pattern, text in _FILES[kind].items():
        path = project_dir / (pattern % {"name": name})
        texts[path] = text % {"name": path.stem if path.parts[-2] in _MODELS else name}
        if path.exists():
            raise ScaffoldError(
                f"{path.relative_to(project_dir)} exists already; choose another name"
            )
    for path, text in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with private.unrestricted():
            path.write_text(text, encoding="utf-8")
    return [*texts]
