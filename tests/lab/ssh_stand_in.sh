#!/bin/sh
# ssh_stand_in.sh HOST COMMAND...: what ssh does, between the hosts of a lab (lab.py). The command begins in the home folder
# with a bare environment, as after a login, so nothing reaches it that ssh would not have carried there (the options of a
# sanitizer apart).
host=$1
shift
for entry in $GPT_LAB; do
  [ "${entry%%=*}" != "$host" ] || pid=${entry#*=}
done
if [ -z "${pid:-}" ]; then
  echo "ssh_stand_in.sh: Could not resolve hostname $host: Name or service not known" >&2
  exit 255
fi
cd "${HOME:-/}" || cd /
exec nsenter --target "$pid" --mount --uts --net env -i HOME="${HOME:-/}" PATH=/usr/local/bin:/usr/bin:/bin \
  ${ASAN_OPTIONS:+ASAN_OPTIONS="$ASAN_OPTIONS"} sh -c "$*"
