"""Run the command line as `python -m dagster_project.cli`."""

from dagster_project.cli import main

main()
