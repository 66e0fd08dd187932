{#-
    What successive exports told of each record, as stretches of time in which it was the same.
      versions    ref() of an object of the input layer
      record      the column that names the record
      attributes  what is compared; `updated_at` is not, a CRM moves it for its own reasons

    A record is gone from the instant of a full snapshot without it, of the kind of file that told of
    it last; a snapshot with rejected rows proves nothing, a missing row may be among those. What was
    told of a record last still stands in its row while it is gone or deleted.
-#}
{% macro record_history(versions, record, attributes) -%}
{%- set order = 'told_at, is_gone, updated_at nulls first, file_no, line' -%}
with

versions as (
    select * from {{ versions }}
),

files as (
    select * from {{ ref('stg_exports') }}
),

told as (
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
        versions.received_at as told_at,
        files.kind
    from versions
    left join files on versions.file_id = files.file_id
),

numbers as (
    select distinct file_id, file_no from versions
),

---------- the first snapshot after a file of its kind; one that tells of no record at all comes
---------- first of those that landed at one instant
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
    select kind, told_at, file_no, null as snapshot_at from told
    union all
    select kind, snapshot_at as told_at, file_no, snapshot_at from snapshots
),

instants_once as (
    select kind, told_at, file_no, max(snapshot_at) as snapshot_at
    from instants
    group by kind, told_at, file_no
),

next_snapshots as (
    select
        kind,
        told_at,
        file_no,
        min(snapshot_at) over (
            partition by kind
            order by told_at desc, file_no desc
            rows between unbounded preceding and 1 preceding
        ) as snapshot_at
    from instants_once
),

---------- of what was told at one instant the newest speaks, and it was told up to the last file
told_up_to as (
    select
        *,
        max(file_no) over (partition by {{ record }}, kind, told_at) as last_file_no,
        lead(told_at) over (
            partition by {{ record }}
            order by told_at, updated_at nulls first, file_no, line
        ) as told_again_at
    from told
),

placed as (
    select
        told_up_to.* exclude (last_file_no),
        next_snapshots.snapshot_at
    from told_up_to
    left join next_snapshots
        on told_up_to.kind = next_snapshots.kind
            and told_up_to.told_at = next_snapshots.told_at
            and told_up_to.last_file_no = next_snapshots.file_no
),

states as (
    select
        * exclude (snapshot_at, told_again_at),
        false as is_gone,
        is_deleted as is_ended
    from placed
    union all
    select
        * exclude (snapshot_at, told_again_at) replace (snapshot_at as told_at),
        true as is_gone,
        true as is_ended
    from placed
    where snapshot_at < told_again_at or (snapshot_at is not null and told_again_at is null)
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
        told_at as valid_from,
        lead(told_at) over (partition by {{ record }} order by {{ order }}) as valid_to,
        change,
        is_ended
    from changes
)

select * from stretches
{%- endmacro %}
