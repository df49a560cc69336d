"""Checks of a zarr store from an untrusted source, before zarr reads its metadata.

Object codecs, such as pickle, can run code from a file. Only codecs of numbers and of text are
accepted, in all metadata: of each array, in consolidated metadata, and in shards.
"""

import math
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pkqsp_bayes.errors import CheckError, Issue
from pkqsp_bayes.files import read_json
from pkqsp_bayes.fitting.results.size_limits import MOST_CHUNKS, check_claim, count_of

__all__ = ["ALL_CHUNKS", "check_zarr"]

ALL_CHUNKS = "every_chunk_is_written"
"""Attribute of a store with all chunks: a missing chunk is damage, not an omitted fill value."""

_CODECS = frozenset({
    "adler32", "astype", "bitround", "blosc", "bz2", "crc32", "crc32c", "delta",
    "fixedscaleoffset", "fletcher32", "gzip", "jenkins_lookup3", "lz4", "lzma", "packbits",
    "quantize", "shuffle", "vlen-bytes", "vlen-utf8", "zlib", "zstd",
    "bytes", "endian", "transpose", "sharding_indexed", "zfpy",
})  # fmt: skip
_OF_TEXT = frozenset({"vlen-utf8", "vlen-bytes"})
_PREFIX = "numcodecs."
_METADATA = frozenset({".zarray", ".zgroup", ".zattrs", ".zmetadata", "zarr.json"})
_MOST_BYTES = 64_000_000
_MOST_FILES = 1_000_000
_TEXT_BYTES = 64
_KINDS = frozenset("biufcSUmM")
_REMEDY = "do not open the file: it was not written by this package"
_TYPES = {
    "bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 1, "uint16": 2,
    "uint32": 4, "uint64": 8, "float16": 2, "float32": 4, "float64": 8, "complex64": 8,
    "complex128": 16, "string": _TEXT_BYTES,
}  # fmt: skip
_SIZED = frozenset({
    "fixed_length_utf32", "null_terminated_bytes", "numpy.datetime64", "numpy.timedelta64",
})  # fmt: skip


def check_zarr(folder: Path) -> list[Issue]:
    """Return the reasons why a store is not read. No array is opened.

    Parameters
    ----------
    folder : Path
        The store. A store in one file (zip) is not accepted.

    Raises
    ------
    OSError
        If the folder cannot be read.
    """
    if not folder.is_dir():
        what = "this is not a folder, but a zarr store must be one"
        return [Issue(where=str(folder), what=what, remedy="unpack it if it is a zip file")]
    issues: list[Issue] = []
    on_disk, claimed = 0, 0
    for count, (path, size) in enumerate(_files(folder, issues)):
        on_disk += size
        if count > _MOST_FILES:
            what = f"it has more than {_MOST_FILES} files"
            return [*issues, Issue(where=str(folder), what=what, remedy=_REMEDY)]
        if path.name.lower() in _METADATA:
            claimed += _check_metadata(path, issues)
    return issues or [*_missing_chunks(folder), *check_claim(str(folder), claimed, on_disk)]


def _missing_chunks(folder: Path) -> Iterator[Issue]:
    """Yield arrays that have missing chunks, for which zarr would return zeros or NaN."""
    marks = folder / ".zattrs"
    remedy = "resume the fit: it is written again"
    if not marks.is_file() or ALL_CHUNKS not in read_json(marks, limit=_MOST_BYTES, remedy=remedy):
        return
    for path in sorted(folder.rglob(".zarray")):
        found = read_json(path, limit=_MOST_BYTES, remedy=remedy)
        grid = [-(-n // k) for n, k in zip(found["shape"], found["chunks"], strict=True)]
        there = sum(not each.name.startswith(".") for each in path.parent.iterdir())
        if there < math.prod(grid):
            what = f"{math.prod(grid) - there} of its {math.prod(grid)} chunks are missing"
            yield Issue(where=str(path.parent), what=what, remedy=remedy)


def _files(folder: Path, issues: list[Issue]) -> Iterator[tuple[Path, int]]:
    """Yield regular files with their sizes; links are not accepted."""
    for place, folders, names in os.walk(folder, onerror=_fail):
        for name in (*folders, *names):
            path = Path(place, name)
            found = path.lstat()
            if stat.S_ISREG(found.st_mode):
                yield path, found.st_size
            elif not stat.S_ISDIR(found.st_mode):
                what = "this is a link, a pipe or a device"
                issues.append(Issue(where=str(path), what=what, remedy=_REMEDY))


def _fail(error: OSError) -> None:
    raise error


def _check_metadata(path: Path, issues: list[Issue]) -> int:
    """Collect the errors in a metadata file; return the stated size of its array in bytes."""
    remedy = "resume the fit: it is written again"
    try:
        found = read_json(path, limit=_MOST_BYTES, remedy=remedy)
    except CheckError as error:
        issues += error.issues
        return 0
    if not isinstance(found, dict):
        issues.append(Issue(where=str(path), what="it is not a table", remedy=remedy))
        return 0
    if path.name in (".zattrs", ".zgroup"):
        return 0
    errors: list[str] = []
    claimed = sum(_array(node, errors) for node in _arrays(found, errors))
    issues += [Issue(where=str(path), what=what, remedy=_REMEDY) for what in dict.fromkeys(errors)]
    return claimed if path.name in (".zarray", "zarr.json") else 0


def _arrays(found: Mapping[str, Any], errors: list[str]) -> Iterator[Mapping[str, Any]]:
    """Yield metadata of arrays: those of the file, and those that it repeats of other files."""
    if "shape" in found or "codecs" in found or found.get("node_type") == "array":
        yield found
    for repeated in (found.get("metadata"), found.get("consolidated_metadata")):
        if repeated is None:
            continue
        nodes = repeated.get("metadata", repeated) if isinstance(repeated, dict) else None
        if not isinstance(nodes, dict) or not all(
            isinstance(node, dict) or name in ("kind", "must_understand")
            for name, node in nodes.items()
        ):
            errors.append("its consolidated metadata are not tables")
            continue
        for name, node in nodes.items():
            if isinstance(node, dict) and not str(name).endswith((".zattrs", ".zgroup")):
                yield from _arrays(node, errors)


def _array(found: Mapping[str, Any], errors: list[str]) -> int:
    """Collect the errors of an array; return its stated size in bytes, or that of a chunk."""
    codecs = list(_codecs(found, errors))
    refused = [name for name in codecs if name not in _CODECS]
    errors += [f"its codec {name!r} can run code, or is unknown" for name in refused]
    if found.get("storage_transformers"):
        errors.append("its storage is transformed")
    shape, chunk = _sizes(found.get("shape")), _sizes(_chunk_of(found))
    if shape is None or chunk is None or 0 in chunk or len(shape) != len(chunk):
        errors.append("its shape or the shape of its chunks is not valid")
        return 0
    if math.prod(-(-n // k) for n, k in zip(shape, chunk, strict=True)) > MOST_CHUNKS:
        errors.append(f"it has more than {MOST_CHUNKS} chunks")
    if _OF_TEXT.intersection(codecs) and not (
        found.get("dtype") == "|O" or found.get("data_type") == "string"
    ):
        errors.append("its codec is for text, but its values are not text")
    each = _item_size(found, codecs, errors)
    return each * max(count_of(shape), count_of(chunk))


def _sizes(value: Any) -> list[int] | None:
    """Return sizes if they are valid, otherwise None."""
    if isinstance(value, list) and all(type(n) is int and 0 <= n < 2**62 for n in value):
        return value
    return None


def _chunk_of(found: Mapping[str, Any]) -> Any:
    grid = found.get("chunk_grid")
    if not isinstance(grid, dict):
        return found.get("chunks")
    configuration = grid.get("configuration")
    if grid.get("name") != "regular" or not isinstance(configuration, dict):
        return None
    return configuration.get("chunk_shape")


def _codecs(found: Mapping[str, Any], errors: list[str]) -> Iterator[str]:
    """Yield the name of each codec, also of nested codecs (shards)."""
    for key in ("filters", "compressor", "codecs", "index_codecs", "object_codec"):
        listed = found.get(key)
        for codec in listed if isinstance(listed, list) else [listed]:
            if codec is None:
                continue
            name = codec.get("id", codec.get("name")) if isinstance(codec, dict) else codec
            if not isinstance(name, str):
                errors.append(f"its {key} have no name")
                continue
            yield name.removeprefix(_PREFIX)
            within = codec.get("configuration") if isinstance(codec, dict) else None
            if isinstance(within, dict):
                yield from _codecs(within, errors)


def _item_size(found: Mapping[str, Any], codecs: list[str], errors: list[str]) -> int:
    """Return the size of one value in bytes."""
    if "data_type" in found:
        return _size_of_type(found["data_type"], errors)
    stated = found.get("dtype")
    if stated == "|O" and _OF_TEXT.intersection(codecs):
        return _TEXT_BYTES
    try:
        dtype = np.dtype(stated) if isinstance(stated, str) else np.dtype(object)
    except (TypeError, ValueError):
        dtype = np.dtype(object)
    if dtype.kind not in _KINDS:
        errors.append(f"its values are of the type {str(stated)[:40]!r}, not numbers or text")
    return dtype.itemsize


def _size_of_type(stated: Any, errors: list[str]) -> int:
    """Return the size of one value of format 3 in bytes."""
    if isinstance(stated, str) and stated in _TYPES:
        return _TYPES[stated]
    name = stated.get("name") if isinstance(stated, dict) else None
    configuration = stated.get("configuration") if isinstance(stated, dict) else None
    if name in _SIZED and isinstance(configuration, dict):
        size = configuration.get("length_bytes", 8)
        if type(size) is int and 0 < size < 2**31:
            return size
    errors.append(f"its values are of the type {str(stated)[:40]!r}, not numbers or text")
    return 0
