"""Personal data is readable by its owner alone: folders 700, files 600.

`restrict` gives these modes to everything that the process writes from then on. `close` mends the
home of an earlier version. With the setting `serving_group`, members of that group can read the
folder `serving/`, and nothing else.
"""

from __future__ import annotations

import grp
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dagster_project.home.settings import Settings, SettingsError

logger = logging.getLogger(__name__)

_PRIVATE = 0o077
# The umask of the process before `restrict`.
_before: list[int] = []


def restrict() -> None:
    """Let this process create files for its owner only."""
    umask = os.umask(_PRIVATE)
    if not _before:
        _before.append(umask)


@contextmanager
def unrestricted() -> Iterator[None]:
    """Create files of the project, which hold no data, with the modes that the user chose."""
    restricted = os.umask(_before[0]) if _before else None
    try:
        yield
    finally:
        if restricted is not None:
            os.umask(restricted)


def share(path: Path, settings: Settings) -> None:
    """Let `serving_group` read a new file of `serving/`; the folder gives the file its group."""
    if settings.serving_group is not None:
        path.chmod(0o640)


def close(settings: Settings) -> None:
    """Close the home to other users, except `serving/` to the members of `serving_group`.

    Looks into the folders only if one of the uppermost files and folders is open.

    Raises:
        SettingsError: `serving_group` does not exist, or this user is no member.
    """
    restrict()
    home, serving = settings.home, settings.serving_dir
    home.mkdir(parents=True, exist_ok=True)
    group = _group(settings)
    if group is not None:
        serving.mkdir(exist_ok=True)
    if not any(_is_open(path, settings) for path in (home, *home.iterdir())):
        return
    changed = [path for path in _below(home) if _is_open(path, settings)]
    unchangeable = [path for path in changed if not _set_mode(path, settings, group)]
    if len(changed) > len(unchangeable):
        logger.warning(
            "changed the permissions of %d files and folders in %s: other users could read them, "
            "or `serving_group` changed",
            len(changed) - len(unchangeable),
            home,
        )
    if unchangeable:
        logger.warning(
            "%d files in %s belong to another user and keep their permissions, such as %s",
            len(unchangeable),
            home,
            unchangeable[0],
        )


def _mode(path: Path, settings: Settings) -> int:
    """The permission bits that others and the group have on a path of the home."""
    if settings.serving_group is None:
        return 0
    if path == settings.home:
        return 0o010
    if not path.is_relative_to(settings.serving_dir):
        return 0
    # New files in the folder get the group of the folder.
    return 0o2050 if path.is_dir() else 0o040


def _is_open(path: Path, settings: Settings) -> bool:
    with suppress(FileNotFoundError):
        return not path.is_symlink() and path.stat().st_mode & 0o2077 != _mode(path, settings)
    return False


def _set_mode(path: Path, settings: Settings, group: int | None) -> bool:
    """Set the permissions; return whether this user may."""
    mode = _mode(path, settings)
    try:
        if mode and group is not None:
            os.chown(path, -1, group)
        path.chmod(path.stat().st_mode & 0o700 | mode)
    except PermissionError:
        return False
    except FileNotFoundError:
        pass
    return True


def _below(home: Path) -> Iterator[Path]:
    yield home
    for folder, folders, files in os.walk(home):
        yield from (Path(folder, name) for name in (*folders, *files))


def _group(settings: Settings) -> int | None:
    if settings.serving_group is None:
        return None
    try:
        group = grp.getgrnam(settings.serving_group).gr_gid
    except KeyError as error:
        raise SettingsError(
            f"invalid setting: serving_group: this machine has no group '{settings.serving_group}'"
        ) from error
    if os.geteuid() != 0 and group not in (os.getegid(), *os.getgroups()):
        raise SettingsError(
            f"invalid setting: serving_group: this user is no member of '{settings.serving_group}'"
        )
    return group
