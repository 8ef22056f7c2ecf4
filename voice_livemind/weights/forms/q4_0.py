"""GGUF with all matrices of its layers in Q4_0, the kind for which llama.cpp has its fastest kernels on a CPU.

A file that is called Q4_K_M can be mostly Q5_0: its K-quants need rows of 256, which a width of 896 does not give, and
Q5_0 has no such kernel. The embedding and the output keep what they have. Writes `model.gguf`, always the same bytes.
"""

import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFReader, GGUFValueType, GGUFWriter, LlamaFileType, ReaderTensor
from gguf.quants import quant_shape_to_byte_shape, quantize

from voice_livemind.weights.forms.rows import rows_of

FILE = "model.gguf"
_FORM = GGMLQuantizationType.Q4_0
_FULL_PRECISION = {GGMLQuantizationType.F32, GGMLQuantizationType.F16, GGMLQuantizationType.BF16}


def convert(source: Path, folder: Path) -> None:
    """Writes the form of `source` into `folder`."""
    reader = GGUFReader(source)
    writer = GGUFWriter(folder / FILE, str(reader.fields["general.architecture"].contents()))
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue
        kind = field.types[0]
        value = LlamaFileType.MOSTLY_Q4_0 if field.name == "general.file_type" else field.contents()
        writer.add_key_value(field.name, value, kind, field.types[-1] if kind == GGUFValueType.ARRAY else None)
    for tensor in reader.tensors:
        if _is_requantised(tensor):
            shape = quant_shape_to_byte_shape([int(size) for size in reversed(tensor.shape)], _FORM)
            writer.add_tensor_info(tensor.name, shape, np.dtype(np.uint8), int(np.prod(shape)), _FORM)
        else:
            data = tensor.data
            writer.add_tensor_info(tensor.name, data.shape, data.dtype, data.nbytes, tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor in reader.tensors:
        if _is_requantised(tensor):
            writer.write_tensor_data(np.concatenate([quantize(rows, _FORM) for rows in rows_of(tensor)]))
        else:
            writer.write_tensor_data(tensor.data)
    writer.close()


def _is_requantised(tensor: ReaderTensor) -> bool:
    return tensor.name.startswith("blk.") and tensor.tensor_type not in _FULL_PRECISION


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
