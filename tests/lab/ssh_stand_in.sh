#!/bin/sh
# ssh_stand_in.sh HOST COMMAND...: what ssh does, between the hosts of a lab (lab.py). The command begins in the home folder
# with a bare environment, as after a login, so nothing reaches it that ssh would not have carried there (the options of a
# sanitizer apart). A host that cannot be reached over the network is not reached, and where the command was killed on its
# host, this process, which stays here as ssh would, says that it lost the connection.
host=$1
shift
for entry in $GPT_LAB; do
  [ "${entry%%=*}" != "$host" ] || pid=${entry#*=}
done
if [ -z "${pid:-}" ]; then
  echo "ssh_stand_in.sh: Could not resolve hostname $host: Name or service not known" >&2
  exit 255
fi
# Nobody listens at that port: a host that is there says so.
case $(LC_ALL=C timeout 2 bash -c ": </dev/tcp/$host/9" 2>&1) in
  *refused*) ;;
  *) echo "ssh_stand_in.sh: connect to host $host: Connection timed out" >&2 && exit 255 ;;
esac
cd "${HOME:-/}" || cd /
nsenter --target "$pid" --mount --uts --net env -i HOME="${HOME:-/}" PATH=/usr/local/bin:/usr/bin:/bin \
  ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} sh -c "$*"
code=$?
[ "$code" -ne 137 ] || { echo "ssh_stand_in.sh: Connection to $host closed by remote host." >&2; code=255; }
exit "$code"
