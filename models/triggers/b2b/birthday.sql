{{ date_trigger('birthday', yearly=true) }}
