/**
 * What devices that cannot run here can compute, as their makers publish it: the operators our graphs may use (onnx/rules), no others.
 *
 * A row is the operator, the versions of it that the device has ('13+', '13-18'), and the element types of its data. For CUDA and DirectML
 * a version is that of the ONNX operator set; the tables of TensorRT and CoreML do not tell versions. Types are those of our graphs.
 */
import type { Device } from '../../contract/jobs.ts';

export interface OperatorTable {
  readonly source: string;
  readonly version: string;
  readonly rows: string;
}

const ALL = 'float32 float16 uint8 int8 int32 int64 bool';
const REAL = 'float32 float16';
const WHOLE = 'float32 float16 int32 int64';
const NUMBERS = 'float32 float16 uint8 int8 int32 int64';

export const OPERATOR_TABLES: Readonly<Partial<Record<Device, OperatorTable>>> = {
  cuda: {
    source:
      'microsoft/onnxruntime docs/OperatorKernels.md at 8f063305 (2023); its newer row of GridSample, 16+ since commit 5e432a3a (2024), by issues 19626 and 20191',
    version: 'ONNX Runtime 1.16, GridSample 1.18',
    rows: `
      Abs 13+ ${NUMBERS}
      Add 14+ ${WHOLE}
      AveragePool 11+ ${REAL}
      BatchNormalization 15+ ${REAL}
      Cast 13-18 ${ALL}
      Ceil 13+ ${REAL}
      Clip 13+ float32 float16 uint8 int8 int64
      Concat 13+ ${ALL}
      ConstantOfShape 9+ int64
      Conv 11+ ${REAL}
      ConvTranspose 11+ ${REAL}
      Cos 7+ ${REAL}
      CumSum 14+ ${WHOLE}
      DepthToSpace 13+ ${REAL}
      DequantizeLinear 13-18 uint8 int8
      Div 14+ ${WHOLE}
      Equal 13+ ${WHOLE} bool
      Exp 13+ ${REAL}
      Expand 13+ ${ALL}
      Floor 13+ ${REAL}
      GRU 14+ ${REAL}
      Gather 13+ ${ALL}
      Gemm 13+ ${REAL}
      GlobalAveragePool 1+ ${REAL}
      Greater 13+ ${WHOLE}
      GridSample 16+ float32
      HardSigmoid 6+ ${REAL}
      Identity 14-18 ${ALL}
      InstanceNormalization 6+ ${REAL}
      LeakyRelu 16+ ${REAL}
      Less 13+ ${WHOLE}
      Log 13+ ${REAL}
      MatMul 13+ ${REAL}
      Max 13+ ${WHOLE}
      MaxPool 12+ float32 float16 uint8 int8
      Min 13+ ${WHOLE}
      Mul 14+ ${WHOLE}
      Neg 13+ float32 float16 int8 int32 int64
      PRelu 16+ ${REAL}
      Pad 13+ ${REAL} bool
      Pow 15+ ${WHOLE}
      QuantizeLinear 13-18 float32
      Reciprocal 13+ ${REAL}
      ReduceMax 13+ ${NUMBERS}
      ReduceMean 13+ ${REAL} int32
      ReduceSum 13+ ${WHOLE}
      Relu 14+ ${REAL}
      Reshape 14-18 ${ALL}
      Resize 13+ ${REAL} uint8 int32
      Shape 15-18 ${ALL}
      Sigmoid 13+ ${REAL}
      Sin 7+ ${REAL}
      Slice 13+ ${ALL}
      Softmax 13+ ${REAL}
      SpaceToDepth 13+ ${REAL}
      Split 13-17 ${ALL}
      Sqrt 13+ ${REAL}
      Squeeze 13+ ${ALL}
      Sub 14+ ${WHOLE}
      Tanh 13+ ${REAL}
      Tile 13+ ${WHOLE}
      Transpose 13+ ${ALL}
      Unsqueeze 13+ ${ALL}
      Where 16+ ${WHOLE} uint8`,
  },
  directml: {
    source: 'microsoft/onnxruntime docs/OperatorKernels.md at 8f063305 (2023)',
    version: 'ONNX Runtime 1.16',
    rows: `
      Abs 13+ float32 float16 int8 int32 int64
      Add 14+ ${NUMBERS}
      AveragePool 11+ ${REAL}
      BatchNormalization 15+ ${REAL}
      Cast 13+ ${ALL}
      Ceil 13+ ${REAL}
      Clip 13+ ${NUMBERS}
      Concat 13+ ${ALL}
      ConstantOfShape 9+ int64
      Conv 11+ ${REAL}
      ConvTranspose 11+ ${REAL}
      Cos 7+ ${REAL}
      CumSum 14+ ${WHOLE}
      DepthToSpace 13+ ${ALL}
      DequantizeLinear 13+ uint8 int8 int32
      Div 14+ ${NUMBERS}
      Equal 13+ ${NUMBERS}
      Exp 13+ ${REAL}
      Expand 13+ ${ALL}
      Floor 13+ ${REAL}
      GRU 14+ ${REAL}
      Gather 13+ ${ALL}
      Gemm 13+ ${REAL}
      GlobalAveragePool 1+ ${REAL}
      Greater 13+ ${NUMBERS}
      GridSample 16-19 ${NUMBERS}
      HardSigmoid 6+ ${REAL}
      Identity 16+ ${ALL}
      InstanceNormalization 6+ ${REAL}
      LeakyRelu 16+ ${REAL}
      Less 13+ ${NUMBERS}
      Log 13+ ${REAL}
      MatMul 13+ ${REAL}
      Max 13+ ${NUMBERS}
      MaxPool 12+ float32 float16 uint8 int8
      Min 13+ ${NUMBERS}
      Mul 14+ ${NUMBERS}
      Neg 13+ float32 float16 int8 int32 int64
      PRelu 16+ float32 float16 int8 int32
      Pad 13+ ${ALL}
      Pow 15+ float32 float16 int32
      QuantizeLinear 13+ float32 int32
      Reciprocal 13+ ${REAL}
      ReduceMax 13+ ${NUMBERS}
      ReduceMean 13+ ${REAL}
      ReduceSum 13+ ${WHOLE}
      Relu 14+ float32 float16 int8 int32
      Reshape 14+ ${ALL}
      Resize 13+ ${REAL}
      Shape 15+ ${ALL}
      Sigmoid 13+ ${REAL}
      Sin 7+ ${REAL}
      Slice 13+ ${ALL}
      Softmax 13+ ${REAL}
      SpaceToDepth 13+ ${ALL}
      Split 13+ ${ALL}
      Sqrt 13+ ${REAL}
      Squeeze 13+ ${ALL}
      Sub 14+ ${NUMBERS}
      Tanh 13+ ${REAL}
      Tile 13+ ${ALL}
      Transpose 13+ ${ALL}
      Unsqueeze 13+ ${ALL}
      Where 16+ ${ALL}`,
  },
  tensorrt: {
    source: 'onnx/onnx-tensorrt docs/operators.md ("TensorRT 10.15 supports operators ... of opset 9 to opset 24")',
    version: 'TensorRT 10.15',
    rows: `
      Abs 9-24 ${WHOLE}
      Add 9-24 ${WHOLE}
      AveragePool 9-24 ${REAL}
      BatchNormalization 9-24 ${REAL}
      Cast 9-24 ${WHOLE} uint8 bool
      Ceil 9-24 ${REAL}
      Clip 9-24 ${REAL}
      Concat 9-24 ${WHOLE} bool
      ConstantOfShape 9-24 ${WHOLE} bool
      Conv 9-24 ${REAL}
      ConvTranspose 9-24 ${REAL}
      Cos 9-24 ${REAL}
      CumSum 9-24 ${REAL}
      DepthToSpace 9-24 ${WHOLE}
      DequantizeLinear 9-24 int8
      Div 9-24 ${WHOLE}
      Equal 9-24 ${WHOLE}
      Exp 9-24 ${REAL}
      Expand 9-24 ${WHOLE} bool
      Floor 9-24 ${REAL}
      GRU 9-24 ${REAL}
      Gather 9-24 ${WHOLE} bool
      Gemm 9-24 ${REAL}
      GlobalAveragePool 9-24 ${REAL}
      Greater 9-24 ${WHOLE}
      GridSample 9-24 ${REAL}
      HardSigmoid 9-24 ${REAL}
      HardSwish 9-24 ${REAL}
      Identity 9-24 ${WHOLE} bool
      InstanceNormalization 9-24 ${REAL}
      LeakyRelu 9-24 ${REAL}
      Less 9-24 ${WHOLE}
      Log 9-24 ${REAL}
      MatMul 9-24 ${REAL}
      Max 9-24 ${WHOLE}
      MaxPool 9-24 ${REAL}
      Min 9-24 ${WHOLE}
      Mul 9-24 ${WHOLE}
      Neg 9-24 ${WHOLE}
      PRelu 9-24 ${REAL}
      Pad 9-24 ${WHOLE}
      Pow 9-24 ${WHOLE}
      QuantizeLinear 9-24 ${REAL}
      Reciprocal 9-24 ${REAL}
      ReduceMax 9-24 ${WHOLE}
      ReduceMean 9-24 ${WHOLE}
      ReduceSum 9-24 ${WHOLE}
      Relu 9-24 ${WHOLE}
      Reshape 9-24 ${WHOLE} bool
      Resize 9-24 ${REAL}
      Shape 9-24 ${WHOLE} bool
      Sigmoid 9-24 ${REAL}
      Sin 9-24 ${REAL}
      Slice 9-24 ${WHOLE} bool
      Softmax 9-24 ${REAL}
      SpaceToDepth 9-24 ${WHOLE}
      Split 9-24 ${WHOLE} bool
      Sqrt 9-24 ${REAL}
      Squeeze 9-24 ${WHOLE} bool
      Sub 9-24 ${WHOLE}
      Tanh 9-24 ${REAL}
      Tile 9-24 ${WHOLE} bool
      Transpose 9-24 ${WHOLE} bool
      Unsqueeze 9-24 ${WHOLE} bool
      Where 9-24 ${WHOLE} bool`,
  },
  // ML Programs, which sessions ask for. The older format (coreml_supported_ops.md) has no GridSample, no LeakyRelu and no ConvTranspose.
  coreml: {
    source:
      'microsoft/onnxruntime tools/ci_build/github/apple/coreml_supported_mlprogram_ops.md at 04f568d8 (2026); it names no types: float32 is taken',
    version: 'ONNX Runtime of 2026, ML Program',
    rows: `
      Add 1+ float32
      AveragePool 1+ float32
      Cast 1+ ${WHOLE}
      Ceil 1+ float32
      Clip 1+ float32
      Concat 1+ float32
      Conv 1+ float32
      ConvTranspose 1+ float32
      Cos 1+ float32
      DepthToSpace 1+ float32
      Div 1+ float32
      Exp 1+ float32
      Gemm 1+ float32
      GlobalAveragePool 1+ float32
      GridSample 1+ float32
      HardSigmoid 1+ float32
      Identity 1+ float32
      InstanceNormalization 1+ float32
      LeakyRelu 1+ float32
      MatMul 1+ float32
      Max 1+ float32
      MaxPool 1+ float32
      Mul 1+ float32
      PRelu 1+ float32
      Pow 1+ float32
      Reciprocal 1+ float32
      ReduceMax 1+ float32
      ReduceMean 1+ float32
      ReduceSum 1+ float32
      Relu 1+ float32
      Reshape 1+ float32
      Resize 1+ float32
      Shape 1+ float32
      Sigmoid 1+ float32
      Sin 1+ float32
      Slice 1+ float32
      Softmax 1+ float32
      Split 1+ float32
      Sqrt 1+ float32
      Squeeze 1+ float32
      Sub 1+ float32
      Tanh 1+ float32
      Tile 1+ float32
      Transpose 1+ float32
      Unsqueeze 1+ float32`,
  },
};
