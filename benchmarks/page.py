"""benchmarks/results/*.json → docs/benchmarks.md and its charts; `python -m benchmarks.page` draws them anew."""

import html
import re
from pathlib import Path

from benchmarks.results import FOLDER, Figure, columns, kept, number

DOCS = Path(__file__).parents[1] / "docs"
_BEGIN, _END = "<!-- figures: written by `python -m benchmarks.page` -->", "<!-- end of figures -->"
_WIDTH, _LABELS, _ROW = 760, 330, 26
_OURS = re.compile(r"workbench|^wb\b", re.IGNORECASE)


def draw(results: Path = FOLDER, docs: Path = DOCS) -> None:
    """Only what stands between the two marks of the page is ours; around it people write."""
    figures = kept(results)
    (docs / "images").mkdir(exist_ok=True)
    for figure in figures:
        if figure.drawn:
            (docs / "images" / _image(figure)).write_text(chart(figure))
    page = docs / "benchmarks.md"
    before, _, rest = page.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    body = "\n\n".join(_section(figure) for figure in figures)
    page.write_text(f"{before}{_BEGIN}\n\n{body}\n\n{_END}{after}")


def chart(figure: Figure) -> str:
    """Bars of one column as SVG; the shorter the better, or the longer where it is so many a second."""
    shown = [(one.name, one.values[figure.drawn]) for one in figure.contenders if figure.drawn in one.values]
    most = max(value for _, value in shown) or 1
    height = _ROW * len(shown) + 40
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="12" role="img" aria-label="{_safe(figure.title)}">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        f'<text x="8" y="20" font-weight="bold">{_safe(figure.title)}: {_safe(figure.drawn)}</text>',
    ]
    for position, (name, value) in enumerate(shown):
        top = 34 + position * _ROW
        long = max(value / most * (_WIDTH - _LABELS - 80), 1)
        colour = "#1f6feb" if _OURS.search(name) else "#9aa4b2"
        parts += [
            f'<text x="{_LABELS - 8}" y="{top + 13}" text-anchor="end">{_safe(name)}</text>',
            f'<rect x="{_LABELS}" y="{top}" width="{long:.1f}" height="18" fill="{colour}"/>',
            f'<text x="{_LABELS + long + 6:.1f}" y="{top + 13}">{number(value)}</text>',
        ]
    return "\n".join([*parts, "</svg>", ""])


def _section(figure: Figure) -> str:
    heads = columns(figure)
    has_notes = any(one.note for one in figure.contenders)
    lines = ["| | " + " | ".join(heads) + (" | |" if has_notes else " |")]
    lines.append("| --- " + "| ---: " * len(heads) + ("| --- |" if has_notes else "|"))
    for one in figure.contenders:
        cells = [one.name, *(number(one.values.get(head)) for head in heads), *([one.note] if has_notes else [])]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    parts = [f"## {figure.title}", figure.words, f"![{figure.title}](images/{_image(figure)})" if figure.drawn else ""]
    parts += ["\n".join(lines), "\n".join(f"- {ratio.words()}" for ratio in figure.ratios), _measured(figure)]
    return "\n\n".join(part for part in parts if part)


def _measured(figure: Figure) -> str:
    its = figure.machine
    return (
        f"Measured {its['measured']} on {its['cores']} cores with a load of {its['load']} (Python {its['python']}, "
        f"{its['system']})."
    )


def _image(figure: Figure) -> str:
    return f"benchmarks-{figure.name}.svg"


def _safe(text: str) -> str:
    return html.escape(text)


if __name__ == "__main__":
    draw()
