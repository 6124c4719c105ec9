"""upload/inventory.py: read as it is, six columns set, nothing else touched, whoever writes meanwhile."""

from __future__ import annotations

import codecs
import os
import threading
import time
from pathlib import Path

import pytest

from workbench.errors import BadInput, Transient
from workbench.upload import inventory
from workbench.upload.inventory import OURS, read, update

HEAD = "unique_id,new_filename,notes,mood"
ONE = "ID-AAAAAAA1,a_ID-AAAAAAA1.png,plain,"
TWO = 'ID-AAAAAAA2,b_ID-AAAAAAA2.png,"says ""hi"", twice",glad'
SAID = {"tj_creative_id": "1032500001", "tj_upload_date": "2025-11-12", "upload_status": "success"}
FIRST = ("ID-AAAAAAA1", "")


def sheet(root: Path, text: str | bytes, name: str = "creative_inventory.csv") -> Path:
    path = root / "tracking" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("data", "encoding", "sign", "end"),
    [
        pytest.param(f"{HEAD}\n{ONE}\n{TWO}\n".encode(), "utf-8", ",", "\n", id="plain"),
        pytest.param(codecs.BOM_UTF8 + f"{HEAD}\r\n{ONE}\r\n{TWO}\r\n".encode(), "utf-8-sig", ",", "\r\n", id="BOM"),
        pytest.param(
            f"{HEAD}\n{ONE}\n{TWO}\n".replace(",", ";").replace(";\x20", ", ").encode(), "utf-8", ";", "\n",
            id="semicolons",
        ),
        pytest.param(f"{HEAD}\n{ONE}\n{TWO.replace('glad', 'köstlich')}\n".encode("cp1252"), "cp1252", ",", "\n",
                     id="an old encoding"),
        pytest.param(
            codecs.BOM_UTF16_LE + f"{HEAD}\n{ONE}\n{TWO}\n".encode("utf-16-le"), "utf-16", ",", "\n", id="UTF-16"
        ),
    ],
)  # fmt: skip
def test_only_our_columns_change(root: Path, data: bytes, encoding: str, sign: str, end: str) -> None:
    path = sheet(root, data)
    rows = read(path)
    told = update(path, {FIRST: SAID})
    before, after = (text.decode(encoding).split(end) for text in (data, path.read_bytes()))

    assert [row.unique_id for row in rows] == ["ID-AAAAAAA1", "ID-AAAAAAA2"]
    assert told.is_replaced
    assert told.changed == {}
    assert after[0] == before[0] + sign + sign.join(OURS)
    assert after[1] == before[1] + sign + sign.join(["1032500001", "2025-11-12", "", "", "", "success"])
    assert after[2] == before[2] + sign * 6
    assert not update(path, {FIRST: SAID}).is_replaced


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("new_filename,notes\na.png,x\n", "no column unique_id", id="no ids"),
        pytest.param("unique_id,notes\nID-AAAAAAA1,x\n", "no column new_filename", id="no names"),
        pytest.param("unique_id,unique_id,new_filename\n1,2,3\n", "two columns unique_id", id="a column twice"),
        pytest.param('unique_id,new_filename\nID-AAAAAAA1,"a.png\n', "line 2: a cell begins", id="an open quote"),
        pytest.param("", "is empty", id="nothing"),
        pytest.param("unique_id,new_filename\nID\x00,a\n", "NUL", id="no text"),
    ],
)
def test_what_cannot_be_read_says_why(root: Path, text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(sheet(root, text))


def test_what_was_planned_in_the_sheet_is_not_emptied(root: Path) -> None:
    path = sheet(root, "unique_id,new_filename,tj_campaign_id\nID-AAAAAAA1,a_ID-AAAAAAA1.png,998877\n")
    told = update(path, {FIRST: {**SAID, "tj_campaign_id": ""}})

    assert told.changed == {}
    assert "998877" in path.read_text()
    assert "1032500001" in path.read_text()


def test_what_a_link_leads_to_is_written(root: Path, tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    shared = tmp_path / "shared" / "sheet.csv"
    shared.write_text(f"{HEAD}\n{ONE}\n")
    link = root / "tracking" / "creative_inventory.csv"
    link.symlink_to(shared)
    update(link, {FIRST: SAID})

    assert link.is_symlink()
    assert "1032500001" in shared.read_text()


def test_a_sheet_that_is_gone_for_a_moment_is_tried_again(root: Path) -> None:
    path = root / "tracking" / "creative_inventory.csv"
    with pytest.raises(Transient, match="is gone at the moment"):
        update(path, {FIRST: SAID})


def test_a_cell_that_somebody_changed_is_told_and_left(root: Path) -> None:
    path = sheet(root, f"{HEAD}\n{ONE}\n")
    update(path, {FIRST: SAID})
    path.write_text(path.read_text().replace("1032500001", "999"))
    told = update(path, {FIRST: {**SAID, "upload_status": "success"}})

    assert "tj_creative_id is '999', and we have '1032500001'" in told.changed[FIRST]
    assert "999" in path.read_text()
    assert "1032500001" not in path.read_text()


def test_the_processor_writes_it_anew_and_gets_our_columns_again(root: Path) -> None:
    path = sheet(root, f"{HEAD}\n{ONE}\n")
    update(path, {FIRST: SAID})
    sheet(root, f"{HEAD}\n{ONE}\n{TWO}\n")
    update(path, {FIRST: SAID})

    assert "1032500001" in path.read_text()
    assert TWO in path.read_text()


def test_ids_of_one_number_are_told_apart_by_their_part(root: Path) -> None:
    rows = "ID-AAAAAAA1,VID_ID-AAAAAAA1-VID.mp4,,\nID-AAAAAAA1,IMG_ID-AAAAAAA1-IMG.png,,\n"
    path = sheet(root, f"{HEAD}\n{rows}")
    update(path, {("ID-AAAAAAA1", "IMG"): SAID})
    vid, img = path.read_text().splitlines()[1:]

    assert "1032500001" in img
    assert "1032500001" not in vid
    assert [row.pair_id for row in read(path)] == ["ID-AAAAAAA1", "ID-AAAAAAA1"]


@pytest.mark.parametrize("is_atomic", [True, False], ids=["by rename", "in place"])
def test_rows_of_the_processor_are_never_lost(root: Path, is_atomic: bool) -> None:
    """It adds a row at a time while we write; at the end all its rows are there, and all our cells."""
    path = sheet(root, f"{HEAD}\n{ONE}\n")
    lines = [HEAD, ONE]

    def process() -> None:
        for number in range(12):
            current = path.read_text().splitlines() if is_atomic else lines
            lines.append(f"ID-BBBBBB{number:02},n_{number}_ID-BBBBBB{number:02}.png,,")
            text = "\n".join([*(current if is_atomic else lines[:-1]), lines[-1]]) + "\n"
            if is_atomic:
                beside = path.with_suffix(".new")
                beside.write_text(text)
                os.replace(beside, path)
            else:
                with path.open("w") as file:
                    for line in text.splitlines():
                        file.write(line + "\n")
                        file.flush()
            stop.wait(0.25)

    stop = threading.Event()
    writer = threading.Thread(target=process)
    writer.start()
    while writer.is_alive():
        update(path, {FIRST: SAID})
    writer.join()
    update(path, {FIRST: SAID})
    found = {row.unique_id: row.values for row in read(path)}

    assert found["ID-AAAAAAA1"]["tj_creative_id"] == "1032500001"
    assert {name for name in found if name.startswith("ID-B")} == {f"ID-BBBBBB{number:02}" for number in range(12)}


def killed_at_rename(path: Path, number: int) -> int:
    """The exit code of a process that is killed instead of its rename `number`."""
    if (pid := os.fork()) == 0:
        real, before = os.replace, iter(range(number - 1))
        os.replace = lambda *names: os._exit(9) if next(before, None) is None else real(*names)  # type: ignore[assignment]
        update(path, {FIRST: SAID})
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_what_a_killed_process_left_beside_it_is_removed(root: Path) -> None:
    path = sheet(root, f"{HEAD}\n{ONE}\n")
    for number in (1, 2):  # the memory of our cells, the sheet
        assert killed_at_rename(path, number) == 9
        assert list(path.parent.glob(".*.tmp"))
    update(path, {FIRST: SAID})

    assert not list(path.parent.glob(".*.tmp"))
    assert "1032500001" in path.read_text()


def test_a_writer_that_rests_in_the_middle_is_waited_for(root: Path) -> None:
    """The processor may hold the file open for as long as it makes creatives."""
    path = sheet(root, f"{HEAD}\n{ONE}\n")
    with path.open("a") as file:
        os.utime(path, (time.time() - 60,) * 2)
        helper = threading.Timer(1.0, lambda: (file.write(f"{TWO}\n"), file.close()))
        helper.start()
        told = update(path, {FIRST: SAID})
        helper.join()

    assert told.is_replaced
    assert TWO in path.read_text()
    assert "1032500001" in path.read_text()


def test_one_who_never_closes_the_file_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inventory, "_PATIENCE", 0.3)
    path = sheet(root, f"{HEAD}\n{ONE}\n")
    with path.open("a"), pytest.raises(Transient, match="open for writing in another program"):
        update(path, {FIRST: SAID})


def test_rows_are_added_with_their_columns(root: Path) -> None:
    path = sheet(root, f"{HEAD}\n{ONE}")
    inventory.append(path, [{"unique_id": "ID-AAAAAAA9", "new_filename": "z.png", "file_path": "uploaded/z.png"}])

    assert path.read_text() == f"{HEAD},file_path\n{ONE},\nID-AAAAAAA9,z.png,,,uploaded/z.png\n"
