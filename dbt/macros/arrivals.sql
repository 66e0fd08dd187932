{#-
    How incremental models read new rows only: the cost of a tick depends on the new rows.

    A model's watermark (control.watermarks) records the rows it has read: the rows known at
    `as_of`, of the files up to `file_no`. The watermark is written in the model's own transaction,
    so a tick that dies half-way loses no row and reads no row twice. Without the model's table, or
    without the watermark, every row is new. Both halves are needed: a new file may contain days
    long past (its number is new), and an old file may contain rows that become known only now, by
    the clock.
-#}

{#- The rows of `relation` (with received_at and file_no) after the watermark of `model`. Two
    selects instead of an `or`: each skips the row groups it does not need. For a model without a
    watermark the first select returns every row and the second none. -#}
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


{#- A half of a model's watermark, `as_of` or `file_no`. Without a watermark, and for a full build
    of the model, `otherwise`; its default lies before every row. -#}
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


{#- Moves watermarks to the clock: the post-hook of a model that reads arrivals(). -#}
{% macro move_watermarks(models=none) -%}
    {%- set models = models or [own_name()] -%}
    delete from {{ source('control', 'watermarks') }} where model in {{ sql_list(models) }};
    {%- for model in models %}
    insert into {{ source('control', 'watermarks') }}
    select
        '{{ model }}' as model,
        as_of,
        (select coalesce(max(file_no), 0) from {{ source('landing', 'files') }}) as file_no
    from {{ source('control', 'known') }};
    {%- endfor %}
{%- endmacro %}


{#- The post-hook of a model that learns of arrivals through the rows of `model`: it copies that
    model's watermark, which is behind the clock after a build of this model alone. -#}
{% macro follow_watermark(model) -%}
    delete from {{ source('control', 'watermarks') }} where model = '{{ own_name() }}';
    insert into {{ source('control', 'watermarks') }}
    select '{{ own_name() }}' as model, as_of, file_no
    from {{ source('control', 'watermarks') }}
    where model = '{{ model }}';
{%- endmacro %}


{#- The post-hook of a decision model that `models` read by the time of decision. A second tick at
    the instant of the last tick adds decisions to an instant already read. The watermarks of
    `models` therefore move back just before that instant, even if this tick dies before `models`
    run. -#}
{% macro look_again(models) -%}
    update {{ source('control', 'watermarks') }} set as_of = {{ just_before('as_of') }}
    where model in {{ sql_list(models) }} and as_of = {{ known_until() }}
{%- endmacro %}
