"""Prints the model of onnx.test.ts, written by the onnx package itself: PYTHON onnx-sample.py"""
import base64
import gzip

import numpy as np
from onnx import TensorProto, helper, numpy_helper

tensors = [
    numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "raw"),
    helper.make_tensor("listed", TensorProto.FLOAT, [2, 2], [0.5, -1, 2, 3]),
    helper.make_tensor("doubles", TensorProto.DOUBLE, [2], [0.25, 4]),
    helper.make_tensor("longs", TensorProto.INT64, [3], [1, -2, 2**40]),
    helper.make_tensor("halves", TensorProto.FLOAT16, [2], [1.5, -2]),
    helper.make_tensor("bytes", TensorProto.UINT8, [2], [7, 255]),
    helper.make_tensor("scalar", TensorProto.FLOAT, [], [9]),
    helper.make_tensor("none", TensorProto.FLOAT, [0, 3], []),
]
node = helper.make_node("Identity", ["raw"], ["y"])
graph = helper.make_graph([node], "g", [], [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3])], tensors)
print(base64.b64encode(gzip.compress(helper.make_model(graph).SerializeToString(), 9, mtime=0)).decode())
