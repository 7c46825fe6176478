# A pretended Jetson for the scripts here: the engine of this host with the sensor of a fake sysfs tree.
# shellcheck shell=bash

# The sampler of the sensor has CPU 0 for itself or none (the board measures on another one). Where a real-time task holds that CPU, an ordinary process gets it once a
# second (the kernel's share for the rest), and every window has a gap by right: nothing can be shown there.
need_sampling() {
  local held
  held=$(taskset -c 0 bash -c '
    exec 9<> <(:)
    worst=0
    for _ in $(seq 40); do
      begin=${EPOCHREALTIME/./}
      read -r -t 0.05 -u 9
      took=$((${EPOCHREALTIME/./} - begin))
      [ $took -gt $worst ] && worst=$took
      [ $worst -gt 600000 ] && break
    done
    echo $((worst / 1000))') || held=0
  [ "$held" -lt 600 ] || { echo "skipped: a process on CPU 0 waits up to $held ms for its turn (a real-time task?); no sensor can be sampled"; exit 77; }
}

put() { echo "$2" > "$1.t" && mv "$1.t" "$1"; }

# An ina3221 in TREE: the module's total, one channel that is not connected, sums that must not be read. A background process moves the reading; it is $! afterwards.
fake_jetson() { # fake_jetson TREE
  local chip=$1/sys/class/hwmon/hwmon1
  mkdir -p "$chip" "$1/proc"
  put "$chip/name" ina3221; put "$chip/in1_label" VDD_IN; put "$chip/in1_enable" 1; put "$chip/in1_input" 5000; put "$chip/curr1_input" 1000
  put "$chip/in2_label" NC; put "$chip/in2_enable" 1; put "$chip/curr4_input" 99999; put "$chip/update_interval" 20
  ( i=0; while :; do i=$((i + 1)); put "$chip/curr1_input" $((1000 + i * 7919 % 13)); sleep 0.02; done ) &
}
