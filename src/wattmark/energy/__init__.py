"""Samples × spans → joules with intervals. Pure: no clock, no file, no sensor.

`Series.from_samples` orders one sensor's readings, `resolve` joins the series with the spans,
`share` splits a batch's joules among its queries, and `total` sums components.
"""
