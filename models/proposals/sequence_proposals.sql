{#- What every sequence and broadcast would decide now; decisions/ appends it by id. -#}
{{ union_folder('sequences', proposal_columns()) }}
union all
{{ union_folder('broadcasts', proposal_columns()) }}
