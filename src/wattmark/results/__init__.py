"""The Python face of finished runs: tables as dataframes, figures with intervals, charts."""
