{#- The models in decisions/ append each proposal by its id. -#}
{{ union_folder('sequences', proposal_columns()) }}
union all
{{ union_folder('broadcasts', proposal_columns()) }}
