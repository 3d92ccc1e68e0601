#!/bin/sh
# Takes shoal off this board: what install.sh has put there. Let the board leave its fleet first (shoal node leave), or others wait for it.
#
#   sh /opt/shoal/uninstall.sh [--purge]
#
# Without --purge the board keeps its key, its documents, its configuration and its running tasks: installed again, it is the same board.
# --purge        ends its tasks and deletes all of that
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=/var/lib/shoal
die() {
  echo "uninstall.sh: $1" >&2
  exit 1
}
purge=
case $# in
  0) ;;
  1) [ "$1" = --purge ] || die "'$1' is not an option; usage: sh uninstall.sh [--purge]" && purge=1 ;;
  *) die "usage: sh uninstall.sh [--purge]" ;;
esac
[ "$(id -u)" = 0 ] || die "run it as root"
if dpkg-query --search /opt/shoal/shoal >/dev/null 2>&1; then die "shoal is here as a package: apt-get remove shoal, or apt-get purge shoal"; fi
. "$here/end-tasks.sh"

if [ -d /run/systemd/system ]; then systemctl disable --now shoal.service >/dev/null 2>&1 || true; fi
[ -z "$purge" ] || [ -e "$data/left" ] || echo "this board has not left its fleet; tell it so from another one: shoal node evict NODE" >&2
rm -rf /etc/systemd/system/shoal.service /etc/systemd/system/shoal.service.d /etc/systemd/system/multi-user.target.wants/shoal.service
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
if [ -n "$purge" ]; then
  end_tasks "$data"
  rm -rf "$data" /etc/shoal
fi
rm -rf /usr/local/bin/shoal /opt/shoal
echo "shoal is gone from this board$([ -n "$purge" ] || echo "; its key, documents and tasks are still there (--purge)")"
