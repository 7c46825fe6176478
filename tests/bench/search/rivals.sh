#!/bin/sh
# sonata+ beside other methods that model, on whole evaluations; Optuna when Debian's python3-optuna is installed.
. "$(dirname "$0")/common.sh"
all="--algorithm sonata+,ehvi,lamoo,parego --budget 200 --at 100,200"
run rivals_d1 $nb201 $raspi4 $all
run rivals_d2 $nb201 $raspi4 --objective fpga_energy_mj:min --ideal fpga_energy_mj=7.93072 --reference fpga_energy_mj=49.08742 $all
run rivals_d3 $ofa $i7 $all
if /usr/bin/env python3 -c 'import optuna' 2>/dev/null; then
  /usr/bin/env python3 "$here/optuna_nb201.py" "$data/nb201.csv.gz" "$SEEDS" "${FIRST_SEED:-1}"
else
  echo "skipped: python3-optuna is not installed"
fi
exit $status
