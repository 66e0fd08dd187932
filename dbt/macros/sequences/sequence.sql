{#-
    A sequence as SQL: its decisions at the clock, given the earlier decisions.
      trigger   ref() of the trigger whose firings enroll
      audience  ref() of the segment that a contact must be in to enroll
      reentry   'once', 'after_exit', or a duration that must lie between two enrollments
      exits     conditions that end the run; the first condition that holds is the reason
      goal      event(…): the event ends the run and counts as its conversion
      steps     step(…), in order
      enroll_within  how long after its instant a firing may still enroll (late files, late
                  audience)

    A sequence that sends mail enrolls only contacts with an address. A contact without an address
    can get one within `enroll_within`.

    The rows are proposals: definition, enroll, refuse, step, exit, overtake (an exit condition came
    true after the last step was decided and before its mail left). The models in decisions/ append
    each proposal by its id, so a tick that died half-way repeats nothing.
    Steps are walked in order because a step may wait for one decided in the same tick.
-#}
{% macro sequence(
    trigger, audience, steps, reentry='once', exits=[], goal=none, enroll_within='3 days'
) -%}
{%- do check_steps(steps, exits) -%}
{%- do check_kind('triggers', trigger, 'trigger') -%}
{%- do check_kind('segments', audience, 'audience') -%}
{%- if reentry not in ['once', 'after_exit'] -%}{%- do check_duration(reentry) -%}{%- endif -%}
{%- if goal and not goal.event -%}
    {{ exceptions.raise_compiler_error(this_file() ~ ": a goal is an event(…)") }}
{%- endif -%}
{%- set name = own_name() -%}
{%- set sends = steps | selectattr('do', 'equalto', 'send') | list | length > 0 -%}
{%- set endings = [contact_ended()] + exits + ([dict(goal, says='goal')] if goal else []) -%}
with

clock as (
    select as_of from {{ source('control', 'clock') }}
),

firings as (
    select firings.firing_id, firings.contact_id, firings.fired_at
    from {{ of_current_contact(ref('trigger_firings')) }} as firings
    where firings.trigger = '{{ name_of(trigger) }}'
),

audience as (
    select contact_id from {{ audience }}
),
{%- if sends %}

addressed as (
    select contact_id from {{ ref('contacts') }} where email is not null
),
{%- endif %}

starts as (
    select
        starts.enrollment_id,
        starts.contact_id,
        starts.firing_id,
        starts.fired_at,
        starts.enrolled_at
    from {{ of_current_contact(source('state', 'enrollment_starts')) }} as starts
    where starts.sequence = '{{ name }}'
),

ended as (
    select enrollment_id, exit_reason
    from {{ source('state', 'enrollment_exits') }}
    where sequence = '{{ name }}'
),

refused as (
    select enrollment_id
    from {{ source('state', 'enrollment_refusals') }}
    where sequence = '{{ name }}'
),

decided as (
    select enrollment_id, step, decided_at
    from {{ source('state', 'step_decisions') }}
    where sequence = '{{ name }}'
),

---------- enrollments
contact_runs as (
    select
        starts.contact_id,
        max(starts.enrolled_at) as last_enrolled_at,
        count(*) > count(ended.enrollment_id) as is_enrolled
    from starts
    left join ended on starts.enrollment_id = ended.enrollment_id
    group by starts.contact_id
),

candidates as (
    select
        {{ hash_id(["'" ~ name ~ "'", 'firings.firing_id']) }} as enrollment_id,
        firings.firing_id,
        firings.contact_id,
        firings.fired_at
    from firings
),

undecided as (
    select candidates.*
    from candidates
    anti join starts on candidates.enrollment_id = starts.enrollment_id
    anti join refused on candidates.enrollment_id = refused.enrollment_id
),

judged as (
    select
        undecided.enrollment_id,
        undecided.firing_id,
        undecided.contact_id,
        undecided.fired_at,
        clock.as_of,
        case
            {%- if reentry == 'once' %}
            when contact_runs.contact_id is not null then 're-entry: once'
            {%- else %}
            when contact_runs.is_enrolled then 're-entry: already in the sequence'
            {%- if reentry != 'after_exit' %}
            when clock.as_of < {{ plus('contact_runs.last_enrolled_at', reentry) }}
                then 're-entry: less than {{ reentry }} since the last'
            {%- endif %}
            {%- endif %}
            when clock.as_of >= {{ plus('undecided.fired_at', enroll_within) }} then
                case
                    when audience.contact_id is null
                        then 'not in {{ name_of(audience) }} within {{ enroll_within }}'
                    {%- if sends %}
                    when addressed.contact_id is null
                        then 'no address within {{ enroll_within }}'
                    {%- endif %}
                    else 'fired more than {{ enroll_within }} ago'
                end
        end as refusal,
        audience.contact_id is not null
        {%- if sends %} and addressed.contact_id is not null{% endif %} as may_enter
    from undecided
    cross join clock
    left join contact_runs on undecided.contact_id = contact_runs.contact_id
    left join audience on undecided.contact_id = audience.contact_id
    {%- if sends %}
    left join addressed on undecided.contact_id = addressed.contact_id
    {%- endif %}
),

entering as (
    select
        *,
        row_number() over (partition by contact_id order by fired_at, firing_id) as nth
    from judged
    where refusal is null and may_enter
),

---------- active runs
active as (
    select
        starts.enrollment_id,
        starts.contact_id,
        starts.firing_id,
        starts.fired_at,
        starts.enrolled_at,
        clock.as_of
    from starts
    cross join clock
    anti join ended on starts.enrollment_id = ended.enrollment_id
    union all
    select
        enrollment_id,
        contact_id,
        firing_id,
        fired_at,
        as_of as enrolled_at,
        as_of
    from entering
    where nth = 1
),

---------- two runs can meet when contacts merge: the first goes on
rivals as (
    {%- if reentry == 'once' %}
    select enrollment_id, contact_id, enrolled_at from starts
    union all
    select enrollment_id, contact_id, as_of from entering where nth = 1
    {%- else %}
    select enrollment_id, contact_id, enrolled_at from active
    {%- endif %}
),

placed as (
    select
        enrollment_id,
        row_number() over (partition by contact_id order by enrolled_at, enrollment_id) as nth
    from rivals
),

ranked as (
    select active.*, placed.nth
    from active
    inner join placed on active.enrollment_id = placed.enrollment_id
),

---------- exits
leaving as (
    select
        enrollment.enrollment_id,
        enrollment.contact_id,
        enrollment.as_of,
        coalesce(
            {{ first_ending(endings) }},
            case when enrollment.nth > 1 then 'merged with another run' end
        ) as exit_reason
    from ranked as enrollment
),

staying as (
    select active.*
    from active
    inner join leaving on active.enrollment_id = leaving.enrollment_id
    where leaving.exit_reason is null
),

---------- runs whose last mail is decided but not sent: an exit condition still stops the mail
finishing as (
    select distinct
        starts.enrollment_id,
        starts.contact_id,
        starts.fired_at,
        starts.enrolled_at,
        clock.as_of
    from starts
    cross join clock
    inner join ended on starts.enrollment_id = ended.enrollment_id
    inner join {{ ref('open_sends') }} as waiting on starts.enrollment_id = waiting.enrollment_id
    where ended.exit_reason = 'completed'
),

overtaken as (
    select
        enrollment.enrollment_id,
        enrollment.contact_id,
        enrollment.as_of,
        {{ first_ending(endings) }} as exit_reason
    from finishing as enrollment
),

---------- due steps, in order
{%- for step in steps %}
{%- set due_at = plus('waited.decided_at' if step.after else 'enrollment.enrolled_at', step.wait) %}

step_{{ step.name }} as (
    select
        enrollment.enrollment_id,
        enrollment.contact_id,
        enrollment.as_of,
        {{ due_at }} as due_at,
        decided.decided_at is not null as is_decided,
        coalesce(
            decided.decided_at,
            case when {{ due_at }} <= enrollment.as_of then enrollment.as_of end
        ) as decided_at,
        {% if step.unless -%}
            ({{ step.unless.sql }})
        {%- else -%}
            false
        {%- endif %} as is_blocked,
        {% if step.when -%}
            ({{ step.when.sql }})
        {%- else -%}
            true
        {%- endif %} as is_wanted
    from staying as enrollment
    left join decided
        on enrollment.enrollment_id = decided.enrollment_id and decided.step = '{{ step.name }}'
    {%- if step.after %}
    left join step_{{ step.after }} as waited on enrollment.enrollment_id = waited.enrollment_id
    {%- endif %}
),

due_{{ step.name }} as (
    select
        enrollment_id,
        contact_id,
        due_at,
        {{ plus('due_at', step.expires) }} as expires_at,
        as_of,
        case
            when as_of >= {{ plus('due_at', step.expires) }} then 'skip'
            when is_blocked then 'skip'
            when not is_wanted then 'skip'
            else '{{ step.do }}'
        end as decision,
        case
            when as_of >= {{ plus('due_at', step.expires) }}
                then 'due more than {{ step.expires }} ago'
            {%- if step.unless %}
            when is_blocked then '{{ step.unless.says | replace("'", "''") }}'
            {%- endif %}
            {%- if step.when %}
            when not is_wanted then 'not: {{ step.when.says | replace("'", "''") }}'
            {%- endif %}
            else 'due'
        end as reason
    from step_{{ step.name }}
    where decided_at is not null and not is_decided
),
{%- endfor %}

finished as (
    select staying.enrollment_id, staying.contact_id, staying.as_of
    from staying
    {%- for step in steps %}
    inner join step_{{ step.name }}
        on staying.enrollment_id = step_{{ step.name }}.enrollment_id
            and step_{{ step.name }}.decided_at is not null
    {%- endfor %}
),

proposals as (
    {%- for step in steps %}
    {%- set template = "'" ~ step.template ~ "'" if step.template else 'null' %}
    {{ propose('definition', {
        'sequence': "'" ~ name ~ "'", 'step': "'" ~ step.name ~ "'", 'position': loop.index,
        'reason': "'sequence'", 'action': "'" ~ step.do ~ "'", 'template': template,
        'goal_event': "'" ~ goal.event ~ "'" if goal else 'null',
        'goal_seconds': seconds_between('clock.as_of', plus('clock.as_of', goal.within))
            if goal and goal.within else 'null',
    }, 'clock') }}
    union all
    {{ propose('step', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'step': "'" ~ step.name ~ "'", 'position': loop.index, 'action': "'" ~ step.do ~ "'",
        'template': template, 'due_at': 'due_at', 'expires_at': 'expires_at',
        'decision': 'decision', 'reason': 'reason', 'decided_at': 'as_of',
    }, 'due_' ~ step.name) }}
    union all
    {%- endfor %}
    {{ propose('enroll', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'firing_id': 'firing_id', 'fired_at': 'fired_at', 'decided_at': 'as_of',
    }, 'entering where nth = 1') }}
    union all
    {{ propose('refuse', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'firing_id': 'firing_id', 'reason': 'refusal', 'decided_at': 'as_of',
    }, 'judged where refusal is not null') }}
    union all
    {{ propose('refuse', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'firing_id': 'firing_id', 'reason': "'re-entry: another firing enrolled in the same tick'",
        'decided_at': 'as_of',
    }, 'entering where nth > 1') }}
    union all
    {{ propose('exit', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'reason': 'exit_reason', 'decided_at': 'as_of',
    }, 'leaving where exit_reason is not null') }}
    union all
    {{ propose('exit', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'reason': "'completed'", 'decided_at': 'as_of',
    }, 'finished') }}
    union all
    {{ propose('overtake', {
        'sequence': "'" ~ name ~ "'", 'enrollment_id': 'enrollment_id', 'contact_id': 'contact_id',
        'reason': 'exit_reason', 'decided_at': 'as_of',
    }, 'overtaken where exit_reason is not null') }}
)

select * from proposals
{%- endmacro %}


{#- The reason why a run ends: the first ending that holds for `enrollment`, or null. -#}
{% macro first_ending(endings) -%}
    case
        {%- for ending in endings %}
        when {{ ending.sql }} then '{{ ending.says | replace("'", "''") }}'
        {%- else %}
        when false then null
        {%- endfor %}
    end
{%- endmacro %}
