#!/bin/sh
# Installs shoal on this board from the folder that this script lies in. Needs no network. May be run again: it brings a board up to date,
# and its tasks run on.
#
#   sh install.sh [--board NAME]
#
# --board NAME   also gives it what boards/NAME holds: its own name and labels. On a running board it need not be said: there it is the
#                one of the host's name, if there is one
# DESTDIR=PATH   installs below PATH (an SD card's root file system) and starts nothing
set -eu
# What is no secret is for all, whatever the umask of whoever runs this.
umask 022
here=$(cd "$(dirname "$0")" && pwd)
root=${DESTDIR:-}
board=
die() {
  echo "install.sh: $1" >&2
  exit 1
}
while [ $# -gt 0 ]; do
  case $1 in
    --board)
      [ $# -ge 2 ] || die "--board needs a name"
      board=$2
      shift 2
      ;;
    *) die "'$1' is not an option; usage: sh install.sh [--board NAME]" ;;
  esac
done
[ -d "$here/overlay/opt/shoal" ] || die "$here/overlay is missing: copy the whole folder that shoal provision wrote"
[ -z "$board" ] || [ -f "$here/boards/$board/board.yaml" ] || die "there is no board '$board' in $here/boards"

# Node is what this board's own PATH finds, or SHOAL_NODE. On an SD card's file system it cannot be asked.
if [ -z "$root" ]; then
  [ "$(id -u)" = 0 ] || die "run it as root"
  node=${SHOAL_NODE:-node}
  command -v "$node" >/dev/null 2>&1 || die "there is no Node.js here; install 20.19 or later (Debian 13: apt-get install nodejs)"
  "$node" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    die "Node.js here is $("$node" --version); 20.19 or later is needed"
fi

if [ -z "$root" ] && [ -z "$board" ] && [ -f "$here/boards/$(hostname)/board.yaml" ]; then board=$(hostname); fi

# The program beside the old one, then in its place at once: a board that loses power meanwhile has the one or the other.
mkdir -p "$root/opt" "$root/etc/shoal" "$root/etc/systemd/system/multi-user.target.wants" "$root/usr/local/bin"
chmod 700 "$root/etc/shoal"
rm -rf "$root/opt/shoal.new" "$root/opt/shoal.old"
cp -R "$here/overlay/opt/shoal" "$root/opt/shoal.new"
sync
[ ! -e "$root/opt/shoal" ] || mv "$root/opt/shoal" "$root/opt/shoal.old"
mv "$root/opt/shoal.new" "$root/opt/shoal"
rm -rf "$root/opt/shoal.old"
ln -sfn /opt/shoal/shoal "$root/usr/local/bin/shoal"

put() { # FROM TO: whole or not at all, for root alone
  (umask 077 && cp "$1" "$2.new")
  mv "$2.new" "$2"
}
for file in "$here"/overlay/etc/shoal/*; do put "$file" "$root/etc/shoal/${file##*/}"; done
[ -z "$board" ] || put "$here/boards/$board/board.yaml" "$root/etc/shoal/board.yaml"
cp "$here/overlay/etc/systemd/system/shoal.service" "$root/etc/systemd/system/shoal.service"
# What an earlier bundle bound the agent with is not for boards that now run plain processes.
bounds=etc/systemd/system/shoal.service.d/containers-only.conf
rm -f "$root/$bounds"
if [ -f "$here/overlay/$bounds" ]; then
  mkdir -p "$root/${bounds%/*}"
  cp "$here/overlay/$bounds" "$root/$bounds"
fi
ln -sfn ../shoal.service "$root/etc/systemd/system/multi-user.target.wants/shoal.service"
sync

if [ -n "$root" ]; then
  echo "shoal is below $root; the board starts it when it boots"
elif [ -d /run/systemd/system ]; then
  systemctl daemon-reload
  systemctl enable shoal.service >/dev/null 2>&1
  systemctl restart shoal.service
  echo "shoal runs; look with: shoal status --peer unix:/var/lib/shoal/api.sock"
else
  echo "shoal is installed; there is no systemd here, so let your init run: /opt/shoal/shoal agent --config /etc/shoal"
fi
