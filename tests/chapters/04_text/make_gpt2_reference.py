#!/usr/bin/env python3
"""Writes gpt2_reference.json: a small vocabulary in GPT-2's format, and texts encoded with it by Hugging Face's `tokenizers`.

    pip install tokenizers
    python3 make_gpt2_reference.py

Nobody needs to run this to build or test the book: the file is committed. It holds "vocab" and "merges" as in vocab.json and
merges.txt, and "cases", each a text and its tokens.
"""

import json
import random
import re
from pathlib import Path

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parents[2] / "chapters" / "04_text" / "sample_text.hpp"
TRICKY = [
    "Hello  world 123 größe, 你好!\n\n  end ",
    "I'm we've he'll don't it's IT'S you're she'd 'tis ''s",
    "a \n\n  b\t\tc\r\nd   ",
    "x += 3; // yes!? ٣४½²Ⅳ e\u0301 👩\u200d💻 a\u00a0b\u3000 c",
    "<|endoftext|> as letters",
    "",
]
LETTERS = "   \n\n\t''sretvemlld.,!?0123456789abcdeABCDEaaeettäöüßéñПриветмир你好世界٣४½²😀\u00a0\u3000\u0301\u200d"


def random_text(source, length):
    """Mostly common characters, some from anywhere in Unicode."""
    text = []
    while len(text) < length:
        number = source.randrange(0x110000)
        if source.random() < 0.9:
            text.append(source.choice(LETTERS))
        elif not 0xD800 <= number <= 0xDFFF:
            text.append(chr(number))
    return "".join(text)


def main():
    sample = re.search(r'R"\((.*)\)"', SAMPLE.read_text(encoding="utf-8"), re.S).group(1)
    tokenizer = Tokenizer(models.BPE())
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    tokenizer.pre_tokenizer = byte_level
    trainer = trainers.BpeTrainer(vocab_size=700, min_frequency=2, initial_alphabet=byte_level.alphabet(),
                                  special_tokens=["<|endoftext|>"], show_progress=False)
    tokenizer.train_from_iterator([sample, *TRICKY, LETTERS, LETTERS], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    merges = [" ".join(merge) if isinstance(merge, list) else merge for merge in model["merges"]]

    # Encoded by a tokenizer without the special token: here <|endoftext|> in a text is letters.
    plain = Tokenizer(models.BPE(vocab=model["vocab"], merges=[tuple(merge.split(" ")) for merge in merges]))
    plain.pre_tokenizer = byte_level
    source = random.Random(4)
    texts = [sample, *TRICKY, *(random_text(source, source.randrange(120)) for _ in range(100))]
    cases = [{"text": text, "tokens": plain.encode(text).ids} for text in texts]
    reference = {"vocab": model["vocab"], "merges": merges, "cases": cases}
    (HERE / "gpt2_reference.json").write_text(json.dumps(reference) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
