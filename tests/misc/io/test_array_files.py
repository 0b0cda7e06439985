import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lucid_widgets.errors import LoadError
from lucid_widgets.misc.io import array_files
from lucid_widgets.misc.io.array_files import read_npy, read_npz


def npy(array, **options):
    file = io.BytesIO()
    np.save(file, array, **options)
    return file.getvalue()


def npy_that_promises(shape, dtype="<f4", data=b""):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}}}"
    header = header.ljust(117) + "\n"
    length = len(header).to_bytes(2, "little")
    return b"\x93NUMPY\x01\x00" + length + header.encode() + data


@settings(deadline=None)
@given(
    hnp.arrays(
        st.sampled_from([np.float32, np.int16, np.bool_, np.complex64]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5),
    ),
    st.booleans(),
)
def test_arrays_come_back_as_they_were(array, fortran):
    array = np.asfortranarray(array) if fortran else array
    loaded = read_npy(io.BytesIO(npy(array)), "a.npy")
    assert loaded.dtype == array.dtype
    np.testing.assert_array_equal(loaded, array)


def test_a_header_that_promises_terabytes_is_refused_before_memory_is_asked_for():
    hostile = npy_that_promises((10**12,))
    with pytest.raises(LoadError, match="4,000,000,000,000 bytes"):
        read_npy(io.BytesIO(hostile), "a.npy")


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ("(0, 10**3)", "<f4"),
        ((0, 10**30), "<f4"),
        ((10**12,), "|V0"),
        ((-1, -4), "<f4"),
        ("'abc'", "<f4"),
        ((3,), "|O"),
        ((3,), "<nonsense"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(shape, dtype):
    with pytest.raises(LoadError):
        read_npy(io.BytesIO(npy_that_promises(shape, dtype, b"\0" * 16)), "a.npy")


def test_a_file_that_is_cut_short_is_refused():
    data = npy(np.zeros([5, 7]))
    with pytest.raises(LoadError, match="cut short"):
        read_npy(io.BytesIO(data[:-8]), "a.npy")


def test_pickled_objects_are_refused():
    data = npy(np.array([{"a": 1}, None], object), allow_pickle=True)
    with pytest.raises(LoadError, match="pickled"):
        read_npy(io.BytesIO(data), "a.npy")


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_give_an_array_or_a_typed_error(data):
    for read in (read_npy, read_npz):
        with pytest.raises(LoadError):
            read(io.BytesIO(data), "junk")


def test_npz_gives_all_arrays_by_name():
    file = io.BytesIO()
    np.savez_compressed(file, a=np.arange(6).reshape(2, 3), scale=np.float32(2))
    loaded = read_npz(file, "a.npz")
    assert sorted(loaded) == ["a", "scale"]
    np.testing.assert_array_equal(loaded["a"], [[0, 1, 2], [3, 4, 5]])


def test_pickled_objects_inside_of_npz_are_refused():
    file = io.BytesIO()
    np.savez(file, a=np.array([None]))
    with pytest.raises(LoadError, match=r"a\.npy in b\.npz holds pickled"):
        read_npz(file, "b.npz")


def test_npz_that_unpacks_to_too_much_is_refused(monkeypatch):
    monkeypatch.setattr(array_files, "MAX_UNPACKED_BYTES", 1000)
    file = io.BytesIO()
    np.savez_compressed(file, a=np.zeros(1000))
    with pytest.raises(LoadError, match="unpacks to more"):
        read_npz(file, "a.npz")


def test_npz_whose_member_is_damaged_is_refused():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.npy", npy(np.arange(200))[:-20])
    with pytest.raises(LoadError, match="cut short"):
        read_npz(file, "a.npz")
