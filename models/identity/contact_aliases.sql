with recursive

{{ merge_chains(ref('contact_merges')) }}

select
    contact_id,
    canonical_id,
    is_circle,
    evidence
from merge_chains
