"""Side by side: Wattmark, CodeCarbon and Zeus on the same faked sensors, in the same run.

A process at real-time priority writes the counters of a powercap tree by a known function of the
monotonic clock (`writer`, `loads`). Each tool runs in a process of its own, follows the same
timetable (`scenes`) and stamps the clock around each call (`driver`); the truth of a window is
the function's integral between its own stamps. A mount namespace shows every tool the tree as
/sys/class, so that all three run their real code on the same files (`world`).
"""
