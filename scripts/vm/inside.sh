#!/bin/sh
# What happens in the machine: it is set up as a host with cgroups of version 2, runs the tests, tells how they ended, and is off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root NO_COLOR=1 TERM=dumb
cd "$(dirname "$0")/../.." || echo o >/proc/sysrq-trigger
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs shm /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs -o mode=1777 tmp /tmp
mount --make-rshared /
hostname wharf-vm
ip link set lo up
exec </dev/null >/dev/ttyS1 2>&1
stty -F /dev/ttyS1 raw
echo 'vm: begins'
timeout 3500 sh /run/command
echo "vm: ended with $?"
# Waits until the last words are out.
stty -F /dev/ttyS1 raw
sync
echo o >/proc/sysrq-trigger
while :; do :; done
