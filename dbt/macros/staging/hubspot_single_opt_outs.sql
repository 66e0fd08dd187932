{#-
    A regular expression for HubSpot's columns of single subscriptions: a contact that opted out of
    one kind of mail has yes in one of them. `families` in models/staging/hubspot/__sources.yml
    names the same columns.
-#}
{% macro hubspot_single_opt_outs() -%}
    {{ return('^((property_|properties_)?hs_email_optout_[0-9]+$|opted out of email: )') }}
{%- endmacro %}
