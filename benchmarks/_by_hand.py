"""One query for all of contacts.contact_features, directly from raw: the floor for the models.

The query is written like a good analyst's query for one answer. It reads the events three times,
because most columns need one event in twenty. Keys become contacts after the aggregation, when
far fewer rows remain. The query relies on the generated population: one export of each CRM object,
no merges, no forms reported by a CRM. It takes identities from decisions.contact_keys.
"""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks import _population


def _per_window(template: str, windows: tuple[int, ...] = _population.WINDOWS) -> str:
    return ",\n        ".join(template.format(n=n) for n in windows)


def _trend(now: str, before: str) -> str:
    return f"round({now}::double / nullif({before}::double, 0), 4)"


_QUERY = f"""
with

---------- all events; $day_<n> is the midnight at which the last n days begin
everything as (
    select
        contact_key,
        min(occurred_at) as first_active_at,
        max(occurred_at) as last_event_at,
        {_per_window("count(*) filter (where occurred_at >= $day_{n}) as events_{n}d")},
        max(occurred_at) filter (where name in $usage) as last_used_at,
        count(*) filter (where name in $usage and occurred_at >= $day_30) as usage_30d,
        count(*) filter (where name in $usage and occurred_at >= $day_60) as usage_60d
    from raw.events
    where received_at <= $as_of
    group by contact_key
),

purchased as (
    select
        contact_key, occurred_at,
        try_cast(properties ->> '$.amount' as decimal(18, 4)) as amount,
        coalesce(upper(nullif(trim(properties ->> '$.currency'), '')), '') as currency
    from raw.events
    where received_at <= $as_of and name = 'purchase_completed'
),

purchases as (
    select
        contact_key,
        min(occurred_at) as first_purchase_at,
        max(occurred_at) as last_purchase_at,
        count(*) as purchases,
        {
    _per_window("count(*) filter (where occurred_at >= $day_{n}) as purchases_{n}d", (30, 90, 180))
}
    from purchased
    group by contact_key
),

reached as (
    select
        contact_key, name, occurred_at, least(occurred_at, received_at) as said_at,
        case
            when contains(properties::varchar, '"marketing_consent"') and name in $consent
                then try_cast(properties ->> '$.marketing_consent' as boolean)
        end as agrees
    from raw.events
    where received_at <= $as_of
        and name in (
            'form_submitted', 'signed_up', 'setup_completed', 'activated', 'demo_booked',
            'subscription_cancelled', 'subscribed', 'unsubscribed'
        )
),

milestones as (
    select
        contact_key,
        min(occurred_at) filter (where name = 'form_submitted') as first_form_at,
        min(occurred_at) filter (where name = 'signed_up') as trial_started_at,
        min(occurred_at) filter (where name = 'setup_completed') as setup_completed_at,
        min(occurred_at) filter (where name = 'activated') as activated_at,
        max(occurred_at) filter (where name = 'demo_booked') as last_demo_at,
        max(occurred_at) filter (where name = 'subscription_cancelled') as cancelled_at,
        max(said_at) filter (where name = 'unsubscribed') as opted_out_at,
        max(said_at) filter (where name = 'subscribed') as subscribed_at,
        max(said_at) filter (where name = 'subscribed' or agrees) as opted_in_at
    from reached
    group by contact_key
),

keys as (
    select key_kind, key, contact_id from decisions.contact_keys
),

---------- one row per contact; a contact has a key per CRM id and per address
activity as (
    select
        keys.contact_id,
        min(first_active_at) as first_active_at,
        max(last_event_at) as last_event_at,
        {_per_window("sum(events_{n}d)::bigint as events_{n}d")},
        max(last_used_at) as last_used_at,
        sum(usage_30d)::bigint as usage_30d,
        sum(usage_60d)::bigint as usage_60d,
        min(first_form_at) as first_form_at,
        min(trial_started_at) as trial_started_at,
        min(setup_completed_at) as setup_completed_at,
        min(activated_at) as activated_at,
        max(last_demo_at) as last_demo_at,
        max(cancelled_at) as cancelled_at,
        min(first_purchase_at) as first_purchase_at,
        max(last_purchase_at) as last_purchase_at,
        sum(purchases)::bigint as purchases,
        {_per_window("sum(purchases_{n}d)::bigint as purchases_{n}d", (30, 90, 180))},
        max(opted_out_at) as opted_out_at,
        max(subscribed_at) as subscribed_at,
        max(opted_in_at) as opted_in_at
    from everything
    left join purchases using (contact_key)
    left join milestones using (contact_key)
    inner join keys
        on keys.key_kind = case when contains(contact_key, '@') then 'email' else 'id' end
            and keys.key = case
                when contains(contact_key, '@') then lower(trim(contact_key))
                else trim(contact_key)
            end
    group by keys.contact_id
),

---------- amounts count in the currency of the latest purchase
paid as (
    select
        keys.contact_id,
        nullif(currency, '') as revenue_currency,
        sum(amount) as revenue,
        {
    _per_window(
        "coalesce(sum(amount) filter (where occurred_at >= $day_{n}), 0) as revenue_{n}d",
        (30, 90, 180),
    )
}
    from purchased
    inner join keys
        on keys.key_kind = case when contains(contact_key, '@') then 'email' else 'id' end
            and keys.key = case
                when contains(contact_key, '@') then lower(trim(contact_key))
                else trim(contact_key)
            end
    where amount is not null
    group by keys.contact_id, currency
    qualify row_number() over (
        partition by keys.contact_id order by max(occurred_at) desc, currency
    ) = 1
),

records as (
    select
        keys.contact_id, crm.* exclude (contact_id),
        nullif(trim(crm.company_id), '') as works_at
    from raw.standard__contacts as crm
    inner join keys on keys.key_kind = 'id' and trim(crm.contact_id) = keys.key
    where crm._received_at <= $as_of
    qualify row_number() over (
        partition by keys.contact_id
        order by crm._received_at desc, try_cast(crm.updated_at as timestamptz) desc nulls last,
            crm._file_no desc, crm._line desc
    ) = 1
),

companies as (
    select * replace (trim(company_id) as company_id)
    from raw.standard__companies
    where _received_at <= $as_of
    qualify row_number() over (
        partition by trim(company_id)
        order by _received_at desc, try_cast(updated_at as timestamptz) desc nulls last,
            _file_no desc, _line desc
    ) = 1
),

together as (
    select
        works_at,
        count(*) as contacts,
        coalesce(sum(activity.usage_30d), 0)::bigint as usage_30d,
        coalesce(sum(activity.usage_60d - activity.usage_30d), 0)::bigint as usage_previous_30d
    from records
    left join activity using (contact_id)
    where works_at is not null
    group by works_at
),

of_company as (
    select
        trim(company_key) as works_at,
        min(occurred_at) as company_first_event_at,
        max(occurred_at) as company_last_event_at,
        {_per_window("count(*) filter (where occurred_at >= $day_{n}) as company_events_{n}d")}
    from raw.events
    where received_at <= $as_of and company_key is not null
    group by trim(company_key)
),

reported_deals as (
    select
        trim(contact_id) as crm_id,
        coalesce(
            lower(nullif(trim(status), '')),
            case
                when lower(stage) like '%won%' then 'won'
                when lower(stage) like '%lost%' then 'lost'
                when nullif(trim(stage), '') is not null then 'open'
            end
        ) as status,
        try_cast(amount as decimal(18, 4)) as amount,
        coalesce(upper(nullif(trim(currency), '')), '') as currency,
        try_cast(created_at as timestamptz) as created_at,
        trim(deal_id) as deal_id,
        try_cast(closed_at as timestamptz) as closed_at,
        coalesce(try_cast(is_deleted as boolean), false) as is_deleted
    from raw.standard__deals
    where _received_at <= $as_of
    qualify row_number() over (
        partition by trim(deal_id)
        order by _received_at desc, try_cast(updated_at as timestamptz) desc nulls last,
            _file_no desc, _line desc
    ) = 1
),

known_deals as (
    select
        keys.contact_id, reported_deals.*,
        first_value(case when amount is not null then currency end ignore nulls) over (
            partition by keys.contact_id
            order by amount is null, coalesce(created_at, closed_at) desc, deal_id desc
        ) as deal_currency
    from reported_deals
    inner join keys on keys.key_kind = 'id' and reported_deals.crm_id = keys.key
    where not is_deleted
),

deals as (
    select
        contact_id,
        count(*) filter (where status = 'open') as open_deals,
        sum(amount) filter (where status = 'open' and currency = deal_currency)
            as open_deal_amount,
        count(*) filter (where status = 'won') as won_deals,
        sum(amount) filter (where status = 'won' and currency = deal_currency) as won_amount,
        nullif(max(deal_currency), '') as deal_currency,
        max(closed_at) filter (where status = 'won') as last_won_at,
        max(closed_at) filter (where status = 'lost') as last_lost_at
    from known_deals
    group by contact_id
),

sent as (
    select send_id, min(finished_at) filter (where status = 'sent') as sent_at
    from raw.attempts
    where started_at <= $as_of
    group by send_id
),

mail as (
    select
        sends.send_id, sends.contact_id, sent.sent_at,
        row_number() over (
            partition by sends.contact_id
            order by sent.sent_at desc nulls last, sends.send_id
        ) as recency
    from decisions.step_decisions as sends
    left join sent on sends.send_id = sent.send_id
    where sends.decision = 'send'
),

deliveries as (
    select send_id, min(occurred_at) as delivered_at
    from raw.tracking
    where type = 'delivered' and received_at <= $as_of
    group by send_id
),

reported_hits as (
    select
        send_id, email, type, occurred_at,
        detail ->> '$.url' as url,
        detail ->> '$.user_agent' as user_agent,
        detail ->> '$.method' as method
    from raw.tracking
    where received_at <= $as_of and type in ('opened', 'clicked', 'replied')
),

---------- hits of people: hits within two seconds and hits of known machines do not count
hits as (
    select
        reported_hits.send_id, reported_hits.type, reported_hits.occurred_at, reported_hits.url,
        coalesce(mail.contact_id, keys.contact_id) as contact_id
    from reported_hits
    left join mail using (send_id)
    left join deliveries using (send_id)
    left join keys on keys.key_kind = 'email' and lower(trim(reported_hits.email)) = keys.key
    where coalesce(mail.contact_id, keys.contact_id) is not null
        and (
            type = 'replied'
            or not (
                coalesce(method = 'HEAD', false)
                or coalesce(user_agent = 'Mozilla/5.0', false)
                or coalesce(regexp_matches(
                    lower(user_agent),
                    'barracuda|proofpoint|safelinks|mimecast|bot|crawler|spider|scanner|headless'
                    '|python|curl|wget'
                ), false)
                or coalesce(
                    occurred_at - coalesce(delivered_at, sent_at) < interval '2 seconds', false
                )
            )
        )
),

received as (
    select
        contact_id,
        count(*) as emails_received,
        min(sent_at) as first_emailed_at,
        max(sent_at) as last_emailed_at,
        {
    _per_window("count(*) filter (where sent_at >= $day_{n}) as emails_received_{n}d", (30, 90))
},
        count(*) filter (
            where recency <= 3 and send_id in (select send_id from hits where type = 'opened')
        ) as opened_of_last_3
    from mail
    where sent_at is not null
    group by contact_id
),

reactions as (
    select
        contact_id,
        max(occurred_at) as last_engaged_at,
        max(occurred_at) filter (where type = 'opened') as last_opened_at,
        max(occurred_at) filter (where type = 'clicked') as last_clicked_at,
        max(occurred_at) filter (where type = 'clicked' and url like '%/pricing%')
            as last_pricing_click_at,
        {
    _per_window("count(*) filter (where type = 'opened' and occurred_at >= $day_{n}) as opens_{n}d")
},
        {
    _per_window(
        "count(*) filter (where type = 'clicked' and occurred_at >= $day_{n}) as clicks_{n}d"
    )
},
        count(*) filter (where type = 'replied' and occurred_at >= $day_90) as replies_90d
    from hits
    group by contact_id
),

opt_outs_in_mail as (
    select
        coalesce(mail.contact_id, keys.contact_id) as contact_id,
        max(least(tracking.occurred_at, tracking.received_at))
            filter (where type in ('unsubscribed', 'complained')) as opted_out_at,
        max(least(tracking.occurred_at, tracking.received_at))
            filter (where type = 'subscribed') as subscribed_at
    from raw.tracking
    left join mail using (send_id)
    left join keys on keys.key_kind = 'email' and lower(trim(tracking.email)) = keys.key
    where tracking.received_at <= $as_of
        and type in ('unsubscribed', 'complained', 'subscribed')
    group by all
),

words as (
    select
        contact_id,
        greatest(activity.opted_out_at, opt_outs_in_mail.opted_out_at) as opted_out_at,
        greatest(activity.subscribed_at, opt_outs_in_mail.subscribed_at) as subscribed_at,
        greatest(activity.opted_in_at, opt_outs_in_mail.subscribed_at) as opted_in_at
    from activity
    full join opt_outs_in_mail using (contact_id)
),

facts as (
    select
        people.contact_id,
        -- profile
        lower(nullif(trim(records.email), '')) as email,
        nullif(trim(first_name), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        nullif(trim(job_title), '') as job_title,
        nullif(trim(records.country), '') as country,
        coalesce(nullif(trim(timezone), ''), 'UTC') as timezone,
        nullif(trim(language), '') as language,
        try_cast(birthday as date) as birthday,
        nullif(trim(owner_name), '') as owner_name,
        lower(nullif(trim(owner_email), '')) as owner_email,
        coalesce(try_cast(records.created_at as timestamptz), people.first_known_at) as created_at,
        nullif(trim(lifecycle_stage), '') as crm_lifecycle_stage,
        case
            when words.opted_out_at is not null
                and (words.subscribed_at is null or words.subscribed_at <= words.opted_out_at)
                then 'opted_out'
            when not try_cast(marketing_consent as boolean)
                and try_cast(consent_at as timestamptz) is not null
                and words.subscribed_at is null
                then 'opted_out'
            when words.opted_in_at is not null then 'opted_in'
            when not try_cast(marketing_consent as boolean) then 'opted_out'
            when try_cast(marketing_consent as boolean) then 'opted_in'
            else 'unknown'
        end as consent,
        -- company
        records.works_at as company_id,
        coalesce(nullif(trim(companies.name), ''), nullif(trim(company_name), '')) as company_name,
        nullif(trim(companies.industry), '') as company_industry,
        try_cast(companies.employees as integer) as company_employees,
        nullif(trim(companies.country), '') as company_country,
        nullif(trim(companies.plan), '') as company_plan,
        try_cast(companies.plan_limit as double) as company_plan_limit,
        try_cast(companies.renewal_on as date) as company_renewal_on,
        together.contacts as company_contacts,
        coalesce(together.usage_30d, 0) as company_usage_30d,
        coalesce(together.usage_previous_30d, 0) as company_usage_previous_30d,
        {_trend("together.usage_30d", "together.usage_previous_30d")} as company_usage_trend_30d,
        company_first_event_at,
        company_last_event_at,
        {_per_window("coalesce(company_events_{n}d, 0) as company_events_{n}d")},
        coalesce(company_events_60d - company_events_30d, 0) as company_events_previous_30d,
        {_trend("company_events_30d", "(company_events_60d - company_events_30d)")}
            as company_events_trend_30d,
        -- activity, use, milestones
        first_active_at,
        last_event_at,
        {_per_window("coalesce(events_{n}d, 0) as events_{n}d")},
        coalesce(events_60d - events_30d, 0) as events_previous_30d,
        coalesce(events_180d - events_90d, 0) as events_previous_90d,
        {_trend("events_30d", "(events_60d - events_30d)")} as events_trend_30d,
        {_trend("events_90d", "(events_180d - events_90d)")} as events_trend_90d,
        last_used_at,
        coalesce(activity.usage_30d, 0) as usage_30d,
        coalesce(activity.usage_60d - activity.usage_30d, 0) as usage_previous_30d,
        {_trend("activity.usage_30d", "(activity.usage_60d - activity.usage_30d)")}
            as usage_trend_30d,
        first_form_at,
        trial_started_at,
        trial_started_at + to_days((
            select value::integer from control.parameters where name = 'trial_days'
        )) as trial_ends_at,
        setup_completed_at,
        activated_at,
        last_demo_at,
        cancelled_at,
        -- purchases
        first_purchase_at,
        last_purchase_at,
        coalesce(purchases, 0) as purchases,
        revenue_currency,
        coalesce(revenue, 0) as revenue,
        {_per_window("coalesce(purchases_{n}d, 0) as purchases_{n}d", (30, 90, 180))},
        {_per_window("coalesce(revenue_{n}d, 0) as revenue_{n}d", (30, 90, 180))},
        coalesce(revenue_180d - revenue_90d, 0) as revenue_previous_90d,
        {_trend("revenue_90d", "(revenue_180d - revenue_90d)")} as revenue_trend_90d,
        -- e-mail
        coalesce(emails_received, 0) as emails_received,
        {_per_window("coalesce(emails_received_{n}d, 0) as emails_received_{n}d", (30, 90))},
        first_emailed_at,
        last_emailed_at,
        coalesce(opened_of_last_3, 0) as opened_of_last_3,
        last_engaged_at,
        last_opened_at,
        last_clicked_at,
        last_pricing_click_at,
        {_per_window("coalesce(opens_{n}d, 0) as opens_{n}d")},
        {_per_window("coalesce(clicks_{n}d, 0) as clicks_{n}d")},
        coalesce(replies_90d, 0) as replies_90d,
        -- deals
        coalesce(open_deals, 0) as open_deals,
        coalesce(open_deal_amount, 0) as open_deal_amount,
        coalesce(won_deals, 0) as won_deals,
        coalesce(won_amount, 0) as won_amount,
        deal_currency,
        last_won_at,
        last_lost_at
    from (
        select contact_id, min(decided_at) as first_known_at
        from decisions.contact_keys
        group by contact_id
    ) as people
    left join records using (contact_id)
    left join companies on records.works_at = companies.company_id
    left join together on records.works_at = together.works_at
    left join of_company on records.works_at = of_company.works_at
    left join activity using (contact_id)
    left join words using (contact_id)
    left join paid using (contact_id)
    left join deals using (contact_id)
    left join received using (contact_id)
    left join reactions using (contact_id)
),

compared as (
    select
        *,
        greatest(last_purchase_at, last_won_at) as last_bought_at,
        regexp_replace(lower(crm_lifecycle_stage), '[^a-z]', '', 'g') as crm_says
    from facts
)

select
    * exclude (last_bought_at, crm_says),
    greatest(last_event_at, last_engaged_at) as last_active_at,
    case
        when cancelled_at >= last_bought_at then 'churned'
        when last_bought_at is not null then 'customer'
        when crm_says in ('churned', 'formercustomer') then 'churned'
        when crm_says in ('customer', 'evangelist') then 'customer'
        when open_deals > 0 or crm_says = 'opportunity' then 'opportunity'
        when last_demo_at is not null or crm_says in ('salesqualifiedlead', 'sql') then 'sql'
        when crm_says in ('marketingqualifiedlead', 'mql') then 'mql'
        when trial_started_at is not null or first_form_at is not null
            or crm_says in ('lead', 'trial') then 'lead'
        else 'subscriber'
    end as lifecycle_stage
from compared
"""
_TABLE = "contacts.features_by_hand"


def run(home: str) -> dict[str, float]:
    """Compute the features without a model, and compare them with the features of the models.

    Raises:
        RuntimeError: the columns or the rows differ.

    """
    from dagster_project.home import warehouse

    with warehouse.connect(Path(home) / "warehouse.duckdb") as connection:
        values = _population.boundaries(connection)
        started = time.perf_counter()
        connection.execute(f"create or replace table {_TABLE} as {_QUERY}", values)
        seconds = time.perf_counter() - started
        ours = connection.table("contacts.contact_features").columns
        theirs = connection.table(_TABLE).columns
        if set(ours) != set(theirs):
            raise RuntimeError(f"features on one side only: {sorted(set(ours) ^ set(theirs))}")
        columns = ", ".join(ours)
        [(different,)] = connection.execute(
            f"""select count(*) from (
                (select {columns} from {_TABLE}
                    except all select {columns} from contacts.contact_features)
                union all
                (select {columns} from contacts.contact_features
                    except all select {columns} from {_TABLE}))"""
        ).fetchall()
        connection.execute(f"drop table {_TABLE}")
    if different:
        raise RuntimeError(f"{different} rows differ between the query and contact_features")
    return {"seconds": seconds}
