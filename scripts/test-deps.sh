#!/usr/bin/env bash
# Installs the programs that some tests need: postfix (smtp-sink), chromium, postgresql, and node
# with the npm package mjml, which goes to .venv/.
# It installs only missing programs, and only if apt-get runs as root without a password. It never
# fails: a test without its program skips and names this script.
set -u
cd "$(dirname "$0")/.." || exit 0
PATH="$PATH:/usr/sbin:/sbin"
mjml=$(sed -n 's/.*"mjml": "\(.*\)".*/\1/p' senders/mjml/package.json)

has() {
  case $1 in
    postfix) command -v smtp-sink ;;
    chromium) command -v chromium || command -v chromium-browser || command -v google-chrome ;;
    postgresql) command -v initdb || ls /usr/lib/postgresql/*/bin/initdb ;;
    npm) command -v npm && command -v node ;;
    mjml) ls ".venv/mjml-$mjml/node_modules/mjml/package.json" ;;
  esac >/dev/null 2>&1
}

missing() {
  for package in postfix chromium postgresql npm; do
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
if has npm && ! has mjml; then
  echo "test-deps: installing the npm package mjml"
  npm install --prefix ".venv/mjml-$mjml" --no-package-lock --no-audit --no-fund --silent \
    "mjml@$mjml" </dev/null >/dev/null 2>&1
fi
for package in $(missing) $(has mjml || echo mjml); do
  echo "test-deps: $package is missing: its tests skip"
done
exit 0
