"""traced(): functions compiled so that nothing of them stays once they are dropped.

Wherever `tf.custom_gradient` is used inside of a function being traced, TensorFlow
registers a gradient under a name of its own and for the rest of the process. What is
registered refers to the tensors of the trace, these to the graph, and the graph to its
compiled functions: about 20 MB for one update of InceptionV1, kept for ever. Once a
function is traced, and its gradients are part of it, the registrations serve nobody.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any


def traced(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """Return a function compiled for arguments of these shapes and types.

    Not called through `tf.function`, which would warn of retracing when many functions
    are used for a short time each. The result cannot be differentiated: take gradients
    inside.

    Args:
        function: of tensors, or nested lists and dictionaries of tensors.
        arguments: tensors or `tf.TensorSpec`, one for each parameter.

    Returns:
        A concrete function; call it with tensors.
    """
    import tensorflow as tf

    concrete = tf.function(function, autograph=False).get_concrete_function(*arguments)
    # Not public; where another TensorFlow does it otherwise, only memory is lost.
    with contextlib.suppress(ImportError, AttributeError):
        _forget_gradients(concrete.graph)
    return concrete


def _forget_gradients(graph: Any) -> None:
    from tensorflow.python.framework import ops

    registered = ops.gradient_registry._registry
    for name in list(_custom_gradients(graph)):
        registered.pop(name, None)


def _custom_gradients(graph: Any) -> Iterator[str]:
    """Find names of gradients that were registered for this graph and its branches."""
    from tensorflow.python.ops import control_flow_v2_func_graphs as control_flow

    branches = (
        control_flow.CondBranchFuncGraph,
        control_flow.WhileBodyFuncGraph,
        control_flow.WhileCondFuncGraph,
    )
    for operation in graph.get_operations():
        if operation.type == "IdentityN":
            with contextlib.suppress(ValueError):  # has none
                name = operation.get_attr("_gradient_op_type").decode()
                if name.startswith("CustomGradient-"):
                    yield name
    # Not those of functions called from here: others may call and differentiate them.
    for function in graph._functions.values():
        if isinstance(function.graph, branches):
            yield from _custom_gradients(function.graph)
