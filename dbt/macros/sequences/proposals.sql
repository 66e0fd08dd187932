{#- The columns of the proposals of a sequence or a broadcast, and their types. -#}
{% macro proposal_columns() -%}
    {{ return({
        'proposal': 'varchar',
        'sequence': 'varchar',
        'enrollment_id': 'varchar',
        'contact_id': 'varchar',
        'firing_id': 'varchar',
        'fired_at': 'timestamptz',
        'reason': 'varchar',
        'step': 'varchar',
        'position': 'integer',
        'action': 'varchar',
        'template': 'varchar',
        'due_at': 'timestamptz',
        'expires_at': 'timestamptz',
        'decision': 'varchar',
        'decided_at': 'timestamptz',
        'goal_event': 'varchar',
        'goal_seconds': 'double',
    }) }}
{%- endmacro %}


{#- The select of a proposal: a column without a value is a null of its type. -#}
{% macro propose(proposal, values, from) -%}
    select
        {% for column, type in proposal_columns().items() -%}
            {%- set given = dict(values, proposal="'" ~ proposal ~ "'") -%}
            {%- set value = given.get(column, 'null') -%}
            cast({{ value }} as {{ type }}) as {{ column }}{{ "," if not loop.last }}
        {% endfor %}
    from {{ from }}
{%- endmacro %}
