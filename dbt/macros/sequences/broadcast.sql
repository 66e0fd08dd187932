{#-
    One e-mail to a segment at a given instant. The audience is frozen at the first tick at or after
    `at`: a contact that joins the segment later does not get the e-mail. A contact without an
    address is left out.
      audience  ref() of the segment
      at        an instant with its offset: '2026-03-17 09:00:00+00'
      template  the e-mail, a file below templates/ without its ending
      expires   how long after `at` the e-mail may still leave; later no contact is enrolled
-#}
{% macro broadcast(audience, at, template, expires='2 days') -%}
{%- do check_kind('segments', audience, 'audience') -%}
{%- do check_known('templates', template, 'broadcast') -%}
{%- do check_duration(expires) -%}
{%- set instant =
    '^\\d{4}-\\d\\d-\\d\\d[ T]\\d\\d:\\d\\d(:\\d\\d)?(Z|[+-]\\d\\d(:?\\d\\d)?)$' -%}
{%- if not modules.re.match(instant, at) -%}
    {{ exceptions.raise_compiler_error(
        this_file() ~ ": at='" ~ at ~ "' is not an instant with an offset"
        ~ " (example: '2026-03-17 09:00:00+00')"
    ) }}
{%- endif -%}
{%- set name = own_name() -%}
{%- set at_sql = "cast('" ~ at ~ "' as timestamptz)" -%}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

starts as (
    select enrollment_id, contact_id
    from {{ source('state', 'enrollment_starts') }}
    where sequence = '{{ name }}'
),

decided as (
    select enrollment_id
    from {{ source('state', 'step_decisions') }}
    where sequence = '{{ name }}'
),

ended as (
    select enrollment_id
    from {{ source('state', 'enrollment_exits') }}
    where sequence = '{{ name }}'
),

addressed as (
    select contact_id from {{ ref('contacts') }} where email is not null
),

entering as (
    select
        {{ hash_id(["'" ~ name ~ "'", 'audience.contact_id']) }} as enrollment_id,
        audience.contact_id,
        clock.as_of
    from {{ audience }} as audience
    semi join addressed on audience.contact_id = addressed.contact_id
    cross join clock
    where clock.as_of >= {{ at_sql }}
        and clock.as_of < {{ plus(at_sql, expires) }}
        and not exists (select 1 from starts)
),

active as (
    select starts.enrollment_id, starts.contact_id, clock.as_of
    from starts
    cross join clock
    anti join ended on starts.enrollment_id = ended.enrollment_id
    union all
    select enrollment_id, contact_id, as_of
    from entering
),

due as (
    select active.*
    from active
    anti join decided on active.enrollment_id = decided.enrollment_id
),

proposals as (
    {{ propose('definition', {
        'sequence': "'" ~ name ~ "'", 'step': "'broadcast'", 'position': 1, 'reason': "'broadcast'",
        'action': "'send'",
        'template': "'" ~ template ~ "'",
    }, 'clock') }}
    union all
    {{ propose('enroll', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'firing_id': "'" ~ at ~ "'", 'fired_at': at_sql, 'decided_at': 'as_of',
    }, 'entering') }}
    union all
    {{ propose('step', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'step': "'broadcast'", 'position': 1, 'action': "'send'", 'template': "'" ~ template ~ "'",
        'due_at': at_sql, 'expires_at': plus(at_sql, expires), 'decision': "'send'",
        'reason': "'due'", 'decided_at': 'as_of',
    }, 'due') }}
    union all
    {{ propose('exit', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'reason': "'completed'", 'decided_at': 'as_of',
    }, 'active') }}
)

select * from proposals
{%- endmacro %}
