{{ union_folder('segments', {'contact_id': 'varchar'}, name_as='segment') }}
