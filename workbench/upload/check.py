"""Offline: what would be refused, and why. Nothing of a network is needed, and no account is touched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from workbench.upload.gather import Candidate
from workbench.upload.media_pool import probe_all
from workbench.upload.names import id_in_name, is_original, kind_by_name, split_id, stem, suffix
from workbench.upload.specs import BANNERS, NATIVE_SIZE, SPECS, TABS, Spec

_GRACE: Final = 0.05  # seconds: a last frame, or the padding of sound
_SUFFIXES: Final = {
    "png": {".png"}, "jpeg": {".jpg", ".jpeg"}, "gif": {".gif"}, "webp": {".webp"}, "bmp": {".bmp"},
    "mp4": {".mp4", ".m4v"}, "mov": {".mov"}, "webm": {".webm"}, "matroska": {".mkv"}, "avi": {".avi"},
    "flv": {".flv"}, "asf": {".wmv"},
}  # fmt: skip
_LOOSE: Final = ("test", "tmp", "copy")  # in a name: perhaps not meant for the public
_PARTS: Final = {"VID": "video", "IMG": "image"}
_OTHER: Final = {"VID": "IMG", "IMG": "VID"}


class Level(StrEnum):
    BLOCK = "block"  # not uploaded
    WARN = "warn"  # uploaded; somebody should know
    INFO = "info"


# What a person does about a finding, by its code.
_CURES: Final = {
    "file_missing": "Put the file back where its sheet says, or take its line out of the sheet.",
    "unsafe_path": "Copy the file itself to below the creatives' folder; links and paths that lead out are not taken.",
    "empty": "Save the file anew: there is nothing in it.",
    "unreadable": "Open the file to see whether it is whole, save it anew as PNG, JPEG or MP4, and look again.",
    "type_mismatch": "Save it anew as the kind that its name says, or rename it to what it is.",
    "wrong_slot": "Choose another slot for it.",
    "wrong_format": "Save it anew as one of the kinds named here.",
    "wrong_codec": "Convert the film to H.264.",
    "wrong_sound": "Convert its sound to AAC, or take the sound away.",
    "too_big": "Make it smaller: lower quality, or fewer colours.",
    "wrong_size": "Crop or resize it to one of the sizes named here, or choose another slot.",
    "native_size": "If it is meant as a native, choose the slot native.",
    "too_long": "Cut the film.",
    "too_short": "Take a longer film, or another slot.",
    "odd_id": "Correct the id in the sheet, if it is a slip.",
    "no_id_in_name": "Nothing has to be done; an id in its name would find it again more surely.",
    "other_id": "Correct the id in the sheet, or rename the file.",
    "wrong_part": "Rename it: -VID is the film of a pair, -IMG its picture.",
    "loose_name": "If it is only a try, leave it out.",
    "same_id": "Give each file an id of its own in the sheet, or leave one of them out.",
    "same_name": "Rename one of the two.",
    "same_bytes": "If one is a copy by mistake, leave it out.",
    "no_pair": "A native is shown with its other half; give both the same id with -VID and -IMG.",
    "half_a_pair": "Bring both halves, and mend the one that is refused.",
}


@dataclass(frozen=True)
class Finding:
    level: Level
    code: str
    words: str

    @property
    def cure(self) -> str:
        return _CURES[self.code]


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """A candidate, where it would go, and what is to be said about it."""

    candidate: Candidate
    kind: str | None
    slot: str | None
    tab: str | None
    media: Mapping[str, Any]
    findings: tuple[Finding, ...]
    skip: str | None = None  # why it needs no upload
    is_known: bool = False  # that is because the ledger has it, there or on its way

    @property
    def is_blocked(self) -> bool:
        return self.skip is None and any(one.level == Level.BLOCK for one in self.findings)

    @property
    def verdict(self) -> str:
        return "skip" if self.skip else "block" if self.is_blocked else "ok"

    @property
    def gravest(self) -> Sequence[Finding]:
        return [one for one in self.findings if one.level == Level.BLOCK] or self.findings

    @property
    def words(self) -> str:
        """The gravest findings, in a sentence."""
        return self.skip or "; ".join(one.words for one in self.gravest)

    @property
    def cure(self) -> str:
        """What a person does about it; nothing where it goes as it is."""
        return "" if self.skip else " ".join(dict.fromkeys(one.cure for one in self.gravest))

    @property
    def is_missing(self) -> bool:
        return self.is_blocked and any(one.code == "file_missing" for one in self.findings)

    def with_finding(self, finding: Finding) -> CheckedFile:
        return replace(self, findings=(*self.findings, finding))


@dataclass
class _Sayings:
    found: list[Finding] = field(default_factory=list)

    def block(self, code: str, words: str) -> None:
        self.found.append(Finding(Level.BLOCK, code, words))

    def warn(self, code: str, words: str) -> None:
        self.found.append(Finding(Level.WARN, code, words))


def check(
    root: Path,
    candidates: Sequence[Candidate],
    *,
    platform: str = "tj",
    slot: str | None = None,
    force: bool = False,
    uploaded: Mapping[tuple[str, str], str] | None = None,
) -> list[CheckedFile]:
    """Every candidate, looked into. `uploaded`: keys that are at the platform already, with what is known of them."""
    known = uploaded or {}
    meant = [one for one in candidates if _why_skipped(one, known, force=force) is None]
    probed = probe_all(root, [one.path for one in meant if one.path])
    found = [
        _one(one, probed.get(one.path or "", {}), platform, slot, _why_skipped(one, known, force=force))
        for one in candidates
    ]
    told = [replace(one, is_known=one.skip is not None and one.candidate.key in known) for one in found]
    return _pairs(_alike(told), known)


def _why_skipped(one: Candidate, known: Mapping[tuple[str, str], str], *, force: bool) -> str | None:
    if is_original(one.name):
        return "an original (ORG_) is not uploaded"
    if force:
        return None
    if one.key in known:
        return known[one.key]
    if one.known_id:
        return f"the inventory has its id already: {one.known_id}"
    if one.path is None and one.archived:
        return f"it lies in the archive already: {one.archived}"
    return None


def _one(
    candidate: Candidate, probed: Mapping[str, Any], platform: str, slot: str | None, skip: str | None
) -> CheckedFile:
    kind = probed.get("kind") or kind_by_name(candidate.name)
    where = slot or _slot(candidate, kind, probed)
    made = CheckedFile(
        candidate=candidate, kind=kind, slot=where, tab=TABS.get((where or "", kind or "")), media=dict(probed),
        findings=(), skip=skip,
    )  # fmt: skip
    if skip:
        return made
    say = _Sayings()
    if candidate.path is None:
        say.block("file_missing", candidate.why)
    elif "problem" in probed:
        say.block(str(probed["problem"]), str(probed["words"]))
    else:
        _check_type(candidate, probed, say)
        _check_slot(made, platform, say)
    _check_names(candidate, kind, say)
    return replace(made, findings=tuple(say.found))


def _slot(one: Candidate, kind: str | None, probed: Mapping[str, Any]) -> str | None:
    """By part, folder or the processor's own word; a film of a banner's size is one, any other goes in stream."""
    folders = (one.path or "").lower().split("/")[:-1]
    if one.part or one.values.get("creative_type", "").lower().startswith("native") or "native" in folders:
        return "native"
    if kind == "video":
        return "video" if (probed.get("width"), probed.get("height")) in BANNERS else "in_stream"
    return "static" if kind == "image" else None


def _check_type(one: Candidate, probed: Mapping[str, Any], say: _Sayings) -> None:
    container = str(probed["container"])
    if suffix(one.name) not in _SUFFIXES.get(container, {f".{container}"}):
        say.block("type_mismatch", f"{one.name} is {_shown(container)} inside, whatever its name says")


def _shown(container: str) -> str:
    return container.upper() if container == "avif" else container


def _check_slot(one: CheckedFile, platform: str, say: _Sayings) -> None:
    spec = SPECS[platform].get((one.slot or "", one.kind or ""))
    if spec is None:
        say.block("wrong_slot", f"no {one.kind} is taken as {one.slot} at {platform}")
        return
    _check_format(one.media, spec, say)
    _check_size(one, spec, say)
    _check_length(one.media, spec, say)


def _check_format(media: Mapping[str, Any], spec: Spec, say: _Sayings) -> None:
    if media["container"] not in spec.containers:
        told = f"{_shown(media['container'])} is not taken here, only {' or '.join(spec.containers)}"
        say.block("wrong_format", told)
    if spec.video_codecs and media.get("codec") not in spec.video_codecs:
        say.block("wrong_codec", f"its pictures are {media.get('codec')}, not {' or '.join(spec.video_codecs)}")
    if spec.audio_codecs and media.get("audio") not in (None, *spec.audio_codecs):
        say.block("wrong_sound", f"its sound is {media['audio']}, not {' or '.join(spec.audio_codecs)} or silence")
    if spec.most_bytes is not None and media["bytes"] > spec.most_bytes:
        say.block("too_big", f"{media['bytes']:,} bytes are more than {spec.most_bytes:,}")


def _check_size(one: CheckedFile, spec: Spec, say: _Sayings) -> None:
    size = (one.media["width"], one.media["height"])
    shown = f"{size[0]}x{size[1]}"
    if spec.sizes is not None and size not in spec.sizes:
        known = ", ".join(f"{width}x{height}" for width, height in sorted(spec.sizes))
        say.block("wrong_size", f"{shown} is none of the sizes taken here: {known}")
    elif size == NATIVE_SIZE and one.slot in ("static", "video"):
        say.warn("native_size", f"{shown} is the size of natives; as a {one.slot} banner it may find no spot")


def _check_length(media: Mapping[str, Any], spec: Spec, say: _Sayings) -> None:
    seconds = media.get("seconds")
    if seconds is None:
        return
    if spec.longest is not None and seconds > spec.longest:
        level = say.block if seconds > spec.longest + _GRACE else say.warn
        level("too_long", f"{seconds:g} s are more than {spec.longest:g} s")
    if spec.shortest is not None and seconds < spec.shortest:
        level = say.block if seconds < spec.shortest - _GRACE else say.warn
        level("too_short", f"{seconds:g} s are less than {spec.shortest:g} s")


def _check_names(one: Candidate, kind: str | None, say: _Sayings) -> None:
    named = id_in_name(one.name)
    mine = split_id(one.unique_id)
    if one.unique_id and mine is None:
        say.warn("odd_id", f"the id {one.unique_id!r} is not like ID-F40623FA")
    if named is None:
        say.warn("no_id_in_name", f"{one.name} has no id like ID-F40623FA; only its whole name finds it again")
    elif mine is not None and named[0] != mine[0]:
        say.block("other_id", f"the file's name says {named[0]}, the inventory {mine[0]}")
    if one.part and kind and _PARTS[one.part] != kind:
        say.block("wrong_part", f"the part -{one.part} is a {_PARTS[one.part]}, and the file is a {kind}")
    words = set(stem(one.name).lower().replace("-", "_").replace(" ", "_").split("_"))
    for word in sorted(words.intersection(_LOOSE)):
        say.found.append(Finding(Level.INFO, "loose_name", f"the name says {word!r}"))


def _alike(found: Iterable[CheckedFile]) -> list[CheckedFile]:
    """Ids, names and bytes that occur twice."""
    every = list(found)
    ids, places, bytes_ = defaultdict[Any, list[CheckedFile]](list), dict[Any, str](), dict[str, str]()
    for one in every:
        if one.candidate.unique_id and not is_original(one.candidate.name):
            ids[one.candidate.key].append(one)
    told = []
    for one in every:
        say = _Sayings()
        twins = ids.get(one.candidate.key, [])
        if len(twins) > 1 and one.skip is None:
            where = ", ".join(f"line {each.candidate.line}" if each.candidate.line else each.candidate.name
                              for each in twins)  # fmt: skip
            say.block("same_id", f"the id {one.candidate.unique_id} is there {len(twins)} times: {where}")
        if one.verdict == "ok" and not say.found:
            place = (one.tab, stem(one.candidate.name))
            if place in places and places[place] != one.candidate.path:
                say.block("same_name", f"in its tab {places[place]} has the same name; nobody could tell their ids")
            else:
                places[place] = str(one.candidate.path)
            digest = str(one.media.get("sha256"))
            if bytes_.setdefault(digest, one.candidate.name) != one.candidate.name:
                say.warn("same_bytes", f"its bytes are those of {bytes_[digest]}")
        told.append(replace(one, findings=(*one.findings, *say.found)))
    return told


def _pairs(found: list[CheckedFile], known: Mapping[tuple[str, str], str]) -> list[CheckedFile]:
    """Halves of which the other one is not there, or refused, are no use: they are shown in pairs alone."""
    halves: dict[str, dict[str, CheckedFile]] = defaultdict(dict)
    for one in found:
        if one.slot == "native" and one.candidate.part and one.candidate.pair_id:
            halves[one.candidate.pair_id][one.candidate.part] = one
    done = {(_base(unique_id), part) for unique_id, part in known}
    told = []
    for one in found:
        part, pair = one.candidate.part, one.candidate.pair_id
        if one.verdict != "ok" or one.slot != "native":
            told.append(one)
        elif not part or not pair:
            told.append(one.with_finding(Finding(Level.WARN, "no_pair", "a native that belongs to no pair")))
        else:
            other = halves[pair].get(_OTHER[part])
            why = _why_incomplete(other, _PARTS[_OTHER[part]], is_done=(_base(pair), _OTHER[part]) in done)
            told.append(one.with_finding(Finding(Level.BLOCK, "half_a_pair", why)) if why else one)
    return told


def _base(unique_id: str) -> str:
    return (split_id(unique_id) or (unique_id, ""))[0]


def _why_incomplete(other: CheckedFile | None, what: str, *, is_done: bool) -> str | None:
    if is_done or (other is not None and (other.skip or not other.is_blocked)):
        return None
    if other is None:
        return f"it is half of a pair, and the {what} is not among the files; give both"
    return f"it is half of a pair, and the {what} is refused: {other.words}"
