"""A plugin of dbt: every dbt command writes the registry before dbt reads the project.

dbt imports each installed package whose name begins with `dbt_` (dbt/plugins/manager.py). So plain
`dbt build` in a shell sees a new segment as well, and the generated file needs no commit.
"""

from __future__ import annotations

from pathlib import Path

from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin

from dagster_project.project import registry


class SendhousePlugin(dbtPlugin):
    """Writes `dbt/macros/registry.sql` of a Sendhouse project; see dagster_project/project."""

    def initialize(self) -> None:
        """Write the registry if the project's files differ from it.

        Raises:
            RegistryError: a file cannot be listed; dbt prints the message.
        """
        project_dir = Path(get_flags().PROJECT_DIR)
        if (project_dir / registry.REGISTRY_FILE).with_name("registry_use.sql").is_file():
            registry.refresh(project_dir)


plugins = [SendhousePlugin]
