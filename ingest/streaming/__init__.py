"""Topics of a broker as raw Parquet, each message once."""
