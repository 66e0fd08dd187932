{#-
    The history of each record over successive exports, as stretches of time without a change.
      versions    ref() of an object of the input layer
      record      the column that names the record
      attributes  the columns that are compared; not `updated_at`, which a CRM moves for its own
                  reasons

    A record is gone from the instant of a full snapshot without it, of the kind of file that last
    reported it. A snapshot with rejected rows proves nothing: the rejected rows can hold the
    record. A record that is gone or deleted keeps its last reported values.
-#}
{% macro record_history(versions, record, attributes) -%}
{%- set order = 'reported_at, is_gone, updated_at nulls first, file_no, line' -%}
with

versions as (
    select * from {{ versions }}
),

files as (
    select * from {{ ref('stg_exports') }}
),

reported as (
    select
        versions.source,
        versions.{{ record }},
        {% for column in attributes -%}
            versions.{{ column }},
        {% endfor -%}
        versions.is_deleted,
        versions.updated_at,
        versions.file_no,
        versions.line,
        versions.received_at as reported_at,
        files.kind
    from versions
    left join files on versions.file_id = files.file_id
),

numbers as (
    select distinct file_id, file_no from versions
),

---------- the first snapshot after a file of its kind; of snapshots at one instant, an empty one
---------- first
snapshots as (
    select
        files.kind,
        files.received_at as snapshot_at,
        coalesce(numbers.file_no, 0) as file_no
    from files
    left join numbers on files.file_id = numbers.file_id
    where files.is_whole
),

instants as (
    select kind, reported_at, file_no, null as snapshot_at from reported
    union all
    select kind, snapshot_at as reported_at, file_no, snapshot_at from snapshots
),

instants_once as (
    select kind, reported_at, file_no, max(snapshot_at) as snapshot_at
    from instants
    group by kind, reported_at, file_no
),

next_snapshots as (
    select
        kind,
        reported_at,
        file_no,
        min(snapshot_at) over (
            partition by kind
            order by reported_at desc, file_no desc
            rows between unbounded preceding and 1 preceding
        ) as snapshot_at
    from instants_once
),

---------- of the reports at one instant the newest counts; they reach to the last file of the
---------- instant
reported_up_to as (
    select
        *,
        max(file_no) over (partition by {{ record }}, kind, reported_at) as last_file_no,
        lead(reported_at) over (
            partition by {{ record }}
            order by reported_at, updated_at nulls first, file_no, line
        ) as reported_again_at
    from reported
),

placed as (
    select
        reported_up_to.* exclude (last_file_no),
        next_snapshots.snapshot_at
    from reported_up_to
    left join next_snapshots
        on reported_up_to.kind = next_snapshots.kind
            and reported_up_to.reported_at = next_snapshots.reported_at
            and reported_up_to.last_file_no = next_snapshots.file_no
),

states as (
    select
        * exclude (snapshot_at, reported_again_at),
        false as is_gone,
        is_deleted as is_ended
    from placed
    union all
    select
        * exclude (snapshot_at, reported_again_at) replace (snapshot_at as reported_at),
        true as is_gone,
        true as is_ended
    from placed
    where snapshot_at < reported_again_at or (snapshot_at is not null and reported_again_at is null)
),

hashed as (
    select
        *,
        {{ hash_id(attributes + ['is_ended']) }} as state
    from states
),

compared as (
    select
        *,
        lag(state) over (partition by {{ record }} order by {{ order }}) as state_before,
        lag(is_ended) over (partition by {{ record }} order by {{ order }}) as was_ended
    from hashed
),

changes as (
    select
        *,
        case
            when is_ended and not coalesce(was_ended, false)
                then case when is_gone then 'gone' else 'deleted' end
            when state_before is null then 'first'
            when was_ended and not is_ended then 'returned'
            else 'changed'
        end as change
    from compared
    where state_before is null or state <> state_before
),

stretches as (
    select
        source,
        {{ record }},
        {% for column in attributes -%}
            {{ column }},
        {% endfor -%}
        updated_at,
        file_no,
        reported_at as valid_from,
        lead(reported_at) over (partition by {{ record }} order by {{ order }}) as valid_to,
        change,
        is_ended
    from changes
)

select * from stretches
{%- endmacro %}
