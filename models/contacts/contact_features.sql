{#- Every model of models/contacts/features, side by side: add one there, and it appears here. -#}
with

---------- whom the CRM has let go of is in no segment
contacts as (
    select contact_id from {{ ref('contacts') }} where ended_at is null
)

{{ join_features('contacts') }}
