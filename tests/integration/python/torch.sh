#!/usr/bin/env bash
# The installed examples in PyTorch, cut short: each works alone, in a search, and what it builds gives in the engine what it gives in PyTorch. Skipped without
# Debian's python3-torch. torch.sh BIN_FOLDER SOURCE_FOLDER
# shellcheck source=../cli/common.sh
. "$(dirname "$0")/../cli/common.sh"
source=${2:?usage: torch.sh BIN_FOLDER SOURCE_FOLDER}
python=/usr/bin/python3
$python -c 'import torch, numpy' 2> /dev/null || { echo "skipped: Debian's python3-torch is not here (deploy/install-deps.sh networks)" >&2; exit 77; }
[ -d "${FASHION_MNIST:-/usr/share/datasets/fashion-mnist}" ] || { echo "skipped: the data set is not here (Debian: dataset-fashion-mnist)" >&2; exit 77; }
export PYTHONPATH=$source/deploy/python OMP_NUM_THREADS=1

cat > same.py <<'P'
"""same.py: two networks of ./evaluator.py as ONNX files in the engine and in PyTorch: the greatest difference of a logit."""
import random, subprocess, sys
import numpy as np, torch
import sonata
from sonata import __main__ as tool, _serve
found = _serve.load("evaluator.py")
instance, dice, genes = found.cls(), random.Random(7), tool.genes_of("space.yaml")
instance.setup(sonata.Context({"board": "test", "threads": 1}))
x = np.random.default_rng(3).standard_normal((1, 1, 28, 28)).astype(np.float32)
np.save("x.npy", x)
worst = 0.0
for _ in range(2):
    architecture = {g["name"]: dice.choice(g["choices"]) for g in genes}
    context = sonata.Context({"folder": "."})
    path = instance.build(architecture, context)
    net = instance.subnet(architecture) if hasattr(instance, "subnet") else instance.trained(architecture, context)
    subprocess.run(["sonata", "measure", path, "--once", "--input", "x.npy", "--output", "y.npy"], check=True, stdout=subprocess.DEVNULL)
    with torch.no_grad():
        worst = max(worst, float(np.abs(np.load("y.npy") - net(torch.tensor(x)).numpy()).max()))
print(f"worst difference {worst:.2g}")
sys.exit(worst > 1e-4)
P

try() { # try EXAMPLE
  mkdir "$1"
  cp "$source/deploy/examples/evaluators/$1"/* same.py "$1"
  cd "$1" || fail "no folder"
  sed -i 's/^EPOCHS, TRAIN, TEST, BATCH = .*/EPOCHS, TRAIN, TEST, BATCH = 1, 600, 500, 64/; s/^\(STEPS, .*\) = .*/\1 = 8, 32, 600, 500, 64/' evaluator.py
  sed -i 's/evaluations: [0-9]*/evaluations: 20/' search.yaml
  sed -i "s,command=python3,command=$python," search.yaml
  if grep -q 'python3 evaluator.py' evaluator.py; then
    expect 1 "make it with python3 evaluator.py" $python -m sonata check evaluator.py --space space.yaml -n 1
    expect 0 "written" $python evaluator.py
  fi
  expect 0 "2 of 2 evaluated" $python -m sonata check evaluator.py --space space.yaml -n 2
  expect 0 "worst difference" $python same.py
  expect 0 "front" sonata run search.yaml --state s
  awk -F, 'NR > 1' s/front.csv | grep -q . || fail "no front"
  [ "$(awk -F, 'NR > 1 && $2 == "done"' s/all.csv | wc -l)" -ge 20 ] || fail "not all were evaluated: $(cat s/all.csv)"
  grep -q Traceback s/worker.log && fail "an exception: $(grep -A5 Traceback s/worker.log)"
  cd ..
}
try torch-cnn
try torch-supernet
echo "$checks checks"
