from __future__ import annotations

import zipfile

import pytest

from lucid_widgets.errors import ModelError
from lucid_widgets.modelzoo.archives import read_member


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as opened:
        for member, content in members.items():
            opened.writestr(member, content)
    return path


def test_the_one_fitting_member_is_read(tmp_path):
    path = archive(tmp_path / "a.zip", {"LICENSE": "x", "sub/net.pb": b"\x01\x02"})
    assert read_member(path, ".pb") == ("sub/net.pb", b"\x01\x02")


@pytest.mark.parametrize(
    "name", ["../net.pb", "/net.pb", "a/../../net.pb", "..\\net.pb"]
)
def test_names_that_point_out_of_the_archive_are_refused(tmp_path, name):
    path = archive(tmp_path / "a.zip", {name: b"x"})
    with pytest.raises(ModelError, match="points out of"):
        read_member(path, ".pb")


def test_symbolic_links_are_refused(tmp_path):
    link = zipfile.ZipInfo("net.pb")
    link.external_attr = 0o120777 << 16
    path = archive(tmp_path / "a.zip", {link: "/etc/passwd"})
    with pytest.raises(ModelError, match="points out of"):
        read_member(path, ".pb")


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = archive(
        tmp_path / "a.zip", {"net.pb": bytes(50_000_000)}, zipfile.ZIP_DEFLATED
    )
    with pytest.raises(ModelError, match="claims to grow"):
        read_member(path, ".pb")


def test_no_other_member_may_be_a_bomb_either(tmp_path):
    members = {"net.pb": b"1", "assets/x": bytes(50_000_000)}
    path = archive(tmp_path / "a.zip", members, zipfile.ZIP_DEFLATED)
    with pytest.raises(ModelError, match=r"'assets/x' .* claims to grow"):
        read_member(path, ".pb")


@pytest.mark.parametrize("members", [{}, {"a.pb": b"1", "b.pb": b"2"}])
def test_none_or_several_fitting_members_are_refused(tmp_path, members):
    path = archive(tmp_path / "a.zip", members)
    with pytest.raises(ModelError, match=rf"has {len(members)}"):
        read_member(path, ".pb")


@pytest.mark.parametrize("content", [b"", b"<html>", b"PK\x03\x04 truncated"])
def test_what_is_no_zip_is_refused(tmp_path, content):
    path = tmp_path / "a.zip"
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a zip archive"):
        read_member(path, ".pb")


def test_a_member_that_was_changed_is_refused(tmp_path):
    path = archive(tmp_path / "a.zip", {"net.pb": b"weights" * 100})
    content = bytearray(path.read_bytes())
    content[200] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelError, match="not a zip archive"):
        read_member(path, ".pb")
