"""Buckets as folders: what distributed Map states read and write. Each bucket is a folder under one of its name."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pizzabar.documents import JSON
from pizzabar.stepfunctions.item_reader import (
    LIST_OBJECTS,
    LOAD_AND_FLATTEN,
    CannotRead,
    StoredObject,
    items_in,
    listed,
)


class LocalBuckets:
    """The buckets in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def items(self, resource: str, parameters: JSON, config: Mapping[str, JSON]) -> list[JSON]:
        """Read the items of a Map state (see ``ReadItems``). Raise ``CannotRead``."""
        bucket, key = _text(parameters, "Bucket"), str(parameters.get("Key", ""))
        folder = self.folder / bucket
        if not folder.is_dir() or not bucket or "/" in bucket or bucket in (".", ".."):
            raise CannotRead(f"The specified bucket does not exist: {bucket} (it would be the folder {folder})")
        if resource == LIST_OBJECTS:
            objects = self._objects(folder, str(parameters.get("Prefix") or ""))
            if config.get("Transformation") == LOAD_AND_FLATTEN:
                items = [
                    item for each in objects for item in items_in((folder / each.key).read_bytes(), each.key, config)
                ]
            else:
                items = listed(objects)
        else:
            file = self._file(folder, _text(parameters, "Key"))
            if not file.is_file():
                raise CannotRead(f"The specified key does not exist: {key} (it would be the file {file})")
            items = items_in(file.read_bytes(), key, config)
        most = config.get("MaxItems")
        return items[: int(most)] if most else items

    def write(self, bucket: str, files: Mapping[str, bytes]) -> None:
        """Write objects by their keys; the bucket is made where it is missing. Raise ``CannotRead``, ``OSError``."""
        if not bucket or "/" in bucket or bucket in (".", ".."):
            raise CannotRead(f"The specified bucket is not valid: {bucket}")
        folder = self.folder / bucket
        for key, data in files.items():
            file = self._file(folder, key)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def _file(self, folder: Path, key: str) -> Path:
        file = (folder / key).resolve()
        if not file.is_relative_to(folder.resolve()):
            # Keys may look like paths that lead elsewhere; here they would.
            raise CannotRead(f"The specified key is not valid: {key}")
        return file

    def _objects(self, folder: Path, prefix: str) -> list[StoredObject]:
        found = []
        for file in sorted(folder.rglob("*")):
            key = file.relative_to(folder).as_posix()
            if file.is_file() and key.startswith(prefix):
                state = file.stat()
                modified = datetime.fromtimestamp(int(state.st_mtime), UTC)
                etag = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()
                found.append(StoredObject(key, state.st_size, modified, etag))
        return found


def _text(parameters: JSON, name: str) -> str:
    value = parameters.get(name) if isinstance(parameters, dict) else None
    if not isinstance(value, str) or not value:
        raise CannotRead(f"The field '{name}' must be a string that is not empty")
    return value
