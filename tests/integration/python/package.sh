#!/usr/bin/env bash
# The Python package: its wheel is built without network and works outside the tree; its types hold under mypy --strict; `check` names what is wrong.
# package.sh BIN_FOLDER SOURCE_FOLDER
# shellcheck source=../cli/common.sh
. "$(dirname "$0")/../cli/common.sh"
source=${2:?usage: package.sh BIN_FOLDER SOURCE_FOLDER}
python=/usr/bin/python3

skip() { echo "skipped: $*" >&2; }
if $python -c 'import setuptools, wheel, pip' 2> /dev/null; then
  cp -r "$source/deploy/python" tree
  expect 0 "Successfully built" $python -m pip wheel --no-build-isolation --no-deps --no-index -w wheels ./tree
  mkdir installed
  $python -m zipfile -e wheels/sonata_search-*.whl installed
  [ -f installed/sonata/py.typed ] || fail "py.typed is not in the wheel"
  export PYTHONPATH=$work/installed
else
  skip "the wheel: Debian's python3-setuptools, python3-wheel and python3-pip are needed"
  export PYTHONPATH=$source/deploy/python
fi
if $python -m mypy --version > /dev/null 2>&1; then
  expect 0 "no issues found" $python -m mypy --strict --python-version 3.9 --cache-dir "$work/mypy" "$source/deploy/python/sonata"
else
  skip "types: Debian's mypy is needed"
fi

# What `check` says of mistakes.
evaluator() { # evaluator FILE BODY…: a class with this body of evaluate()
  printf 'import sonata\n@sonata.evaluator(metrics=["accuracy"])\nclass E:\n    def evaluate(self, genes, context):\n        %s\n' "$2" > "$1"
}
check() { # check CODE TEXT [FILE [SPACE]]
  expect "$1" "$2" $python -m sonata check "${3:-e.py}" --space "${4:-space.yaml}" -n 2
}
evaluator e.py 'return {"accuracy": 5}';                         check 0 "2 of 2 evaluated"
evaluator e.py 'return 5';                                       check 1 "must return a dict of metrics, not int"
evaluator e.py 'return {"acuracy": 5}';                          check 1 "did not return 'accuracy'"
evaluator e.py 'return {"accuracy": "good"}';                    check 1 "accuracy is 'good', not a number"
evaluator e.py 'return {"accuracy": float("nan")}';              check 1 "accuracy is nan"
evaluator e.py 'return {"accuracy": {"value": 5, "low": None}}'; check 1 "accuracy.low is None"
evaluator e.py 'raise sonata.Infeasible("ram")';                 check 0 "infeasible: ram"
evaluator e.py 'raise sonata.Invalid("hot")';                    check 0 "invalid: hot"
evaluator e.py 'return {"accuracy": genes["zz"]}';               check 1 "KeyError: 'zz'"
echo 'import sonata' > none.py;                                  check 1 "one class marked @sonata.evaluator" none.py
check 1 "nowhere.py: no such file" nowhere.py
evaluator e.py 'return {"accuracy": 5}'
echo 'name: x' > nogenes.yaml;                                   check 1 "no genes with" e.py nogenes.yaml
printf 'import sonata\n@sonata.evaluator(metrics="accuracy")\nclass E:\n    def evaluate(self, g, c): return {}\n' > e.py
check 1 "a list of names of metrics is expected"
printf 'import sonata\n@sonata.evaluator(metrics=["accuracy"])\nclass E:\n    pass\n' > e.py
check 1 "E has no evaluate(self, genes, context)"
cat > e.py <<'P'
import os
import sonata

@sonata.evaluator(metrics=["accuracy"])
class Builds:
    def build(self, genes, context):
        if genes["a"] == 4:
            return "nothing.onnx"
        with open(os.path.join(context.folder, "net.onnx"), "wb") as f:
            f.write(b"x" * 100)
        return "net.onnx"

    def evaluate(self, genes, context):
        return {"accuracy": {"value": 5, "low": 4, "high": 6}, "samples_us": [1, 2]}
P
expect 1 "where there is no file" $python -m sonata check e.py --space space.yaml -n 30
case "$out" in *"'model': 'net.onnx, 100 bytes'"*) ;; *) fail "the model is not told: $out" ;; esac
echo "$checks checks"
