"""Makes tests/golden/tokens/*.json: ids and offsets (code points) by Hugging Face's own tokenizers library.

    pip install tokenizers && python scripts/golden/tokens.py ../shared/models

Running the tests needs neither Python nor this script.
"""

import json
import sys
from pathlib import Path

from tokenizers import Tokenizer

TEXTS = [
    "Hello world",
    "",
    " ",
    "  two  spaces ",
    "a\r\nb\tc\n\n",
    "\ufeffBOM first",
    "mid\ufeffbom",
    "next line\u0085x \u0085 y",
    "e\u0301 \u00e9",
    "\U0001f468\U0001f3fb\u200d\U0001f692 firemen drive firetrucks at work",
    "if (a[i] == {b}) { return x * 2; }",
    "\u4e2d\u6587\u53e5\u5b50\u3002\u6ca1\u6709\u7a7a\u683c",
    "1234 5,678.90",
    "don't we'll I'M",
    "\u00a0nbsp\u2003em",
    "\U0001f1e9\U0001f1ea\U0001f1eb\U0001f1f7",
    "\ufdfa",
    "the cat and the cat and the cat",
    "end\n",
]

models = Path(sys.argv[1])
out = Path(__file__).parents[2] / "tests/golden/tokens"
for name in ("stories260K", "gpt2-tokenizer"):
    tokenizer = Tokenizer.from_file(str(models / name / "tokenizer.json"))
    rows = []
    for text in TEXTS:
        encoding = tokenizer.encode(text, add_special_tokens=False)
        rows.append({"text": text, "ids": encoding.ids, "offsets": encoding.offsets})
    (out / f"{name}.json").write_text(
        "[\n" + ",\n".join("  " + json.dumps(row) for row in rows) + "\n]\n"
    )
