"""manage.py fit_token_basis: the directions in which the states of help articles' tokens vary most.

Every stored passage's tokens are cut to these directions, so that a new file means
`embed_articles --again` everywhere: it is fitted once for a model, not for an installation.
"""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import BaseCommand, CommandError

from conversations.retrieval.embedding import configured_embedder
from conversations.retrieval.readings import article_texts
from conversations.retrieval.tokens import BASIS_PATH, SIZE

PASSAGES = 60  # of each set


class Command(BaseCommand):
    help = "Fits the basis of the tokens' states on sets of articles."
    requires_system_checks: list[str] = []  # needs neither the database nor the pages

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--articles", nargs="+", type=Path, required=True)
        parser.add_argument("--out", type=Path, default=BASIS_PATH)

    def handle(self, *_args: Any, **options: Any) -> None:
        model = configured_embedder()
        states = getattr(model, "states", None)
        if states is None:
            raise CommandError(f"{model.name} does not tell the states of its tokens.")
        rows = []
        for source in options["articles"]:
            texts = article_texts(source)
            random = np.random.default_rng(0)
            for number in sorted(random.choice(len(texts), min(PASSAGES, len(texts)), False)):
                found = states(texts[number])
                rows.append(found / np.linalg.norm(found, axis=1, keepdims=True))
        _, spread, directions = np.linalg.svd(np.vstack(rows), full_matrices=False)
        kept = float((spread[:SIZE] ** 2).sum() / (spread**2).sum())
        np.save(options["out"], directions[:SIZE].T.astype(np.float16))
        self.stdout.write(f"{len(rows)} passages; {SIZE} directions hold {kept:.0%} of the states.")
