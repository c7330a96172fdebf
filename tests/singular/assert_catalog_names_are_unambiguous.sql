-- A row is a name that belongs to more than one show of the catalogue, and so resolves to none.
-- A warning: which show is meant only the producer can say, by sending show_id.
{{ config(severity='warn') }}
select
    name_key,
    show_count
from {{ ref('int_catalog_names') }}
where is_ambiguous
