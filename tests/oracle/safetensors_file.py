"""Reads and writes the safetensors format by hand: it is a JSON header and bytes.

    8 bytes   length of the header, little-endian
    header    {"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [begin, end]}, "__metadata__": {...}}
    bytes     the tensors, row-major and little-endian; the offsets count from here

Source of the format: https://github.com/huggingface/safetensors
"""

import json
import struct

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4"}


def write(path, tensors, metadata):
    """tensors: {name: numpy array}; metadata: {name: anything}, every value is written as a string."""
    header = {"__metadata__": {key: str(value) for key, value in metadata.items()}}
    blobs, offset = [], 0
    for name, array in tensors.items():
        code = next(code for code, dtype in DTYPES.items() if np.dtype(dtype) == array.dtype)
        blob = array.astype(DTYPES[code]).tobytes()  # row-major, whatever the strides were
        header[name] = {
            "dtype": code,
            "shape": list(array.shape),
            "data_offsets": [offset, offset + len(blob)],
        }
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # so that the data begins at a multiple of 8
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        file.writelines(blobs)


def read(path):
    """Returns ({name: numpy array}, metadata)."""
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        tensors[name] = np.frombuffer(data[begin:end], DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors, metadata
