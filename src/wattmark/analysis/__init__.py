"""Pure: tables of a run → estimates with intervals, ratios, verdicts. No engine, no sensor."""
