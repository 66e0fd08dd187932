{#- A CRM may report a form differently tomorrow, so all forms are counted again; they are few. -#}
with

forms as (
    select * from {{ ref('form_events') }}
),

clock as (
    select {{ as_of_day() }} as today
),

events as (
    select forms.*, clock.today
    from forms
    cross join clock
),

windows as (
    {{ windows_of('events', 'written_key', within_days_of('today')) }}
)

select
    written_key,
    {{ window_columns() | join(',\n    ') }}
from windows
