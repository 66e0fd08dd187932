# ruff: noqa: E501 - a case of a table is a line
"""A template with its slots filled in is what plain Jinja prints."""

import jinja2
import pytest
from markupsafe import escape

from senders import slots

NAME = "Jo & B <i>"
MACROS = """
{% macro link(url, label) %}<a href="{{ url }}">{{ label }}</a>{% endmacro %}
{% macro same(text) %}{{ text }}{% endmacro %}
{% macro box() %}[{{ caller() }}]{% endmacro %}
"""
PARTS = {
    "part.html": "<p>{{ name }}</p>",
    "macros.html": "{% macro small(text) %}<small>{{ text }}</small>{% endmacro %}",
    "layout.html": "<div>{% block head %}{{ name }}!{% endblock %}{% block body %}{% endblock %}</div>",
}
SOURCES = [
    "{{ name }} {{ 3 }} {{ 1.5 }} {{ true }} {{ 'there' }} {{ empty }}",
    "{{ name | upper }} {{ name | urlencode }} {{ name | e }} {{ name | safe }} {{ name | length }}",
    "{{ name ~ '<' ~ 1 }} {{ [name, name] | join(', ') }} {{ '%s!' | format(name) }}",
    "{% if name == 'Jo & B <i>' %}{{ name }}{% else %}nobody{% endif %}",
    "{% for name in [name, 'x', ''] %}{{ loop.index }}{{ name }}{% endfor %}",
    "{% set hello %}Hello {{ name }}{% endset %}{{ hello }} {{ hello | upper }} {{ hello | length }}",
    "{% set hello %}{{ empty }}{% endset %}{{ hello or 'nothing' }}{% if hello %}no{% endif %}",
    "{% set hello | lower %}{{ name }}{% endset %}{{ hello }}",
    "{% filter upper %}{{ name }} {% include 'part.html' %}{% endfilter %}",
    "{% filter upper | truncate(7, true) %}{{ name }} {{ name }}{% endfilter %}",
    MACROS + "{{ link('https://x.example', name) }} {{ link(name, name) | upper }}",
    MACROS + "{{ same(empty) or 'nothing' }} {% if same(name) == name | e %}yes{% endif %}",
    MACROS + "{{ same(same(name)) }} {{ same(name)[:4] }} {{ same(name) ~ name }}",
    MACROS + "{% call box() %}{{ name }}{% endcall %}{% set box2 = same(name) %}{{ box2 | lower }}",
    "{% import 'macros.html' as m %}{{ m.small(name) }}{{ m.small(name) | length }}",
    "{% from 'macros.html' import small with context %}{{ small(small(name)) }}",
    "{% extends 'layout.html' %}{% block head %}{{ super() }}{{ super() | length }}{% endblock %}"
    "{% block body %}{{ self.head() }}{{ name }}{% endblock %}",
    "{% autoescape false %}{{ name }}{% endautoescape %}{{ name }}",
    "{% raw %}{{ name }}{% endraw %} {# {{ name }} #}",
    "{{ {'a': name} | xmlattr }} {{ name | tojson }} {{ [1, 2] | sum }} {{ range(3) | list }}",
]


@pytest.mark.parametrize("source", SOURCES)
def test_filled_slots_are_what_jinja_prints(source):
    loader = jinja2.DictLoader({**PARTS, "one": source})
    context = {"name": NAME, "empty": ""}
    shape, values = slots.run(slots.make_environment(loader), "one", context)
    filled = slots.SLOT.sub(lambda found: str(escape(values[slots.number_of(found[0])])), shape)
    assert filled == jinja2.Environment(loader=loader, autoescape=True).get_template("one").render(
        context
    )


def test_a_shape_does_not_depend_on_the_values():
    loader = jinja2.DictLoader({"one": MACROS + "{{ link(name, name) }}{{ name or 'there' }}"})
    environment = slots.make_environment(loader)
    shapes = {slots.run(environment, "one", {"name": name})[0] for name in ("", "a", "<b>", NAME)}
    assert len(shapes) == 1


def test_a_value_cannot_be_a_slot():
    loader = jinja2.DictLoader({"one": "{{ a }}{{ b }}"})
    shape, values = slots.run(
        slots.make_environment(loader), "one", {"a": slots.slot(1) + "x\x00", "b": "b"}
    )
    assert values == ["x", "b"]
    assert shape == slots.slot(0) + slots.slot(1)


def test_too_many_values_are_an_error():
    loader = jinja2.DictLoader({"one": "{% for i in range(40000) %}{{ i }}{% endfor %}"})
    with pytest.raises(slots.TooManyValuesError, match="32768 values"):
        slots.run(slots.make_environment(loader), "one", {})
