{#-
    One step of a sequence.
      name      its name, unique in the sequence
      wait      how long after enrollment, or after the decision of step `after`: '2 days'
      template  the e-mail, a file below templates/ without its ending; for do='send'
      unless    a condition: when it holds at the due time, the step is skipped
      when      a condition: when it does not hold at the due time, the step is skipped
      after     the earlier step that `wait` counts from
      expires   how long after its due time the step may still be carried out
      do        an action: the name of a file in dbt/macros/sequences/actions
-#}
{% macro step(
    name, wait, template=none, unless=none, when=none, after=none, expires='3 days', do='send'
) -%}
    {{ return({
        'name': name, 'wait': wait, 'template': template, 'unless': unless, 'when': when,
        'after': after, 'expires': expires, 'do': do,
    }) }}
{%- endmacro %}


{#- Stops the parse at the first step that cannot work; the message has the file and the step. -#}
{% macro check_steps(steps, exits) -%}
    {%- set seen = [] -%}
    {%- for step in steps -%}
        {%- set where = this_file() ~ ": step '" ~ step.name ~ "'" -%}
        {%- do check_duration(step.wait) -%}
        {%- do check_duration(step.expires) -%}
        {%- if not modules.re.match('^[a-z][a-z0-9_]*$', step.name) -%}
            {{ exceptions.raise_compiler_error(
                where ~ ": a name is lowercase letters, digits and _"
            ) }}
        {%- elif step.name in seen -%}
            {{ exceptions.raise_compiler_error(
                where ~ " has the name of an earlier step; give it another name"
            ) }}
        {%- elif step.do not in registry()['actions'] -%}
            {{ exceptions.raise_compiler_error(
                where ~ " does '" ~ step.do ~ "'; a step can do: "
                ~ registry()['actions'] | join(', ')
            ) }}
        {%- elif step.after and step.after not in seen -%}
            {{ exceptions.raise_compiler_error(
                where ~ " comes after step '" ~ step.after ~ "', which is not an earlier step"
            ) }}
        {%- elif context['action_' ~ step.do]().needs_template != (step.template is not none) -%}
            {{ exceptions.raise_compiler_error(
                where ~ ": do='" ~ step.do ~ "' "
                ~ ("takes no template" if step.template else "needs a template")
            ) }}
        {%- endif -%}
        {%- if step.template -%}
            {%- do check_known('templates', step.template, "step '" ~ step.name ~ "'") -%}
        {%- endif -%}
        {%- for condition in [step.unless, step.when] if condition and condition.step -%}
            {%- if condition.step not in seen -%}
                {{ exceptions.raise_compiler_error(
                    where ~ " has a condition on step '" ~ condition.step
                    ~ "', which is not an earlier step"
                ) }}
            {%- endif -%}
        {%- endfor -%}
        {%- do seen.append(step.name) -%}
    {%- endfor -%}
    {%- for ending in exits if ending.step and ending.step not in seen -%}
        {{ exceptions.raise_compiler_error(
            this_file() ~ ": an exit has a condition on step '" ~ ending.step
            ~ "', which is not a step"
        ) }}
    {%- endfor -%}
    {%- if not steps -%}
        {{ exceptions.raise_compiler_error(this_file() ~ ": a sequence needs at least one step") }}
    {%- endif -%}
{%- endmacro %}
