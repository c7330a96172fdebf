{#-
  What each variable of dbt_project.yml may be. Why it is what it is, is said there.
  `kind` says how it is judged, see check_configuration.sql; bounds are included unless `above` or
  `below` names them; `not_above` is another variable.
-#}
{% macro variable_ranges() -%}
    {{ return({
        'watch_date_is': {'kind': 'choice', 'choices': ['start', 'end']},
        'reporting_time_zone': {'kind': 'time_zone'},
        'earliest_watch_date': {'kind': 'date', 'minimum': '1900-01-01'},
        'latest_watch_date_tolerance_minutes': {
            'kind': 'whole', 'unit': 'minutes', 'minimum': 0, 'maximum': 1440,
        },
        'longest_watch_minutes': {
            'kind': 'whole', 'unit': 'minutes', 'minimum': 1, 'maximum': 1440,
        },
        'session_gap_minutes': {
            'kind': 'whole', 'unit': 'minutes', 'minimum': 1, 'maximum': 1440,
        },
        'complete_threshold': {'kind': 'number', 'above': 0, 'maximum': 1},
        'binge_min_episodes': {
            'kind': 'whole', 'unit': 'episodes', 'minimum': 2, 'maximum': 100,
        },
        'binge_min_minutes': {'kind': 'whole', 'unit': 'minutes', 'minimum': 1, 'maximum': 1440},
        'weekly_window_days': {
            'kind': 'whole', 'unit': 'days', 'minimum': 1, 'maximum': 366,
            'not_above': 'monthly_window_days',
        },
        'monthly_window_days': {'kind': 'whole', 'unit': 'days', 'minimum': 1, 'maximum': 366},
        'week_starts_on': {'kind': 'whole', 'unit': 'weekdays', 'minimum': 1, 'maximum': 7},
        'settled_after_days': {'kind': 'whole', 'unit': 'days', 'minimum': 0, 'maximum': 3660},
        'retention_weeks': {'kind': 'whole', 'unit': 'weeks', 'minimum': 1, 'maximum': 520},
        'retention_months': {'kind': 'whole', 'unit': 'months', 'minimum': 1, 'maximum': 120},
        'own_gaps': {'kind': 'whole', 'unit': 'gaps', 'minimum': 1, 'maximum': 1000},
        'at_risk_overdue_ratio': {'kind': 'number', 'above': 1, 'maximum': 1000},
        'dormant_days': {'kind': 'whole', 'unit': 'days', 'minimum': 1, 'maximum': 3660},
        'engagement_weights': {'kind': 'weights'},
        'engagement_hours_quantile': {'kind': 'number', 'above': 0, 'maximum': 1},
        'engagement_high_score': {'kind': 'number', 'minimum': 0, 'maximum': 100},
        'engagement_medium_score': {
            'kind': 'number', 'minimum': 0, 'maximum': 100, 'not_above': 'engagement_high_score',
        },
        'favourite_shows': {'kind': 'whole', 'unit': 'shows', 'minimum': 1, 'maximum': 100},
        'valid_play_seconds': {'kind': 'number', 'unit': 'seconds', 'above': 0, 'maximum': 86400},
        'reach_minutes': {'kind': 'number', 'unit': 'minutes', 'above': 0, 'maximum': 1440},
        'seek_tolerance_seconds': {
            'kind': 'number', 'unit': 'seconds', 'minimum': 0, 'maximum': 86400,
        },
        'retention_min_position_share': {'kind': 'number', 'above': 0, 'maximum': 1},
        'drop_off_points': {'kind': 'whole', 'unit': 'falls', 'minimum': 1, 'maximum': 99},
        'runtime_band_minutes': {'kind': 'rising', 'unit': 'minutes', 'above': 0, 'maximum': 1440},
        'series_content_types': {'kind': 'words'},
        'starter_minutes': {'kind': 'number', 'unit': 'minutes', 'above': 0, 'maximum': 1440},
        'watcher_threshold': {'kind': 'number', 'above': 0, 'maximum': 1},
        'season_binge_days': {'kind': 'whole', 'unit': 'days', 'minimum': 1, 'maximum': 3660},
        'devour_hours_per_day': {'kind': 'number', 'unit': 'hours', 'above': 0, 'maximum': 24},
        'hooked_threshold': {'kind': 'number', 'above': 0, 'maximum': 1},
        'affinity_window_days': {'kind': 'whole', 'unit': 'days', 'minimum': 1, 'maximum': 3660},
        'affinity_min_shared_users': {
            'kind': 'whole', 'unit': 'users', 'minimum': 1, 'maximum': 1000000,
        },
        'affinity_top_shows': {'kind': 'whole', 'unit': 'shows', 'minimum': 1, 'maximum': 1000},
        'affinity_max_shows_per_user': {
            'kind': 'whole', 'unit': 'shows', 'minimum': 2, 'maximum': 10000,
        },
        'trending_threshold': {'kind': 'number', 'unit': 'deviations', 'above': 0, 'maximum': 1000},
        'trending_min_hours': {
            'kind': 'number', 'unit': 'hours', 'minimum': 0, 'maximum': 1000000000,
        },
        'top_shows': {'kind': 'whole', 'unit': 'ranks', 'minimum': 1, 'maximum': 1000},
        'primetime_first_hour': {
            'kind': 'whole', 'unit': 'hours', 'minimum': 0, 'maximum': 23,
            'not_above': 'primetime_last_hour',
        },
        'primetime_last_hour': {'kind': 'whole', 'unit': 'hours', 'minimum': 0, 'maximum': 23},
        'weekend_weekdays': {
            'kind': 'whole_list', 'unit': 'weekdays', 'minimum': 1, 'maximum': 7,
        },
        'dayparts': {'kind': 'dayparts'},
        'late_after_hours': {'kind': 'whole', 'unit': 'hours', 'minimum': 0, 'maximum': 8760},
        'extra_columns': {'kind': 'columns'},
        'experiment_shares': {'kind': 'shares'},
        'experiment_controls': {'kind': 'names'},
        'experiment_before_days': {
            'kind': 'whole', 'unit': 'days', 'minimum': 1, 'maximum': 366,
        },
        'experiment_min_users': {
            'kind': 'whole', 'unit': 'users', 'minimum': 1, 'maximum': 1000000,
        },
    }) }}
{%- endmacro %}
