// Command lines that `docker` and `wharf` both take, for cli-stock.test.ts: the same words, the same answers.

/** Lines that only look: stdout, exit code and the first sentence of an error are the same. */
export const looking: readonly string[] = String.raw`
ps
ps -a
ps -aq
ps -aq --no-trunc
ps -a --no-trunc
ps -as --format '{{.Names}} {{.Size}}'
ps -a --format json -f name=web
ps --format '{{json .}}' -f name=web
ps -a --format 'table {{.Names}}\t{{.Status}}\t{{.Ports}}'
ps -a --format '{{.Names}}: {{.Labels}} {{.Mounts}} {{.LocalVolumes}} {{.State}}'
ps -a --format '{{.Label "tier"}}|{{upper .Names}}|{{.ID}}|{{.Command}}|{{.CreatedAt}}'
ps -a --format '{{if eq .State "running"}}{{.Names | printf "%-8s"}}{{else}}-{{end}}'
ps -a --format '{{join (split .Names "e") "+"}} {{truncate .Names 2}} {{title .Names}} {{len .Names}}'
ps -l
ps -n 2
ps -a -f status=exited
ps -a -f exited=3
ps -f label=tier=front -q
ps -f label=nope
ps -f network=netty --format '{{.Names}}'
ps -f volume=vol1 --format '{{.Names}}'
ps -f name=we --format '{{.Names}}'
ps -a -f ancestor=busybox --format '{{.Names}}'
ps -f nonsense=1
ps -f status=weird
ps -f bad
ps extra
ps --nope
images -q
images --digests busybox
images --no-trunc -q
images built
images --format '{{.Repository}}|{{.Tag}}|{{.ID}}|{{.Size}}|{{.Digest}}|{{.VirtualSize}}' built
images -f dangling=true
images -f reference='bui*'
images -f label=l=m
images -f nonsense=x
images -q nosuch
inspect web
inspect web dead
inspect nosuch
inspect -f '{{.State.Status}}' web
inspect -f '{{json .Config.Labels}}' web
inspect -f '{{range .Mounts}}{{.Name}}:{{.Destination}}{{end}}' web
inspect -f '{{.NetworkSettings.Networks.netty.IPAddress}}' onnet
inspect -f '{{range $k, $v := .NetworkSettings.Ports}}{{$k}}{{range $v}}={{.HostPort}}{{end}} {{end}}' web
inspect -f '{{.HostConfig.Memory}} {{.Config.Env}} {{.Id}}' web
inspect -f '{{' web
inspect --type image busybox
inspect --type volume vol1
inspect --type network netty
inspect --type container busybox
inspect -s web
inspect netty
inspect vol1
inspect busybox
container inspect nosuch
image inspect nosuch
network inspect nosuch
volume inspect nosuch
network inspect netty bridge
volume inspect -f '{{.Driver}}' vol1 vol2
image inspect -f '{{.Id}} {{.RepoTags}} {{.Config.Cmd}}' built:1
port web
port web 80
port web 80/tcp
port web 81
port web 90/udp
port dead
port nosuch
top onnet
top onnet -o pid,comm
top dead
top nosuch
diff web
diff made
diff nosuch
history built:1
history --no-trunc built:1
history -q built:1
history --format json built:1
history --format '{{.CreatedBy}}|{{.Size}}|{{.Comment}}' built:1
history -H=false built:1
history nosuch
network ls
network ls -q
network ls --no-trunc
network ls --format json
network ls -f driver=bridge --format '{{.Name}} {{.Scope}} {{.Internal}} {{.IPv6}} {{.Labels}}'
network ls -f nope=1
network ls -f type=custom --format '{{.Name}}'
network ls -f label=a=b --format '{{.Name}}: {{.Label "a"}}'
volume ls
volume ls -q
volume ls --format '{{.Name}} {{.Driver}} {{.Mountpoint}} {{.Labels}} {{.Links}} {{.Size}} {{.Scope}}'
volume ls -f dangling=true
volume ls -f label=x
volume ls -f nope=1
system df
system df -v
system df --format json
system df --format '{{.Type}} {{.TotalCount}} {{.Active}} {{.Size}} {{.Reclaimable}}'
info --format '{{.Name}} {{.ServerVersion}} {{.OSType}} {{.NCPU}} {{.Containers}} {{.Driver}} {{.Swarm.LocalNodeState}}'
version --format '{{.Server.Version}} {{.Server.APIVersion}} {{.Server.Os}}/{{.Server.Arch}} {{.Client.Os}}'
stats --no-stream --format '{{.Name}} {{.PIDs}}' web onnet
stats --no-stream --format 'table {{.Container}}\t{{.Name}}\t{{.ID}}' web
stats --no-stream nosuch
logs web
logs --tail 1 web
logs --since 1h web
logs --since bad web
logs --until 2020-01-01 web
logs -t nosuch
logs
logs a b
context ls --format '{{.Name}} {{.Current}}'
context show
context use nosuch
context inspect nosuch
nosuchcommand
`
  .split('\n')
  .filter(Boolean);

/** Lines that do something or refuse to; they run one after the other, by each program once. */
export const acting: readonly string[] = String.raw`
stop nosuch
kill dead
kill nosuch
kill -s FOO web
restart nosuch
pause dead
unpause web
pause nosuch
wait nosuch
wait dead
rm web
rm nosuch
rm -f nosuch
rmi nosuch
rmi -f nosuch
rename web
tag busybox
tag nosuch x
tag busybox UPPER
tag busybox a:b:c
commit nosuch
exec nosuch true
exec dead true
exec web nosuchcmd
exec web /tmp
exec web sh -c 'exit 7'
exec web sh -c 'echo a; echo b >&2'
exec -w /nowhere web true
exec -e FOO=1 -w /tmp web sh -c 'echo $FOO; pwd'
exec
exec web
exec -it web true
attach dead
attach nosuch
cp web:/etc/hostname - | tar t
cp web:/nowhere -
cp /nowhere web:/tmp
cp web:/a dead:/b
cp nosuch:/a .
run nosuchimage:1 true
run --rm busybox nosuch
run --rm busybox /tmp
run --rm busybox sh -c 'exit 5'
run --rm busybox sh -c 'kill -9 $$'
run --rm -i busybox cat
run --rm -t busybox echo terminal
run --rm -p 99999:80 busybox true
run --rm -p a:b busybox true
run --rm --network nonet busybox true
run --rm -v /a:/b:zz busybox true
run --rm -v bad/name:/b busybox true
run --rm --mount type=bind,source=/nonexist,target=/x busybox true
run --rm --mount foo busybox true
run --rm -m 1k busybox true
run --rm -m zz busybox true
run --rm --cpus 1000 busybox true
run --rm --cpus x busybox true
run --rm --restart always busybox true
run --restart on-failure:x busybox true
run --rm --name web busybox true
run --rm --name 'a b' busybox true
run --rm --ulimit foo=1 busybox true
run --rm --device /dev/nope busybox true
run --rm --security-opt nope busybox true
run --rm --security-opt seccomp=/nope busybox true
run --rm --sysctl foo busybox true
run --rm --sysctl kernel.foo=1 busybox true
run --rm --env-file /nope busybox true
run --rm --env-file ./variables busybox env
run --rm --network host -p 80:80 busybox true
run --rm -e =x busybox true
run --rm --user nosuch busybox true
run --rm -w relative busybox true
run --rm --entrypoint nosuch busybox
run --rm --shm-size x busybox true
run --rm --log-driver nope busybox true
run --rm --health-interval 1x busybox true
run --rm --no-healthcheck --health-cmd x busybox true
run --rm --add-host foo busybox true
run --rm --dns x busybox true
run --rm --ip 10.0.0.5 busybox true
run --rm --link nosuch busybox true
run --rm --stop-signal FOO busybox true
run --rm --pull sometimes busybox true
run --rm --pull never nosuch:1 true
run --rm -l a=b --label-file /nope busybox true
run
run busybox:
run UPPER
run --rm --runtime nope busybox true
run --rm --ipc nope busybox true
run --rm --memory 10m --memory-swap 5m busybox true
run --rm --network bridge --network netty busybox true
run --cidfile ./variables busybox true
network rm netty
network rm nosuch
volume rm vol1
volume rm nosuch
network create netty
volume create --driver nope v
network connect nosuch web
network disconnect netty web
`
  .split('\n')
  .filter(Boolean);

/** Flags of `create`: what the engine then tells of the container is the same. */
export const creating: readonly string[] = String.raw`
-a stdout -a stdin
--add-host a:1.2.3.4 --add-host b=1.2.3.5 --add-host h:host-gateway --annotation a=b
--blkio-weight 300 --blkio-weight-device /dev/null:200
--cap-add net_admin --cap-add CAP_SYS_TIME --cap-drop mknod
--cap-drop ALL --cgroup-parent /foo --cgroupns host
--cpu-period 100000 --cpu-quota 50000 -c 512 --cpuset-cpus 0-1 --cpuset-mems 0
--cpus 1.5
--device /dev/null:/dev/x:rw --device /dev/zero:r --device-cgroup-rule 'c 1:3 rwm'
--device-read-bps /dev/null:1mb --device-write-bps /dev/null:2kb
--device-read-iops /dev/null:100 --device-write-iops /dev/null:200
--dns 1.1.1.1 --dns-option ndots:2 --dns-search example.com --domainname dom --hostname host
--entrypoint /bin/sh
--entrypoint ''
-e X=1 -e B -e NOTSET --env-file ./variables
--expose 80 --expose 90-92/udp --group-add 10 --group-add audio
--health-cmd 'curl x' --health-interval 5s --health-timeout 1m --health-retries 4 --health-start-period 2s
--no-healthcheck --init
-it
-i
--ipc shareable --uts host --pid host --userns host
-l a=b -l c --label-file ./variables
--link web:alias
--link-local-ip 169.254.1.2 --network netty
--log-driver none
--log-opt max-size=10m --log-opt max-file=3
--mac-address 02:42:ac:11:00:09
-m 64m --memory-reservation 32m --memory-swap 128m --memory-swappiness 10 --oom-kill-disable
-m 1.5g --memory-swap -1 --oom-score-adj 100 --pids-limit 50
--mount type=bind,source=/tmp,target=/x,readonly,bind-propagation=rslave
--mount type=volume,src=vol1,dst=/x,volume-nocopy,volume-subpath=a,volume-label=q=w
--mount type=tmpfs,target=/x,tmpfs-size=1m,tmpfs-mode=1770
--mount type=bind,src=/tmp,dst=/y,bind-recursive=disabled
--mount type=image,src=busybox,dst=/img
--network netty --network-alias n1 --network-alias n2 --ip 10.99.7.77
--network name=netty,alias=x,ip=10.99.7.78,driver-opt=a=b
--network none
--network host
--network container:web
--platform linux/amd64
--privileged
-p 8081:80 -p 127.0.0.1:8082:81/udp -p 83 -p 9000-9002:9000-9002 -p [::1]:84:84
-p published=1234,target=80,protocol=udp,mode=host
-P --read-only --restart on-failure:3
--restart unless-stopped --rm=false
--rm --runtime crun
--security-opt no-new-privileges --security-opt seccomp=unconfined --security-opt label=disable
--security-opt apparmor=unconfined --security-opt systempaths=unconfined
--shm-size 128m --stop-signal SIGINT --stop-timeout 3
--sysctl net.ipv4.ip_forward=1 --sysctl net.core.somaxconn=100
--tmpfs /t --tmpfs /u:size=1m,mode=700
--ulimit nofile=10:20 --ulimit core=0 --ulimit nproc=5 -u 1000:1000 -w /tmp
-v /tmp:/a -v vol1:/b:ro -v vol2:/d:z,nocopy
-v /tmp:/a:rslave,ro -v ./rel:/r
--volumes-from web:ro
`
  .split('\n')
  .filter(Boolean);

/** Where the two differ on purpose, and why: what differs is named by `stdout`, `code` or `error`. */
export const deliberate: Readonly<Record<string, readonly [what: string, why: string]>> = {
  "inspect -f '{{json .Config.Labels}}' web": [
    'stdout',
    'the order of keys is that of the answer, not the alphabet',
  ],
  nosuchcommand: ['error', 'names the nearest command'],
  'cp /nowhere web:/tmp': ['error', 'docker doubles the first slash'],
  'cp web:/a dead:/b': ['error', 'wharf copies between containers'],
};
