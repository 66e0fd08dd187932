"""The job `tick`: its schedule and sensor, and a run in this process."""
