#!/busybox sh
# The machine's first program: its root is the host's files and, over them, the unpacked packages and a layer in memory.
/busybox mkdir -p /proc /dev /host /parts /top /root
/busybox mount -t proc proc /proc
/busybox mount -t devtmpfs dev /dev
for module in /module-*.ko; do /busybox insmod "$module"; done
read -r checkout </checkout
how=trans=virtio,version=9p2000.L,ro,cache=loose,msize=512000
/busybox mount -t 9p -o "$how" host /host
/busybox mount -t 9p -o "$how" parts /parts
/busybox mount -t tmpfs top /top
/busybox mkdir /top/upper /top/work
/busybox mount -t overlay -o lowerdir=/parts:/host,upperdir=/top/upper,workdir=/top/work root /root
/busybox mkdir -p /root/run /root/tmp
/busybox mount -t tmpfs run /root/run
/busybox cp /command /root/run/command
exec /busybox switch_root /root /bin/sh "$checkout/scripts/vm/inside.sh"
