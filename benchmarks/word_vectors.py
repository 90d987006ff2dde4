"""Makes the table of word vectors that ships, from public support data.

Words are placed by their neighbours and by the intents they stand under: positive pointwise
mutual information of both, reduced by a singular value decomposition. Of the data that intents are
measured on only the training parts of CLINC150 and MultiDoGO are read, Banking77, DSTC11 and
Bitext not at all.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import svds

from benchmarks.report import DATASETS, read_rows
from handrail.language import word_vectors as shipped
from handrail.language.features import words

_WINDOW: Final = 5
_LEAST: Final = 4
"""Occurrences of a word that is kept."""
_SIZE: Final = 100
_LABELLED: Final = ("clinc150", "hwu64", "multidogo")
_TARGET: Final = Path(shipped.__file__).parent / "vectors" / shipped.FILE

Text = tuple[tuple[str, ...], str | None]


def _texts(data: Path) -> Iterator[Text]:
    """Give the words of each text, with the intent it stands under where there is one."""
    for name in _LABELLED:
        for row in read_rows(data / name / "train.jsonl.gz"):
            if row["intent"] == "oos" or not row["text"]:
                continue
            label = f"{name} {row.get('domain', '')} {row['intent']}"
            yield tuple(words(row["text"])), label
    for row in read_rows(data / "dstc9_faq" / "knowledge.jsonl.gz"):
        yield tuple(words(row["title"])), None
        yield tuple(words(f"{row['title']} {row['body']}")), None
    for row in read_rows(data / "tau2_banking" / "documents.jsonl.gz"):
        for line in "\n".join(v for v in row.values() if isinstance(v, str)).split("\n"):
            yield tuple(words(line)), None


def _informative(counts: Mapping[tuple[int, int], float], shape: tuple[int, int], power: float):  # noqa: ANN202
    """Positive pointwise mutual information, scaled to length one as a whole."""
    at = np.array(list(counts))
    values = np.fromiter(counts.values(), dtype=float)
    of_row = np.bincount(at[:, 0], values, shape[0])
    of_column = np.bincount(at[:, 1], values, shape[1]) ** power
    found = np.log(values * of_column.sum() / (of_row[at[:, 0]] * of_column[at[:, 1]]))
    kept = found > 0
    matrix: Any = sparse.csr_matrix((found[kept], (at[kept, 0], at[kept, 1])), shape=shape)
    return matrix / np.sqrt((found[kept] ** 2).sum())


def _counted(
    texts: list[Text], index: Mapping[str, int], labels: Mapping[str, int]
) -> tuple[Counter[tuple[int, int]], Counter[tuple[int, int]]]:
    near: Counter[tuple[int, int]] = Counter()
    under: Counter[tuple[int, int]] = Counter()
    for tokens, label in texts:
        ids = [index[token] for token in tokens[:60] if token in index]
        for at, one in enumerate(ids):
            for back, other in enumerate(reversed(ids[max(0, at - _WINDOW) : at]), start=1):
                # Counter takes fractions at run time; its type says int.
                near[one, other] += 1 / back  # pyright: ignore[reportArgumentType]
                near[other, one] += 1 / back  # pyright: ignore[reportArgumentType]
        if label is not None:
            under.update((one, labels[label]) for one in set(ids))
    return near, under


def make(data: Path, target: Path) -> str:
    """Write the table; say how large it is."""
    texts = list(dict.fromkeys(text for text in _texts(data) if text[0]))
    seen = Counter(token for tokens, _ in texts for token in tokens)
    known = sorted(w for w, n in seen.items() if n >= _LEAST and len(w) <= 20)
    index = {word: at for at, word in enumerate(known)}
    labels = {label: at for at, label in enumerate(sorted({la for _, la in texts if la}))}
    near, under = _counted(texts, index, labels)
    size = len(known)
    both = [_informative(near, (size, size), 0.75), _informative(under, (size, len(labels)), 1)]
    reduce: Any = svds
    left, strength, _ = reduce(sparse.hstack(both).tocsr() * 100, k=_SIZE, random_state=0)
    placed = left * np.sqrt(strength)
    placed /= np.linalg.norm(placed, axis=1, keepdims=True) + 1e-9
    texts_with = Counter(token for tokens, _ in texts for token in set(tokens))
    rarity = np.log(len(texts) / np.array([texts_with[word] for word in known]))
    scale = np.maximum(np.abs(placed).max(axis=1), 1e-9) / 127
    np.savez_compressed(
        target,
        words=np.frombuffer("\n".join(known).encode(), dtype=np.uint8),
        vectors=np.round(placed / scale[:, None]).astype(np.int8),
        scale=(scale * rarity).astype(np.float32),
    )
    return f"{target}: {size} words from {len(texts)} texts, {target.stat().st_size} bytes"


def main() -> None:
    """Make the table."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--data", type=Path, default=DATASETS, help="folder with the data sets")
    made.add_argument("--to", type=Path, default=_TARGET, help="file to write")
    options = made.parse_args()
    print(make(options.data, options.to))


if __name__ == "__main__":
    main()
