"""OpenVINO's telemetry is switched off where this is imported, before openvino or nncf is.

Importing either sends an event and writes a client's id into the user's home, unless a file there
declines it. Both fall back to a stub of their own where the package openvino_telemetry cannot be
imported, and a None among the modules makes that so (Python reference, section 5.3.1).
"""

import sys

sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # typed without it
