{#-
    The contact at the end of each chain of merges. In a circle of merges the smallest id stays. The
    latest decision about a contact counts; a merge into itself undoes the merge.
      merges  ref() or source() of the decisions
    Goes into `with recursive`.
-#}
{% macro merge_chains(merges) -%}
merge_decisions as (
    select
        contact_id,
        {{ latest('merged_into', by=['ordinal']) }} as merged_into,
        {{ latest('evidence', by=['ordinal']) }} as evidence
    from {{ merges }}
    group by contact_id
),

merge_steps as (
    select * from merge_decisions where merged_into <> contact_id
),

walks as (
    select
        contact_id,
        merged_into as reached,
        [contact_id] as passed
    from merge_steps
    union all
    select
        walks.contact_id,
        merge_steps.merged_into as reached,
        list_append(walks.passed, walks.reached) as passed
    from walks
    inner join merge_steps on walks.reached = merge_steps.contact_id
    where not list_contains(walks.passed, walks.reached)
),

ends as (
    select
        walks.contact_id,
        -- A walk that comes back to an earlier contact: a circle begins there.
        list_contains(walks.passed, walks.reached) as is_circle,
        case
            when list_contains(walks.passed, walks.reached)
                then list_min(list_slice(
                    walks.passed,
                    list_position(walks.passed, walks.reached),
                    len(walks.passed)
                ))
            else walks.reached
        end as canonical_id
    from walks
    left join merge_steps on walks.reached = merge_steps.contact_id
    where merge_steps.contact_id is null or list_contains(walks.passed, walks.reached)
),

merge_chains as (
    select
        ends.contact_id,
        ends.canonical_id,
        ends.is_circle,
        merge_steps.evidence
    from ends
    inner join merge_steps on ends.contact_id = merge_steps.contact_id
    where ends.contact_id <> ends.canonical_id
)
{%- endmacro %}
