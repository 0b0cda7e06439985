"""The operations a GraphDef may contain: those of image networks at inference.

Left out, and so refused: everything that touches files (``ReadFile``, ``WriteFile``,
``SaveV2``, ``PrintV2``, ...), starts or talks to processes and devices, calls Python
(``PyFunc``, ``EagerPyFunc``), holds state, or runs other functions or loops.
"""

from __future__ import annotations

ALLOWED_OPERATIONS = frozenset(
    """
    Const Identity IdentityN NoOp Placeholder PlaceholderV2 PlaceholderWithDefault
    PreventGradient Snapshot StopGradient CheckNumerics

    Conv2D Conv2DBackpropInput Conv3D DepthwiseConv2dNative Dilation2D
    FusedResizeAndPadConv2D FusedPadConv2D BiasAdd BiasAddV1 MatMul BatchMatMul
    BatchMatMulV2 BatchMatMulV3 Einsum
    AvgPool AvgPool3D MaxPool MaxPoolV2 MaxPoolWithArgmax MaxPool3D LRN
    FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
    BatchNormWithGlobalNormalization L2Loss
    Relu Relu6 LeakyRelu Elu Selu Softplus Softsign Softmax LogSoftmax Sigmoid Tanh Erf

    Abs Add AddN AddV2 BiasAddGrad Ceil ClipByValue Cos Div DivNoNan Equal Exp Expm1
    Floor FloorDiv FloorMod Greater GreaterEqual Inv IsFinite IsInf IsNan Less LessEqual
    Log Log1p LogicalAnd LogicalNot LogicalOr Maximum Minimum Mod Mul MulNoNan Neg
    NotEqual Pow RealDiv Reciprocal Rint Round Rsqrt Sign Sin Sqrt Square
    SquaredDifference Sub TruncateDiv TruncateMod Xdivy Xlogy

    All Any ArgMax ArgMin Cumsum Cumprod Max Mean Min Prod Sum TopK TopKV2 EuclideanNorm

    BatchToSpace BatchToSpaceND BroadcastArgs BroadcastTo Bitcast Cast Concat ConcatV2
    DepthToSpace ExpandDims ExtractImagePatches Fill Gather GatherNd GatherV2
    LinSpace MirrorPad OneHot OnesLike Pack Pad PadV2 ParallelConcat Range Rank Reshape
    Reverse ReverseV2 Roll ScatterNd Select SelectV2 Shape ShapeN Size Slice SpaceToBatch
    SpaceToBatchND SpaceToDepth Split SplitV Squeeze StridedSlice Tile Transpose
    Unpack Where ZerosLike ConcatOffset InvertPermutation BroadcastGradientArgs
    ResizeArea ResizeBicubic ResizeBilinear ResizeNearestNeighbor CropAndResize
    AdjustContrastv2 AdjustHue AdjustSaturation RGBToHSV HSVToRGB
    ImageProjectiveTransformV2 ImageProjectiveTransformV3
    DecodeJpeg DecodePng
    Dequantize FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars
    FakeQuantWithMinMaxVarsPerChannel

    FFT2D IFFT2D RFFT2D IRFFT2D Real Imag Complex ComplexAbs
    """.split()
)
