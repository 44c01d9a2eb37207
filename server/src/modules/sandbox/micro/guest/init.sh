#!/bin/busybox sh
# First program of a guest, in the initial RAM disk: drivers, the read-only root below a writable layer in memory, then the agent.
b=/bin/busybox
$b mkdir -p /proc /sys /dev /lower /upper /merged
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
$b mount -t devtmpfs devtmpfs /dev
while read -r module; do $b insmod "/modules/$module" || echo "init: $module could not be loaded"; done < /modules/order
tries=0
until [ -b /dev/vda ]; do
  tries=$((tries + 1))
  [ "$tries" -gt 600 ] && { echo 'init: the root disk did not appear'; $b reboot -f; }
  $b sleep 0.05
done
$b mount -t squashfs -o ro /dev/vda /lower
$b mount -t tmpfs -o size=60%,mode=755 tmpfs /upper
$b mkdir -p /upper/data /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/data,workdir=/upper/work overlay /merged
$b mkdir -p /merged/proc /merged/sys /merged/dev /merged/run/cds
$b cp /agent/* /merged/run/cds/
$b mount --move /proc /merged/proc
$b mount --move /sys /merged/sys
$b mount --move /dev /merged/dev
exec $b switch_root /merged /usr/bin/python3 -I -B /run/cds/agent.py
