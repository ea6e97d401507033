"""gpt convert: other programs' files and back, and every mistake refused with nothing written."""

import json
import struct
import unittest

from trainer import ROOT, TrainerTest, checkpoints, contents, tensors

REFERENCE = ROOT / "tests/oracle/one_layer.safetensors"


def split(path):
    """(header, data) of a safetensors file."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    return json.loads(data[8:8 + length]), data[8 + length:]


def write(path, header, data):
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


class Convert(TrainerTest):
    def convert(self, source, to, out, *words):
        done = self.gpt("convert", source, "--to", to, "--out", out, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.folder / out

    def refuse(self, source, to, out, *words, mentions=()):
        before = contents(self.folder)
        self.assert_refused(self.gpt("convert", source, "--to", to, "--out", out, *words), *mentions)
        self.assertEqual(contents(self.folder), before)

    def trained(self):
        self.train("run", steps=5)
        return checkpoints(self.folder / "run")[-1] / "model.safetensors"

    def test_a_run_as_hugging_face_has_it_and_back(self):
        weights = self.trained()
        theirs = self.convert("run", "huggingface", "theirs")
        config = json.loads((theirs / "config.json").read_text())
        self.assertEqual([config[name] for name in ("n_layer", "n_head", "n_embd", "n_positions", "vocab_size", "model_type")],
                         [1, 2, 16, 16, 256, "gpt2"])
        ours, there = tensors(weights), tensors(theirs / "model.safetensors")
        self.assertEqual({"transformer." + name: values for name, values in ours.items()}, there)
        self.assertEqual(split(theirs / "model.safetensors")[0]["transformer.h.0.mlp.c_fc.weight"]["shape"], [16, 64])
        back = self.convert("theirs", "weights", "back.safetensors")
        self.assertEqual(tensors(back), ours)
        for words in ([], ["--temperature", 0]):
            samples = [self.gpt("sample", "--checkpoint", path, "--tokenizer", "run/tokenizer.json", "--length", 20, *words)
                       for path in (weights, back)]
            self.assertEqual(samples[0].stdout, samples[1].stdout)
            self.assertEqual(samples[1].returncode, 0, samples[1].stderr)
        again = self.convert("back.safetensors", "huggingface", "again")
        self.assertEqual(contents(again), contents(theirs))

    def theirs(self, prefix="", head=False, mask=False, **changes):
        """A folder as other programs may write it."""
        self.trained()
        plain = self.convert("run", "huggingface", "plain")
        header, data = split(plain / "model.safetensors")
        changed = {"__metadata__": {"format": "pt"}}
        for name, entry in header.items():
            if name != "__metadata__":
                changed[name.replace("transformer.", prefix)] = entry
        if head:
            begin, end = changed[prefix + "wte.weight"]["data_offsets"]
            changed["lm_head.weight"] = {**changed[prefix + "wte.weight"], "data_offsets": [len(data), len(data) + end - begin]}
            data += data[begin:end] if head == "tied" else bytes(end - begin)
        if mask:
            changed[prefix + "h.0.attn.bias"] = {"dtype": "F32", "shape": [1, 1, 1, 1], "data_offsets": [len(data), len(data) + 4]}
            data += struct.pack("<f", 1)
        folder = self.folder / "theirs"
        folder.mkdir()
        config = {**json.loads((plain / "config.json").read_text()), **changes}
        (folder / "config.json").write_text(json.dumps(config))
        write(folder / "model.safetensors", changed, data)
        return folder

    def test_names_without_the_prefix_a_tied_head_and_masks(self):
        theirs = self.theirs(head="tied", mask=True)
        self.convert("theirs", "weights", "ours.safetensors")
        again = self.convert("ours.safetensors", "huggingface", "again")
        before, after = tensors(theirs / "model.safetensors"), tensors(again / "model.safetensors")
        before.pop("h.0.attn.bias")
        self.assertEqual(before, after)
        self.assertEqual((again / "config.json").read_bytes(), (theirs / "config.json").read_bytes())

    def test_a_head_of_its_own_is_refused(self):
        self.theirs(head="own")
        self.refuse("theirs", "weights", "out", mentions=["output layer"])

    def test_another_kind_of_model_is_refused(self):
        self.theirs(activation_function="relu", prefix="transformer.")
        self.refuse("theirs", "weights", "out", mentions=["activation_function"])

    def test_what_does_not_fit_is_refused(self):
        folder = self.theirs(prefix="transformer.")
        config = json.loads((folder / "config.json").read_text())
        for name, value in (("n_embd", 32), ("n_layer", 2), ("n_layer", "many"), ("vocab_size", 255), ("n_inner", 3), ("n_head", 3)):
            with self.subTest(name):
                (folder / "config.json").write_text(json.dumps({**config, name: value}))
                self.refuse("theirs", "weights", "out")
        (folder / "config.json").write_text("{")
        self.refuse("theirs", "weights", "out", mentions=["config.json"])
        (folder / "config.json").write_text(json.dumps(config))
        whole = (folder / "model.safetensors").read_bytes()
        for data in (whole[:-4], whole[:30], b""):
            (folder / "model.safetensors").write_bytes(data)
            self.refuse("theirs", "weights", "out", mentions=["model.safetensors"])
        self.refuse(REFERENCE, "weights", "out", mentions=["none of GPT-2's"])

    def test_nothing_is_overwritten(self):
        weights = self.trained()
        self.refuse("run", "huggingface", "run", mentions=["there already"])
        self.refuse("run", "weights", weights, mentions=["there already"])
        self.refuse("run", "weights", "nowhere/out", mentions=["nowhere"])
        self.refuse("run", "pytorch", "out", mentions=["huggingface"])
        self.refuse("missing", "weights", "out", mentions=["missing"])
        self.refuse("run/data/train.tok", "weights", "out", mentions=["train.tok"])

    def test_tokens_of_llm_c_and_back(self):
        self.trained()
        ours = self.folder / "run" / "data" / "train.tok"
        theirs = self.convert(ours, "llm.c", "tokens.bin")
        data = theirs.read_bytes()
        header = struct.unpack("<256i", data[:1024])
        self.assertEqual(header[:2], (20240520, 1))
        self.assertEqual(set(header[3:]), {0})
        tokens = struct.unpack(f"<{header[2]}H", data[1024:])
        self.assertTrue(self.text.read_bytes().startswith(bytes(tokens)))
        back = self.convert("tokens.bin", "tokens", "back.tok", "--tokenizer", "run/tokenizer.json")
        self.assertEqual(back.read_bytes(), ours.read_bytes())

    def test_damaged_tokens_of_llm_c_are_refused(self):
        self.trained()
        whole = self.convert("run/data/train.tok", "llm.c", "tokens.bin").read_bytes()
        with_tokenizer = ("--tokenizer", "run/tokenizer.json")
        self.refuse("tokens.bin", "tokens", "out", mentions=["--tokenizer"])
        self.refuse("run/data/train.tok", "tokens", "out", *with_tokenizer, mentions=["llm.c"])
        self.refuse("tokens.bin", "llm.c", "out", mentions=["tokens.bin"])
        for data, mention in ((whole[:-1], "damaged"), (whole[:100], "header"), (whole + b"xx", "damaged"),
                              (whole[:4] + struct.pack("<i", 7) + whole[8:], "version"),
                              (whole[:1024] + b"\xff\xff" + whole[1026:], "65535")):
            (self.folder / "bad.bin").write_bytes(data)
            self.refuse("bad.bin", "tokens", "out", *with_tokenizer, mentions=[mention])


class SmallerModels(TrainerTest):
    def loss(self, *words):
        done = self.gpt("eval", "--run", "run", *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        return float(done.stdout.split("loss ")[1].split()[0]), done.stdout

    def test_bytes_cost_little_and_zeros_more(self):
        self.train("run", steps=60, lr=1e-2)
        plain, _ = self.loss()
        rounded, words = self.loss("--weights", "int8")
        self.assertLess(abs(rounded - plain), 0.02)
        self.assertIn("MB instead of", words)
        self.assertEqual(self.loss("--prune", 0)[0], plain)
        pruned, words = self.loss("--prune", 1)
        self.assertIn("100.0% of the matrices' numbers are zero", words)
        self.assertGreater(pruned, plain)
        self.assertEqual(self.gpt("sample", "--run", "run", "--weights", "int8", "--length", 5).returncode, 0)
        self.assert_refused(self.gpt("eval", "--run", "run", "--weights", "int4"), "int8")
        self.assert_refused(self.gpt("eval", "--run", "run", "--prune", "1.5"), "--prune")


if __name__ == "__main__":
    unittest.main()
