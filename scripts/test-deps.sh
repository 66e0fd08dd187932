#!/usr/bin/env bash
# Installs the programs that some tests need: postfix (smtp-sink), chromium, postgresql.
# It installs only missing programs, and only if apt-get runs as root without a password. It never
# fails: a test without its program skips and names this script.
set -u
PATH="$PATH:/usr/sbin:/sbin"

has() {
  case $1 in
    postfix) command -v smtp-sink ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    postgresql) command -v initdb || ls /usr/lib/postgresql/*/bin/initdb ;;
  esac >/dev/null 2>&1
}

missing() {
  for package in postfix chromium postgresql; do
    has "$package" || echo "$package"
  done
}

install() {
  as_root=
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true || return
    as_root="sudo -n"
  fi
  command -v apt-get || return
  apt="$as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes"
  apt="$apt -o DPkg::Lock::Timeout=120 -o Acquire::Retries=1 -o Acquire::http::Timeout=30"
  $apt update
  for package in "$@"; do
    # Postfix would replace an existing mail server.
    if [ "$package" = postfix ] && [ -x /usr/sbin/sendmail ]; then
      echo "test-deps: postfix is not installed: this machine has another mail server"
    else
      echo "test-deps: installing $package"
      $apt install --no-install-recommends "$package"
    fi
  done
}

wanted=$(missing)
if [ -n "$wanted" ]; then
  # shellcheck disable=SC2086 # one word per package is intended
  install $wanted </dev/null 2>&1 | grep '^test-deps:'
fi
for package in $(missing); do
  echo "test-deps: $package is missing: its tests skip"
done
exit 0
