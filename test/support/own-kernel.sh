#!/bin/sh
# First program of a kernel of its own (user-mode-linux) over this machine's files, read-only: it has cgroups of version 2 with all controllers,
# whatever the machine itself has. Runs what OWN_KERNEL_RUN says, in OWN_KERNEL_IN, tells how that ended, and switches itself off.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TMPDIR=/run/tmp NO_COLOR=1
mount -t proc proc /proc
mount -t sysfs sys /sys
# Not /tmp: what it runs may lie there.
mount -t tmpfs run /run
mkdir /run/tmp
mount -t tmpfs tmp /var/tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
ip link set lo up
echo "controllers: $(cat /sys/fs/cgroup/cgroup.controllers)"
cd "$OWN_KERNEL_IN" && $OWN_KERNEL_RUN
echo "ended with $?"
echo o >/proc/sysrq-trigger
# It is off within a moment; a first program that ends is a panic.
while true; do sleep 1; done
