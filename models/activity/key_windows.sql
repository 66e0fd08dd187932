-- depends_on: {{ ref('stg_events') }}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='written_key',
    post_hook="{{ move_watermarks() }}",
) }}

with

days as (
    select * from {{ ref('key_days') }}
)

{%- if is_incremental() %},

clock as (
    select
        {{ utc_day('as_of') }} as today,
        {{ utc_day(watermark(own_name(), 'as_of', "timestamptz '0001-01-01'")) }} as earlier
    from {{ source('control', 'clock') }}
),

---------- who did something, and of whom a day went out of a window because time passed
changed as (
    select written_key
    from {{ arrivals(ref('stg_events'), own_name()) }}
    union
    select days.written_key
    from days
    cross join clock
    where clock.today > clock.earlier
        and {{ crosses_a_window('days.day', 'clock.earlier', 'clock.today') }}
),

changed_days as (
    select days.*
    from days
    semi join changed on days.written_key = changed.written_key
)
{%- else %},

changed_days as (
    select * from days
)
{%- endif %}

{{ windows_of('changed_days', ['written_key', 'name']) }}
