"""Models that are quick to make, and the stand-in for InceptionV1."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lucid_widgets.modelzoo.tiny_inception import TinyInception

from .serving import Server

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of data that is not part of the repository."""
    default = Path(__file__).resolve().parents[3] / "shared"
    folder = Path(os.environ.get("LUCID_SHARED", default))
    if not folder.is_dir():
        pytest.skip("the shared folder is not there: set LUCID_SHARED")
    return folder


@pytest.fixture(scope="session")
def stand_in(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GraphDef file with InceptionV1's nodes and random weights."""
    script = shared / "tools" / "inception5h_like.py"
    spec = importlib.util.spec_from_file_location("inception5h_like", script)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = tmp_path_factory.mktemp("inception") / "tensorflow_inception_graph.pb"
    path.write_bytes(module.build(seed=0).SerializeToString())
    return path


@pytest.fixture(scope="session")
def tiny() -> TinyInception:
    return TinyInception()


@pytest.fixture(scope="session")
def photos() -> np.ndarray:
    """Three images, made up, of height 64 and width 48."""
    rows, columns = np.mgrid[0:64, 0:48].astype(np.float32)
    noise = np.random.default_rng(3).random((64, 48, 3), np.float32)
    waves = 0.5 + 0.5 * np.sin(rows / 5 + columns / 3)
    slopes = np.stack([rows / 64, columns / 48, 1 - rows / 64], -1)
    return np.stack([noise, np.repeat(waves[..., None], 3, -1), slopes])


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()
