"""Loads the test kit, and says how hypothesis makes its inputs."""

from hypothesis import HealthCheck, settings

pytest_plugins = ["core.testing.plugin"]

# The same inputs on every run, and no clock: a failure is about the code, not luck,
# nor what else the machine is doing.
settings.register_profile(
    "palestra",
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("palestra")
