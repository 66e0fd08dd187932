{#-
    What incremental models take in: a tick costs what is new, not what is there.

    A model's watermark (control.watermarks) says what it has taken in: what was known at `as_of` of
    the files up to `file_no`. It is written in the model's own transaction, so that a tick which
    died half-way loses and doubles nothing; without the model's table, or without the watermark,
    everything is new. Both halves are needed: a file that brings history may tell of days long past
    (its number is new), and one that landed long ago may tell of what is only now known by the clock.
-#}

{#- The rows of `relation` (with received_at and file_no) that came after what `model` has taken in.
    Two selects and no `or`: each skips what it does not need without reading it. To who has taken in
    nothing everything is a new file's, and no row is new in the second. -#}
{% macro arrivals(relation, model) -%}
    (
        select * from {{ relation }}
        where file_no > {{ watermark(model, 'file_no') }}
        union all
        select * from {{ relation }}
        where file_no <= {{ watermark(model, 'file_no') }}
            and received_at > {{ watermark(model, 'as_of', otherwise="timestamptz 'infinity'") }}
    )
{%- endmacro %}


{#- A half of a model's watermark, `as_of` or `file_no`, else `otherwise`, which is before everything
    there is unless said otherwise; a model that is built anew takes in everything. -#}
{% macro watermark(model, half, otherwise=none) -%}
    {%- set before_all = {'as_of': "timestamptz '0001-01-01'", 'file_no': -1}[half] -%}
    {%- set otherwise = otherwise or before_all -%}
    {%- set watermarks = source('control', 'watermarks') -%}
    {%- if model == own_name() and not is_incremental() -%}
        {{ otherwise }}
    {%- else -%}
        (
            select coalesce(max({{ half }}), {{ otherwise }})
            from {{ watermarks }}
            where model = '{{ model }}'
        )
    {%- endif -%}
{%- endmacro %}


{#- Moves watermarks to the clock: the post-hook of whichever model took in what had arrived. -#}
{% macro move_watermarks(models=none) -%}
    {%- set models = models or [own_name()] -%}
    delete from {{ source('control', 'watermarks') }} where model in {{ sql_list(models) }};
    {%- for model in models %}
    insert into {{ source('control', 'watermarks') }}
    select
        '{{ model }}' as model,
        as_of,
        (select coalesce(max(file_no), 0) from {{ source('landing', 'files') }}) as file_no
    from {{ source('control', 'clock') }};
    {%- endfor %}
{%- endmacro %}


{#- The post-hook of who learns from `model`, by its rows, of what arrived: it has taken in what that had,
    which is less than the clock allows when it is built alone. -#}
{% macro follow_watermark(model) -%}
    delete from {{ source('control', 'watermarks') }} where model = '{{ own_name() }}';
    insert into {{ source('control', 'watermarks') }}
    select '{{ own_name() }}' as model, as_of, file_no
    from {{ source('control', 'watermarks') }}
    where model = '{{ model }}';
{%- endmacro %}


{#- The post-hook of what decides something that `models` take in by when it was decided: a tick at the
    very instant of the last one decides more of an instant of which they have taken in all they
    knew. So they look at it again, even if this tick dies before they do. -#}
{% macro look_again(models) -%}
    update {{ source('control', 'watermarks') }} set as_of = {{ just_before('as_of') }}
    where model in {{ sql_list(models) }} and as_of = {{ as_of() }}
{%- endmacro %}
