"""The run directory: crash-safe while it runs, Parquet once it is closed."""
