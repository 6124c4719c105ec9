"""A secret is planted wherever a notebook can bring one; of an audited execution no file of the home has it."""

from __future__ import annotations

import base64
import html
import io
import json
from pathlib import Path
from urllib.parse import quote, quote_plus

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image

from workbench import open_workbench
from workbench.audit.notebook import load
from workbench.errors import BadInput
from workbench.secret import encodings

KEY = "0f8fad5b/d9cb+469f&a165='7086\"7728950e"  # of the settings
OTHER = "Zx9Qw3Er7Ty1Ui5Op2-of-another-tool"  # of the environment, which no setting names
TYPED = "Tr0ub4dor-and-3-typed"  # in a field for passwords
UNKNOWN = "nobody-told-us-8d5f2a71"  # of which only its place tells what it is
CELLS = (
    "note: str = 'none'",
    "import base64, io, json, os, sys\nfrom urllib.parse import quote, quote_plus\n"
    "key, other = os.environ['BRIGHTDATA_API_KEY'], os.environ['CRM_TOKEN']",
    "print(key, other, repr(key), json.dumps({'key': key}), quote(key, safe=''), quote_plus(key))",
    "for lead in range(3):\n"
    "    print(base64.b64encode(b'x' * lead + key.encode()).decode())\n"
    "    print(base64.urlsafe_b64encode(b'x' * lead + other.encode()).decode())",
    "import ipywidgets\nfrom IPython.display import HTML, Image, display\n"
    f"field = ipywidgets.Password(value={TYPED[:10]!r} + {TYPED[10:]!r})\n"
    "display(field, ipywidgets.Text(value=key))\nprint('typed', field.value)",
    f"print('Authorization: Bea', end='', flush=True)\nprint('a warning', file=sys.stderr, flush=True)\n"
    f"print('rer', {UNKNOWN[:9]!r} + {UNKNOWN[9:]!r})",
    "print(key[:9], end='', flush=True)\nprint('a warning', file=sys.stderr, flush=True)\nprint(key[9:])",
    "from PIL import Image as Pillow\nfrom PIL.PngImagePlugin import PngInfo\n"
    "info, out = PngInfo(), io.BytesIO()\n"
    "info.add_text('a', key)\ninfo.add_text('b', other, zip=True)\ninfo.add_itxt('c', key, zip=True)\n"
    "Pillow.new('RGB', (4, 4), 'teal').save(out, 'PNG', pnginfo=info)\n"
    "display(Image(out.getvalue()))",
    "import html\ndisplay(HTML(f'<p title=\"{html.escape(key)}\">{html.escape(key)}</p>'), {key: [other]})",
    "raise RuntimeError(f'GET https://me:{other}@example.test/?token={quote_plus(key)} as {key}')",
)


def spellings(value: str) -> set[bytes]:
    forms = {value, value[:18], html.escape(value), quote(value, safe=""), quote_plus(value), json.dumps(value)[1:-1]}
    return {form.encode() for form in forms | encodings(value)}


def all_below(home: Path) -> dict[str, bytes]:
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_no_file_below_the_home_has_a_planted_secret(home):
    path = home.path / "planted.ipynb"
    first, *rest = map(new_code_cell, CELLS)
    first.metadata["tags"] = ["parameters"]
    nbformat.write(new_notebook(cells=[first, *rest]), path)
    home.set(brightdata_api_key=KEY)
    home._patch.setenv("CRM_TOKEN", OTHER)

    with open_workbench(home.path) as wb:
        for refused in (KEY, OTHER, f"https://me:{UNKNOWN}@example.test/"):
            with pytest.raises(BadInput, match="secret"):
                wb.audit.run(path, {"note": refused})
        done = wb.audit.run(path)
        kept = wb.lake.rows("FROM executions")

    assert str(done.outcome) == "failed"
    assert done.error_name == "RuntimeError"
    assert len(kept) == 4
    files = all_below(home.path)
    assert {"output.ipynb", "input.ipynb", "report.html", "params.json", "manifest.json"} <= {
        Path(n).name for n in files
    }
    planted = {form for value in (KEY, OTHER, TYPED, UNKNOWN) for form in spellings(value)}
    assert [(name, form) for name, data in files.items() for form in planted if form in data] == []
    output = load(done.output.read_bytes(), "output.ipynb")
    shown = [one.get("data", {}).get("image/png") for cell in output["cells"] for one in cell["outputs"]]
    (picture,) = filter(None, shown)
    with Image.open(io.BytesIO(base64.b64decode("".join(picture)))) as image:
        assert image.getpixel((0, 0)) == (0, 128, 128)
    assert json.loads(done.manifest.read_bytes())["redactions"] >= 15
    # The cells that printed them ran, and what they said beside them is there.
    report = done.report.read_text()
    assert report.count("***") >= 15
    assert "a warning" in report
    assert "typed ***" in report
