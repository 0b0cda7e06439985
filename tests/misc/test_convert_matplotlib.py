import numpy as np
import pytest

from lucid_widgets.misc.convert_matplotlib import matplotlib_to_numpy


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_figure_becomes_an_image_of_its_size():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3, 2), dpi=50)
    figure.patch.set_facecolor((1, 0, 0))
    image = matplotlib_to_numpy(figure)
    assert image.shape == (100, 150, 4)
    assert image.dtype == np.float32
    np.testing.assert_allclose(image[5, 5], [1, 0, 0, 1])
