"""Tables that leave the house: Parquet files in a folder that a person named. The store's door to the outside.

Knows no stage. Written as the store writes, so that equal rows are equal bytes.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import BadInput
from pipelines.files import committed

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa


def empty_folder(path: Path, marker: str) -> Path:
    """`path` as a folder to write a set into: new, empty, or holding an earlier set, which its file `marker` tells.

    Parquet files of an earlier set are removed. Raises BadInput for a folder that holds anything else.
    """
    if path.exists() and not path.is_dir():
        raise BadInput(f"{path}: is a file, not a folder")
    if path.is_dir() and any(path.iterdir()) and not (path / marker).is_file():
        raise BadInput(f"{path}: holds other files; name a new folder, or an earlier one of this command")
    for old in path.glob("*/part-*.parquet"):
        old.unlink()
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_release(path: Path, frame: pl.DataFrame, schema: pa.Schema) -> None:
    """Commit a frame as one Parquet file with the given Arrow schema."""
    import polars as pl
    import pyarrow.parquet as pq

    arrow = frame.select(schema.names).to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).combine_chunks()
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer, compression="zstd", compression_level=3, use_dictionary=False)
    with committed(path) as file:
        file.write(buffer.getbuffer())


def copy_files(files: Iterable[Path], folder: Path) -> None:
    """Commit a copy of each file, under its own name."""
    for path in files:
        with path.open("rb") as source, committed(folder / path.name) as file:
            shutil.copyfileobj(source, file)
