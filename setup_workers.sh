#!/usr/bin/env bash
# Makes a machine ready to run affectflow's workers: a bare host, a Spark node or a
# Dataflow image. docs/workers.md says how it is used on each.
set -Eeuo pipefail

usage() {
  cat <<'EOF'
Usage: setup_workers.sh [OPTION]...

Builds PREFIX/env-<stamp> (a Python environment), fetches weights into PREFIX/hf, writes
PREFIX/bin/affectflow-boot, and points PREFIX/current at the new environment at the end.
Running the same command again changes nothing.

Where
  --target host|spark-node|dataflow-image   detected if not given
  --prefix DIR           default /opt/affectflow
  --python EXE           default: python<--expect-python>, python3, python
What (the first of these that is given; else pyproject.toml beside this script)
  --wheel FILE           affectflow's wheel: installed with its dependencies
  --without-package      with --wheel: its dependencies only (the job stages the wheel)
  --dependencies-of FILE the same as --wheel FILE --without-package
  --requirements FILE    a list or a lock for pip; may go with --wheel
  --extra NAME           an extra of affectflow (torch, s3, gcp); may be repeated
  --boot FILE            the boot program; default: from the wheel or the checkout
From where
  --wheelhouse DIR       wheels for pip, without any network
  --online               allow the network: weights, and what is not in the wheelhouse
Must be true
  --expect-beam VERSION  Beam of the submitter
  --expect-from FILE     a job's submission_environment_dependencies.txt, instead
  --expect-python X.Y    Python of the submitter
  --gpu require|auto|cpu default auto; chooses the build of torch too
  --weights MANIFEST     JSON or TSV: model, revision, url, sha256, file
  --min-free-gb N        default 3, with torch 8
How
  --check                verify what is there; changes nothing
  --dry-run              print what would be done; changes nothing
  --json                 a report on stdout
  --help

Exit codes: 0 ready, 2 usage, 10 python, 11 disk, 12 dependencies, 13 Beam or Python
differ from the submitter's, 14 weights, 15 GPU, 16 boot, 17 plugin, 1 anything else.
EOF
}

readonly LOCK_WAIT_S=1800 FETCH_TIMEOUT_S=60 PLUGINS_TIMEOUT_S=600
readonly TORCH_CPU_INDEX=https://download.pytorch.org/whl/cpu
readonly STOCK_BOOT=/opt/apache/beam/boot
readonly STOCK_BOOT_CURE="COPY it from apache/beam_python3.11_sdk before this step"

target='' prefix=/opt/affectflow python='' wheel='' without_package=false
requirements='' boot='' wheelhouse='' online=false expect_beam='' expect_from=''
expect_python='' gpu='' weights='' min_free_gb='' mode=install json=false
extras=()

STEP=options STEP_BEGAN=0 LOG='' CHANGED=false STAMP='' VENV='' LOCKED=false
FACT_PYTHON='' FACT_BEAM='' FACT_GPU='' FACT_TORCH='' FACT_PLUGINS='' FACT_WEIGHTS=''
PENDING=() STEPS=()
BEGAN=$(date +%s%3N)
HERE=$(cd "$(dirname "${BASH_SOURCE[0]:-.}")" && pwd -P)
SCRATCH=''

# -- what is said -----------------------------------------------------------------

# Addresses lose their users, passwords and signatures.
public() {
  sed -E 's#://[^/? ]+@#://***@#g; s#://[^/@ ]+@#://***@#g; s#(://[^ ?]*)\?[^ ]*#\1?***#g' <<<"$1"
}

log() {
  local line
  line="$(date -u +%Y-%m-%dT%H:%M:%SZ) setup_workers[$$] $(public "$*")"
  printf '%s\n' "$line" >&2
  if [[ -n $LOG ]]; then printf '%s\n' "$line" >>"$LOG"; else PENDING+=("$line"); fi
}

open_log() {
  LOG=$prefix/setup.log
  printf '%s\n' "${PENDING[@]}" >>"$LOG"
}

begin() {
  STEP=$1
  STEP_BEGAN=$(date +%s%3N)
}

seconds_since() {
  local ms=$(($(date +%s%3N) - $1))
  printf '%d.%03d' $((ms / 1000)) $((ms % 1000))
}

finish() { # STATUS MESSAGE
  local seconds
  seconds=$(seconds_since "$STEP_BEGAN")
  log "step=$STEP status=$1 seconds=$seconds $2"
  STEPS+=("{\"name\":\"$STEP\",\"status\":\"$1\",\"seconds\":$seconds}")
}

quoted() {
  local text
  text=$(public "$1")
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  printf '"%s"' "${text//[[:cntrl:]]/ }"
}

report() { # CODE PROBLEM CURE
  $json || return 0
  local IFS=,
  printf '{"code":%d,"problem":%s,"cure":%s,"mode":"%s","target":%s,"prefix":%s,' \
    "$1" "$(quoted "$2")" "$(quoted "$3")" "$mode" "$(quoted "$target")" \
    "$(quoted "$prefix")"
  printf '"stamp":%s,"changed":%s,"python":%s,"beam":%s,"torch":%s,"gpu":%s,' \
    "$(quoted "$STAMP")" "$CHANGED" "$(quoted "$FACT_PYTHON")" "$(quoted "$FACT_BEAM")" \
    "$(quoted "$FACT_TORCH")" "$(quoted "$FACT_GPU")"
  printf '"plugins":%s,"weights":%s,"seconds":%s,"steps":[%s]}\n' \
    "${FACT_PLUGINS:-null}" "${FACT_WEIGHTS:-null}" "$(seconds_since "$BEGAN")" \
    "${STEPS[*]-}"
}

die() { # CODE PROBLEM CURE
  trap - ERR
  log "step=$STEP status=failed code=$1 $2; cure: $3"
  report "$1" "$2" "$3"
  exit "$1"
}

misused() {
  trap - ERR
  printf 'setup_workers.sh: %s; see --help\n' "$(public "$1")" >&2
  report 2 "$1" 'see --help'
  exit 2
}

crashed() { # LINE CODE
  die 1 "line $1 ended with $2" "see the lines above; run again with bash -x and report it"
}

leave() {
  [[ -z $SCRATCH ]] || rm -rf "$SCRATCH"
  # A half-installed environment only takes room; one with its packages is gone on with.
  if $LOCKED && [[ -n $VENV && ! -e $VENV/packages ]]; then rm -rf "$VENV"; fi
}

trap 'crashed "$LINENO" "$?"' ERR
trap leave EXIT

# -- options ----------------------------------------------------------------------

parse() {
  while (($#)); do
    case $1 in
      --help | -h) usage && exit 0 ;;
      --check) mode=check && shift && continue ;;
      --dry-run) mode=dry-run && shift && continue ;;
      --json) json=true && shift && continue ;;
      --online) online=true && shift && continue ;;
      --without-package) without_package=true && shift && continue ;;
    esac
    [[ $1 == --* ]] || misused "unexpected argument '$1'"
    (($# > 1)) || misused "unknown option or missing value: '$1'"
    case $1 in
      --target) target=$2 ;;
      --prefix) prefix=$2 ;;
      --python) python=$2 ;;
      --wheel) wheel=$2 ;;
      --dependencies-of) wheel=$2 without_package=true ;;
      --requirements) requirements=$2 ;;
      --extra) extras+=("$2") ;;
      --boot) boot=$2 ;;
      --wheelhouse) wheelhouse=$2 ;;
      --expect-beam) expect_beam=$2 ;;
      --expect-from) expect_from=$2 ;;
      --expect-python) expect_python=$2 ;;
      --gpu) gpu=$2 ;;
      --weights) weights=$2 ;;
      --min-free-gb) min_free_gb=$2 ;;
      *) misused "unknown option '$1'" ;;
    esac
    shift 2
  done
}

validate() {
  [[ -f ${BASH_SOURCE[0]:-} ]] || misused 'run this script from a file, not from a pipe'
  [[ $target =~ ^(host|spark-node|dataflow-image)?$ ]] ||
    misused "--target is host, spark-node or dataflow-image, got '$target'"
  [[ $gpu =~ ^(require|auto|cpu)?$ ]] ||
    misused "--gpu is require, auto or cpu, got '$gpu'"
  [[ $min_free_gb =~ ^[0-9]{0,9}$ ]] ||
    misused "--min-free-gb is a whole number, got '$min_free_gb'"
  [[ $expect_python =~ ^(3\.[0-9]+)?(\.[0-9]+)?$ ]] ||
    misused "--expect-python is like 3.11, got '$expect_python'"
  [[ $expect_beam =~ ^[0-9A-Za-z.]*$ ]] ||
    misused "--expect-beam is a version like 2.77.0, got '$expect_beam'"
  # The boot wrapper holds the prefix in single quotes, worker.env on one line.
  [[ -n $prefix && $prefix != *[\'[:cntrl:]]* ]] ||
    misused "--prefix is a path without quotes and line ends, got '$prefix'"
  local name extra
  for extra in ${extras[@]+"${extras[@]}"}; do
    [[ $extra =~ ^[A-Za-z0-9._-]+$ ]] || misused "--extra is one name, got '$extra'"
  done
  for name in wheel requirements boot weights expect_from; do
    [[ -z ${!name} || -f ${!name} ]] || misused "--${name//_/-}: no file '${!name}'"
  done
  [[ -z $wheel || $wheel == *.whl ]] || misused "--wheel is a .whl file, got '$wheel'"
  [[ -z $wheelhouse || -d $wheelhouse ]] || misused "--wheelhouse: no folder '$wheelhouse'"
  if $without_package && [[ -z $wheel ]]; then misused '--without-package needs --wheel'; fi
  prefix=$(realpath -m -- "$prefix")
  for name in wheel requirements boot weights wheelhouse; do
    [[ -z ${!name} ]] || printf -v "$name" '%s' "$(realpath -- "${!name}")"
  done
  expect_python=$(cut -d. -f1,2 <<<"$expect_python")
}

# Beam stages the listing as the text of a bytes literal, all on one line.
read_expected_beam() {
  [[ -n $expect_from ]] || return 0
  local found
  found=$(grep -oE 'apache[-_]beam==[0-9A-Za-z.]+' -- "$expect_from" || true)
  found=${found%%$'\n'*}
  [[ -n $found ]] || die 13 "no released apache-beam is listed in $expect_from" \
    'give --expect-beam VERSION'
  found=${found#*==}
  [[ -z $expect_beam || $expect_beam == "$found" ]] ||
    misused "--expect-beam says $expect_beam, but --expect-from says $found"
  expect_beam=$found
}

find_target() {
  [[ -z $target ]] || return 0
  if [[ -x $STOCK_BOOT ]]; then
    target=dataflow-image
  elif [[ -e /usr/share/google/dataproc || -e /etc/google-dataproc ]] ||
    [[ -e /mnt/var/lib/info/instance.json || -e /emr/instance-controller ]] ||
    [[ -n ${SPARK_HOME:-} ]] || command -v spark-submit >/dev/null; then
    target=spark-node
  else
    target=host
  fi
}

# -- before anything is changed ---------------------------------------------------

check_python() {
  begin python
  local candidate found='' minor name
  for name in flock realpath sha256sum df; do
    command -v "$name" >/dev/null ||
      die 10 "the command $name is missing" 'install util-linux and coreutils'
  done
  if [[ -n $python ]]; then
    command -v "$python" >/dev/null || die 10 "no Python at '$python'" \
      'give an interpreter that is on this machine with --python'
    found=$(python_facts "$python") || die 10 "'$python' does not start" \
      'give a Python of 3.11 or newer with --python'
  else
    for candidate in ${expect_python:+"python$expect_python"} python3 python3.1{1..4}; do
      command -v "$candidate" >/dev/null || continue
      found=$(python_facts "$candidate" 2>/dev/null) || continue
      minor=$(minor_of "$found")
      python=$candidate
      if [[ $minor == "${expect_python:-$minor}" ]] && ((${minor#*.} >= 11)); then break; fi
      python='' found=''
    done
    [[ -n $python ]] || die 10 "no python${expect_python:-3.11 or newer} on PATH" \
      "install Python ${expect_python:-3.11}, or name one with --python"
  fi
  FACT_PYTHON=${found%% *}
  minor=$(minor_of "$found")
  ((${minor#*.} >= 11)) || die 10 "Python $FACT_PYTHON is too old" \
    'install Python 3.11 or newer, or name one with --python'
  [[ -z $expect_python || $minor == "$expect_python" ]] ||
    die 13 "Python is $FACT_PYTHON here, but $expect_python at the submitter" \
      "give --python python$expect_python"
  [[ $found == *' ensurepip'* ]] || die 10 "Python $FACT_PYTHON cannot make environments" \
    "apt-get install python$minor-venv, or name another Python with --python"
  finish ok "python=$FACT_PYTHON machine=$(uname -m) libc=$(libc)"
}

python_facts() {
  "$1" -I -c 'import importlib.util as u, platform as p, sys
parts = [p.python_version(), sys._base_executable or sys.executable]
print(*parts, *(["ensurepip"] if u.find_spec("ensurepip") and u.find_spec("venv") else []))'
}

minor_of() { cut -d. -f1,2 <<<"${1%% *}"; }

libc() { getconf GNU_LIBC_VERSION 2>/dev/null | tr ' ' - || echo unknown; }

find_gpu() {
  begin gpu-found
  local found=''
  if [[ $gpu != cpu ]] && command -v nvidia-smi >/dev/null; then
    found=$(timeout 30 nvidia-smi --query-gpu=name,driver_version \
      --format=csv,noheader 2>/dev/null) || found=''
  fi
  FACT_GPU=${found//$'\n'/; }
  if [[ $gpu == require && -z $found && ! ($target == dataflow-image && $mode != check) ]]; then
    die 15 'nvidia-smi finds no accelerator' \
      'install the NVIDIA driver, take a machine with a GPU, or give --gpu auto'
  fi
  if [[ -n $found ]]; then
    finish ok "accelerator=$FACT_GPU"
  elif [[ $gpu == require ]]; then
    finish ok 'an image is built without its accelerator; run --check on the machine'
  else
    finish ok 'accelerator=none'
  fi
}

wants_torch() { [[ " ${extras[*]-} " == *' torch '* || " ${extras[*]-} " == *' all '* ]]; }

torch_build() {
  if [[ -n $FACT_GPU || ($gpu == require && $target == dataflow-image) ]]; then
    echo cuda
  else
    echo cpu
  fi
}

find_boot() {
  begin boot-found
  [[ $target != dataflow-image ]] || {
    finish skipped "the image's own $STOCK_BOOT starts the workers"
    return 0
  }
  if [[ -n $boot ]]; then
    cp -- "$boot" "$SCRATCH/affectflow_boot.py"
  elif [[ -n $wheel ]] && from_wheel affectflow/boot.py >"$SCRATCH/affectflow_boot.py"; then
    boot=$wheel
  elif [[ -f $HERE/affectflow/boot.py ]]; then
    boot=$HERE/affectflow/boot.py
    cp -- "$boot" "$SCRATCH/affectflow_boot.py"
  else
    die 16 'the boot program is neither in the wheel nor beside this script' \
      'give --boot FILE, or the wheel of a newer affectflow'
  fi
  finish ok "from=$boot"
}

from_wheel() {
  "$python" -I - "$wheel" "$1" 2>/dev/null <<'EOF'
import fnmatch, sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    [name] = fnmatch.filter(wheel.namelist(), sys.argv[2])
    sys.stdout.buffer.write(wheel.read(name))
EOF
}

# What can be known before the long part is said before it.
check_sources() {
  begin sources
  if [[ -z $wheelhouse ]] && ! $online; then
    die 12 'there is no wheelhouse, and the network is not allowed' \
      'give --wheelhouse DIR (made with pip download), or --online'
  fi
  if [[ $target == dataflow-image && ! -x $STOCK_BOOT ]]; then
    die 16 "$STOCK_BOOT is missing" "$STOCK_BOOT_CURE"
  fi
  local code=0
  if [[ -n $weights ]]; then
    weights_program "$python" read "$weights" >"$SCRATCH/weights" 2>"$SCRATCH/err" || code=$?
    ((code == 0)) || die_from 14 'give JSON or TSV'
  fi
  finish ok "wheelhouse=${wheelhouse:-none} online=$online"
}

check_disk() {
  begin disk
  local folder=$prefix free wanted=$min_free_gb
  if [[ -z $wanted ]]; then
    if wants_torch; then wanted=8; else wanted=3; fi
  fi
  until [[ -e $folder ]]; do folder=$(dirname "$folder"); done
  [[ -d $folder && -w $folder ]] || die 11 "$folder cannot be written by $(who)" \
    'run as its owner or as root, or give another --prefix'
  free=$(($(free_kib "$folder") / 1048576))
  ((free >= wanted)) || die 11 "$folder has $free GB free, but $wanted are needed" \
    'free some, give another --prefix, or lower --min-free-gb'
  finish ok "free_gb=$free wanted_gb=$wanted"
}

# Executors may run as another user than the one who sets the node up.
check_reachable() {
  [[ $target == spark-node ]] || return 0
  begin reachable
  local closed
  closed=$(closed_folder "$prefix")
  [[ -n $closed ]] || closed=$(closed_folder "$(dirname "$(realpath "$VENV/bin/python")")")
  if [[ -n $closed ]]; then
    finish warned "executors run by other users cannot start: they cannot enter $closed"
  else
    finish ok "prefix=$prefix"
  fi
}

closed_folder() {
  local folder=$1
  while [[ $folder != / && $(stat -c %A -- "$folder") == *[xt] ]]; do
    folder=$(dirname "$folder")
  done
  [[ $folder == / ]] || echo "$folder"
}

# -- what it is built from --------------------------------------------------------

names_in() {
  (
    cd "$1"
    LC_ALL=C # or the order of names, and the stamp with it, is the language's
    printf '%s\n' *
  )
}

digest() { sha256sum -- "$1" | cut -d' ' -f1; }

# One line for each thing that the environment depends on; `given` leaves defaults out.
inputs() { # all|given
  echo "script $(digest "${BASH_SOURCE[0]}")"
  if [[ $1 == all ]]; then
    echo "python $(python_facts "$python")"
    echo "target $target"
    if wants_torch; then echo "torch $(torch_build)"; fi
    if [[ -z $wheel$requirements ]]; then
      echo "pyproject $(digest "$HERE/pyproject.toml")"
    fi
    [[ $target == dataflow-image ]] ||
      echo "boot $(digest "$SCRATCH/affectflow_boot.py")"
  elif [[ -n $boot ]]; then
    echo "boot $(digest "$boot")"
  fi
  if [[ -n $wheel ]] && $without_package; then
    echo "dependencies-of $(from_wheel '*.dist-info/METADATA' | sha256sum | cut -d' ' -f1)"
  elif [[ -n $wheel ]]; then
    echo "wheel $(digest "$wheel")"
  fi
  [[ -z $requirements ]] || echo "requirements $(digest "$requirements")"
  [[ -z $weights ]] || echo "weights $(digest "$weights")"
  [[ -z $wheelhouse ]] || echo "wheelhouse $wheelhouse $(names_in "$wheelhouse" | sha256sum)"
  [[ -z $expect_beam ]] || echo "beam $expect_beam"
  [[ -z ${extras[*]-} ]] || echo "extras $(printf '%s\n' "${extras[@]}" | sort -u | tr '\n' ' ')"
}

make_stamp() {
  begin stamp
  if [[ -z $wheel$requirements && ! -f $HERE/pyproject.toml ]]; then
    die 12 'no packages are named' \
      'give --wheel FILE, --dependencies-of FILE or --requirements FILE'
  fi
  inputs all >"$SCRATCH/inputs"
  STAMP=$(digest "$SCRATCH/inputs" | cut -c1-16)
  finish ok "stamp=$STAMP"
}

who() { id -un 2>/dev/null || id -u; }

take_lock() {
  begin lock
  mkdir -p -- "$prefix/bin" 2>"$SCRATCH/err" ||
    die 11 "cannot make $prefix: $(tail -n 1 "$SCRATCH/err")" 'give another --prefix'
  { exec 9<>"$prefix/.lock"; } 2>"$SCRATCH/err" ||
    die 11 "$prefix cannot be written by $(who): $(last_line "$SCRATCH/err")" \
      'run as its owner or as root, or give another --prefix'
  if ! flock -n 9; then
    log "step=lock status=waiting another run sets up $prefix"
    flock -w "$LOCK_WAIT_S" 9 || die 11 "another run has held $prefix for $LOCK_WAIT_S s" \
      'wait for it, or end it, and run again'
  fi
  LOCKED=true
  open_log
  finish ok "prefix=$prefix"
}

# -- the environment --------------------------------------------------------------

build() {
  local folder
  for folder in "$prefix"/env-*; do
    [[ ! -d $folder || -e $folder/complete || $folder == "$VENV" ]] || rm -rf "$folder"
  done
  if [[ -e $VENV/packages ]]; then
    begin packages
    finish ok 'installed by an earlier run'
    return 0
  fi
  rm -rf "$VENV"
  begin environment
  "$python" -m venv "$VENV" >"$SCRATCH/pip" 2>&1 || die_if_full ||
    die 10 "no environment: $(last_line "$SCRATCH/pip")" \
      'give another Python with --python, or look at the disk'
  finish ok "folder=$VENV"
  install_packages
  : >"$VENV/packages"
}

last_line() {
  grep -v '^[[:space:]]*$' "$1" | tail -n 1 | cut -c1-300
}

install_packages() {
  begin packages
  list_wanted >"$SCRATCH/wanted.txt" 2>"$SCRATCH/err" ||
    die 12 "$(last_line "$SCRATCH/err")" 'give an extra that the package has, or another wheel'
  torch_constraint >"$SCRATCH/constraint.txt"
  # Torch of the CPU comes from an index of its own, and first: PyPI's may be newer.
  if wants_torch && $online && ! has_torch && [[ $(torch_build) == cpu ]]; then
    pip_install --index-url "$TORCH_CPU_INDEX" torch
  fi
  [[ -z $requirements ]] || pip_install --requirement "$requirements"
  [[ ! -s $SCRATCH/wanted.txt ]] ||
    pip_install --requirement "$SCRATCH/wanted.txt" --constraint "$SCRATCH/constraint.txt"
  "$VENV/bin/python" -I -m pip check --disable-pip-version-check >"$SCRATCH/pip" 2>&1 ||
    die 12 "packages do not fit together: $(last_line "$SCRATCH/pip")" \
      'give a wheelhouse or a lock in which they do'
  installed >"$VENV/installed.txt"
  finish ok "packages=$(wc -l <"$VENV/installed.txt")"
}

# Requirement lines for pip: the wheel, or what it needs, and the submitter's Beam.
list_wanted() {
  [[ -z $expect_beam ]] || echo "apache-beam==$expect_beam"
  if [[ -n $wheel ]] && ! $without_package; then
    local IFS=,
    wheel_requirement "[${extras[*]-}]"
  elif [[ -n $wheel ]]; then
    needs "$wheel" ${extras[@]+"${extras[@]}"}
  elif [[ -z $requirements ]]; then
    needs "$HERE/pyproject.toml" ${extras[@]+"${extras[@]}"}
  fi
}

wheel_requirement() {
  "$VENV/bin/python" -I - "$wheel" "${1/#\[\]/}" <<'EOF'
import pathlib, sys
path = pathlib.Path(sys.argv[1])
print(f"{path.name.split('-')[0]}{sys.argv[2]} @ {path.as_uri()}")
EOF
}

needs() {
  "$VENV/bin/python" -I - "$@" <<'EOF'
import email, pathlib, sys, tomllib, zipfile
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name

def of_wheel(path):
    with zipfile.ZipFile(path) as wheel:
        [name] = [n for n in wheel.namelist() if n.endswith(".dist-info/METADATA")]
        said = email.message_from_bytes(wheel.read(name))
    lines = [(None, line) for line in said.get_all("Requires-Dist", [])]
    return said["Name"], lines, set(said.get_all("Provides-Extra", []))

def of_project(path):
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    optional = project.get("optional-dependencies", {})
    lines = [(None, line) for line in project.get("dependencies", [])]
    lines += [(extra, line) for extra in optional for line in optional[extra]]
    return project["name"], lines, set(optional)

def wanted(extras, seen):
    for extra, line in lines:
        need = Requirement(line)
        marker, need.marker = need.marker, None
        if extra not in (None, *extras):
            continue
        if marker and not any(marker.evaluate({"extra": e}) for e in ["", *extras]):
            continue
        if canonicalize_name(need.name) != canonicalize_name(name):
            yield str(need)
        elif fresh := set(need.extras) - seen:
            yield from wanted(sorted(fresh), seen | fresh)

path, extras = pathlib.Path(sys.argv[1]), sys.argv[2:]
name, lines, known = of_wheel(path) if path.suffix == ".whl" else of_project(path)
if unknown := set(extras) - known:
    sys.exit(f"{name} has no extra {min(unknown)}; there are {', '.join(sorted(known))}")
print(*dict.fromkeys(wanted(extras, set(extras))), sep="\n")
EOF
}

has_torch() {
  [[ -n $wheelhouse ]] && names_in "$wheelhouse" | grep '^torch-[0-9]' >/dev/null
}

# Of the builds of torch in the wheelhouse, the one that fits this machine. A version
# with `+cpu` is newer than the same without it, so pip alone would take it on a GPU.
torch_constraint() {
  if ! wants_torch || [[ -z $wheelhouse ]]; then return 0; fi
  local builds build
  builds=$(names_in "$wheelhouse" | sed -nE 's/^torch-([^-]+)[+]cpu-.*/\1+cpu/p' | sort -uV)
  [[ -n $builds ]] || return 0
  if [[ $(torch_build) == cpu ]]; then
    echo "torch===$(tail -n 1 <<<"$builds")"
  else
    while IFS= read -r build; do echo "torch!=$build"; done <<<"$builds"
  fi
}

# The installers do not always say why they failed.
die_if_full() {
  if grep -qi 'no space left' "$SCRATCH/pip" || (($(free_kib "$prefix") < 32768)); then
    die 11 'the disk is full' 'free some, or give another --prefix'
  fi
  return 1
}

free_kib() { df -Pk -- "$1" | awk 'NR == 2 { print $4 }'; }

pip_install() {
  if [[ -n $wheelhouse ]]; then
    ! try_pip --isolated --no-index "$@" || return 0
  fi
  if $online; then
    # pip prefers no place to another, so the wheelhouse had to be asked alone.
    [[ -z $wheelhouse ]] ||
      log "step=packages the wheelhouse alone is not enough: $(pip_problem)"
    ! try_pip --timeout "$FETCH_TIMEOUT_S" --retries 3 "$@" || return 0
  fi
  local problem cure='add it to the wheelhouse with pip download, or give --online'
  problem=$(pip_problem)
  if [[ -n $expect_beam && $problem == *"apache-beam==$expect_beam"* ]]; then
    die 13 "the submitter's apache-beam $expect_beam does not install: $problem" \
      'take a wheelhouse with that version, or submit with the version of the workers'
  fi
  if $online; then cure='look at the index and the network, or give --wheelhouse DIR'; fi
  die 12 "pip: $problem" "$cure"
}

try_pip() {
  local how=(--quiet --no-input --disable-pip-version-check --prefer-binary)
  [[ -z $wheelhouse ]] || how+=(--find-links "$wheelhouse")
  "$VENV/bin/python" -I -m pip install "${how[@]}" "$@" >"$SCRATCH/pip" 2>&1 || die_if_full
}

pip_problem() {
  grep -m 1 '^ERROR' "$SCRATCH/pip" | cut -c1-300 || last_line "$SCRATCH/pip"
}

installed() {
  "$VENV/bin/python" -I -B -c 'from importlib.metadata import distributions as d
print(*sorted({f"{x.name}=={x.version}" for x in d()}), sep="\n")'
}

check_versions() {
  begin versions
  local found
  found=$("$VENV/bin/python" -I -B -c 'import platform
print(platform.python_version())') || die 10 "the Python of $VENV does not start" \
    'was it removed or upgraded? install it, remove this folder and run again'
  FACT_PYTHON=$found
  FACT_BEAM=$(sed -n 's/^apache[-_]beam==//p' "$VENV/installed.txt")
  FACT_TORCH=$(sed -n 's/^torch==//p' "$VENV/installed.txt")
  [[ -n $FACT_BEAM ]] || die 13 'apache-beam is not one of the packages' \
    'give --expect-beam with the version of the submitter'
  [[ -z $expect_beam || $FACT_BEAM == "$expect_beam" ]] ||
    die 13 "apache-beam is $FACT_BEAM here, but $expect_beam at the submitter" \
      "run again with --expect-beam $expect_beam and without --check"
  [[ -z $expect_python || $(minor_of "$FACT_PYTHON") == "$expect_python" ]] ||
    die 13 "Python is $FACT_PYTHON here, but $expect_python at the submitter" \
      "run again with --python python$expect_python"
  finish ok "python=$FACT_PYTHON beam=$FACT_BEAM torch=${FACT_TORCH:-none}"
}

# A program's last line on stderr is `problem<TAB>cure` where it knows them.
die_from() { # CODE CURE
  local line
  line=$(grep $'\t' "$SCRATCH/err" | tail -n 1 || true)
  [[ -n $line ]] || line="$(last_line "$SCRATCH/err")"$'\t'"$2"
  die "$1" "${line%%$'\t'*}" "${line#*$'\t'}"
}

# -- weights ----------------------------------------------------------------------

fetch_weights() { # fetch|check MANIFEST
  begin weights
  if [[ -z $2 ]]; then
    finish skipped 'no manifest was given'
    return 0
  fi
  local code=0
  weights_program "$VENV/bin/python" "$1" "$2" >"$SCRATCH/weights" 2>"$SCRATCH/err" || code=$?
  ((code == 0)) || die_from $((code == 11 ? 11 : 14)) 'check the manifest and the disk'
  FACT_WEIGHTS=$(wc -l <"$SCRATCH/weights")
  finish ok "files=$FACT_WEIGHTS cache=$prefix/hf"
}

weights_program() { # PYTHON read|fetch|check MANIFEST
  "$1" -I -B - "${@:2}" "$prefix/hf/hub" "$online" "$FETCH_TIMEOUT_S" <<'EOF'
import errno, hashlib, json, os, pathlib, re, shutil, sys
from urllib.parse import urlsplit
from urllib.request import url2pathname, urlopen

act, manifest, cache, online, timeout = sys.argv[1:]
manifest, cache = pathlib.Path(manifest), pathlib.Path(cache)
COLUMNS = ("model", "revision", "url", "sha256", "file")
FORMS = {
    "model": r"[\w.-]+/[\w.-]+",
    "revision": r"[0-9a-f]{40}",
    "sha256": r"[0-9a-f]{64}",
    "file": r"[\w.-]+(/[\w.-]+)*",
}

def fail(problem, cure, code=14):
    sys.stderr.write(f"{' '.join(problem.split())}\t{cure}\n")
    sys.exit(code)

def entries():
    text = manifest.read_text(encoding="utf-8")
    if text.lstrip()[:1] in ("[", "{"):
        said = json.loads(text)
        return said["files"] if isinstance(said, dict) else said
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [dict(zip(COLUMNS, line.split("\t"))) for line in lines]

def checked(entry, number):
    entry = {"url": entry.get("path", ""), **entry}
    for column in COLUMNS:
        value = str(entry.get(column) or "")
        form = FORMS.get(column, ".+")
        if not re.fullmatch(form, value) or ".." in value.split("/"):
            fail(f"entry {number} of {manifest.name}: {column} does not match {form}",
                 "fix the manifest: revision must be a commit of 40 hex digits")
    return entry

def opened(url):
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        path = url2pathname(parts.path) if parts.scheme else url
        return open(manifest.parent / path, "rb")
    if online != "true":
        fail(f"{named(url)} is on the network", "give --online, or a local copy")
    if parts.scheme in ("http", "https"):
        return urlopen(url, timeout=float(timeout))
    import fsspec
    return fsspec.open(url, "rb").open()

def named(url):
    """Without user, password and signature."""
    parts = urlsplit(url)
    host = (parts.hostname or "") + parts.path
    return f"{parts.scheme}://{host}" if parts.scheme else url

def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

def fetch(entry, blob):
    part = blob.with_name(f"{blob.name}.part")
    blob.parent.mkdir(parents=True, exist_ok=True)
    try:
        with opened(entry["url"]) as source, open(part, "wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        found = sha256(part)
        if found != entry["sha256"]:
            fail(f"{entry['model']} {entry['file']} has sha256 {found}, "
                 f"the manifest says {entry['sha256']}",
                 "fetch the file again, or fix the manifest")
        os.replace(part, blob)
    finally:
        part.unlink(missing_ok=True)

def link(blob, snapshot):
    snapshot.parent.mkdir(parents=True, exist_ok=True)
    goal = os.path.relpath(blob, snapshot.parent)
    if snapshot.is_symlink() and os.readlink(snapshot) == goal:
        return
    new = snapshot.with_name(f".{snapshot.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(goal)
    os.replace(new, snapshot)

def place(entry):
    root = cache / f"models--{entry['model'].replace('/', '--')}"
    blob = root / "blobs" / entry["sha256"]
    snapshot = root / "snapshots" / entry["revision"] / entry["file"]
    if act == "check":
        if not snapshot.is_file():
            fail(f"{entry['model']} {entry['file']} is not in {cache}",
                 "run again without --check")
        if sha256(snapshot) != entry["sha256"]:
            fail(f"{entry['model']} {entry['file']} in {cache} is damaged",
                 f"remove {blob} and run again without --check")
    else:
        if not (blob.is_file() and sha256(blob) == entry["sha256"]):
            fetch(entry, blob)
        link(blob, snapshot)
    print(snapshot)

try:
    found = [checked(entry, n) for n, entry in enumerate(entries(), start=1)]
except (ValueError, KeyError, AttributeError, TypeError) as error:
    fail(f"{manifest.name} cannot be read: {error}", f"give a list of {COLUMNS}")
for entry in found if act != "read" else []:
    try:
        place(entry)
    except Exception as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            fail("the disk is full", "free some, or give another --prefix", 11)
        why = getattr(error, "strerror", "") or getattr(error, "reason", "")
        cure = "look at the address, the rights and the network"
        if isinstance(error, ImportError):
            cure = f"install {error.name} (--extra s3 or gcp), or give a local copy"
        fail(f"cannot fetch {named(entry['url'])}: {type(error).__name__} {why}", cure)
EOF
}

# -- does it work -----------------------------------------------------------------

check_gpu() {
  begin gpu
  if [[ -z $FACT_TORCH || -z $FACT_GPU ]]; then
    finish skipped "torch=${FACT_TORCH:-none} accelerator=${FACT_GPU:-none}"
    return 0
  fi
  if timeout 300 "$VENV/bin/python" -I -B - 2>"$SCRATCH/err" <<'EOF'; then
import sys, torch
if not torch.cuda.is_available():
    sys.exit(f"torch {torch.__version__} (CUDA {torch.version.cuda}) sees no accelerator")
major, minor = torch.cuda.get_device_capability()
known = torch.cuda.get_arch_list()
# Code for 8.0 runs on 8.9; PTX (compute_) is compiled for what is newer.
fits = [a for a in known if a.startswith("compute_") or a.startswith(f"sm_{major}")]
if not fits:
    sys.exit(f"torch {torch.__version__} has no code for sm_{major}{minor}, only {known}")
square = torch.ones(64, 64, device="cuda")
if (square @ square).sum().item() != 64.0**3:
    sys.exit("the accelerator does not multiply matrices rightly")
EOF
    finish ok "torch=$FACT_TORCH computes on $FACT_GPU"
  elif [[ $gpu == require ]]; then
    die_from 15 'install the driver that this torch needs, or a torch for this driver'
  else
    finish warned "workers will use the CPU: $(last_line "$SCRATCH/err")"
  fi
}

check_plugins() {
  begin plugins
  local code=0 name
  # A wheel that jobs bring along is tried from a folder that is thrown away.
  if [[ -n $wheel ]] && $without_package; then
    "$python" -I -m zipfile -e "$wheel" "$SCRATCH/unpacked"
  fi
  HF_HUB_OFFLINE=1 timeout "$PLUGINS_TIMEOUT_S" "$VENV/bin/python" -I -B - "$SCRATCH/unpacked" \
    >"$SCRATCH/plugins" 2>"$SCRATCH/err" <<'EOF' || code=$?
import importlib.metadata, pathlib, sys
if pathlib.Path(sys.argv[1]).is_dir():
    sys.path.insert(0, sys.argv[1])

def tried(name, attempt):
    print(name, flush=True)
    try:
        attempt()
    except Exception as error:
        why = " ".join(str(error).split())
        sys.stderr.write(f"plugin {name} does not work: {type(error).__name__}: {why}\t"
                         "install what it names, or uninstall the plugin\n")
        sys.exit(17)

def annotate_one_row():
    import pyarrow as pa
    from affectflow import schemas
    from affectflow_transforms.models.emotions.embedded import EmbeddedEmotions
    schema = schemas.fields(schemas.UTTERANCES, "text", "segments")
    row = {"text": "Thank you so much!", "segments": None}
    batch = pa.RecordBatch.from_pylist([row], schema=schema)
    handler = EmbeddedEmotions()
    [found] = handler.apply(batch, handler.load_model())["annotations"].to_pylist()
    if [each["label"] for each in found if each["chosen"]] != ["gratitude"]:
        raise ValueError(f"thanks were labelled {found}")

points = {(point.group, point.name): point
          for each in importlib.metadata.distributions()
          for point in each.entry_points
          if point.group.startswith("affectflow.")}
for (group, name), point in sorted(points.items()):
    tried(f"{name} ({group})", point.load)
if ("affectflow.models", "EmbeddedEmotions") in points:
    tried("EmbeddedEmotions (one row)", annotate_one_row)
EOF
  name=$(tail -n 1 "$SCRATCH/plugins")
  ((code != 124)) || die 17 "plugin $name took more than $PLUGINS_TIMEOUT_S s" \
    'is the disk or the processor busy? run again'
  ((code < 128)) || die 17 "plugin $name ended Python with signal $((code - 128))" \
    'this processor does not support the instructions that a package was built for; use another build of it'
  ((code == 0)) || die_from 17 'install the package again'
  FACT_PLUGINS=$(grep -vc 'one row' "$SCRATCH/plugins" || true)
  if ((FACT_PLUGINS)); then
    finish ok "imported=$FACT_PLUGINS"
  else
    finish skipped 'affectflow is not installed; jobs bring it along'
  fi
}

check_boot() {
  begin boot
  if [[ $target == dataflow-image ]]; then
    [[ -x $STOCK_BOOT ]] || die 16 "$STOCK_BOOT is missing" "$STOCK_BOOT_CURE"
  elif [[ -n $1 ]]; then
    timeout 60 "$1" --help >/dev/null 2>"$SCRATCH/err" ||
      die_from 16 'run again without --check, or give another program with --boot'
  else
    timeout 60 "$VENV/bin/python" -I -B "$VENV/boot/affectflow_boot.py" --help >/dev/null \
      2>"$SCRATCH/err" || die_from 16 'give another program with --boot'
  fi
  finish ok "command=${1:-tried}"
}

# -- made visible at once ---------------------------------------------------------

write_environment() {
  begin settings
  mkdir -p "$VENV/boot"
  [[ $target == dataflow-image ]] ||
    install -m 644 "$SCRATCH/affectflow_boot.py" "$VENV/boot/affectflow_boot.py"
  [[ -z $weights ]] || cp -- "$weights" "$VENV/manifest"
  {
    echo "HF_HOME=$prefix/hf"
    if [[ -n $weights ]]; then printf '%s\n' HF_HUB_OFFLINE=1 TRANSFORMERS_OFFLINE=1; fi
    [[ -z $wheelhouse ]] || echo "AFFECTFLOW_WHEELHOUSE=$wheelhouse"
  } >"$VENV/worker.env"
  write_settings
  finish ok "variables=$(wc -l <"$VENV/worker.env")"
}

# What was agreed, for --check; another agreement does not need another environment.
write_settings() {
  cat >"$SCRATCH/settings" <<EOF
target=$target
gpu=${gpu:-auto}
expect_beam=$expect_beam
expect_python=$expect_python
EOF
  if ! cmp -s "$SCRATCH/settings" "$VENV/settings"; then
    install -m 644 "$SCRATCH/settings" "$VENV/.settings.new"
    mv -f "$VENV/.settings.new" "$VENV/settings"
    CHANGED=true
  fi
}

wrapper() {
  cat <<EOF
#!/bin/sh
# Written by setup_workers.sh. Starts one worker in the environment that is current
# now. What worker.env says is exported, unless the runner has set it already.
prefix='$prefix'
EOF
  cat <<'EOF'
folder=$(cd "$prefix/current" && pwd -P) || {
  echo "affectflow-boot: $prefix is not set up; run setup_workers.sh" >&2
  exit 16
}
while IFS= read -r line || [ -n "$line" ]; do
  name=${line%%=*}
  case $name in '' | "$line" | [0-9]* | *[!A-Za-z0-9_]*) continue ;; esac
  eval "known=\${$name+yes}"
  [ -n "$known" ] || export "$line"
done <"$folder/worker.env"
unset PYTHONHOME
exec "$folder/bin/python" "$folder/boot/affectflow_boot.py" "$@"
EOF
}

place() {
  begin place
  if [[ $target != dataflow-image ]]; then
    wrapper >"$SCRATCH/wrapper"
    if ! cmp -s "$SCRATCH/wrapper" "$prefix/bin/affectflow-boot"; then
      install -m 755 "$SCRATCH/wrapper" "$prefix/bin/.affectflow-boot.new"
      mv -f "$prefix/bin/.affectflow-boot.new" "$prefix/bin/affectflow-boot"
      CHANGED=true
    fi
  fi
  point_at current "env-$STAMP"
  point_at worker.env current/worker.env
  finish ok "changed=$CHANGED current=env-$STAMP"
}

point_at() { # NAME GOAL
  [[ $(readlink "$prefix/$1" || true) != "$2" ]] || return 0
  ln -sfn "$2" "$prefix/.$1.new"
  mv -fT "$prefix/.$1.new" "$prefix/$1"
  CHANGED=true
}

# -- the three modes --------------------------------------------------------------

install_all() {
  check_python
  find_gpu
  find_boot
  make_stamp
  VENV=$prefix/env-$STAMP
  if [[ ! -e $VENV/complete ]]; then
    check_sources
    check_disk
  fi
  take_lock
  if [[ ! -e $VENV/complete ]]; then
    CHANGED=true
    build
    write_environment
    check_versions
    fetch_weights fetch "$weights"
    check_gpu
    check_plugins
    [[ $target == dataflow-image ]] || check_boot ''
    cp "$SCRATCH/inputs" "$VENV/inputs"
    cp "$SCRATCH/weights" "$VENV/weights" 2>/dev/null || : >"$VENV/weights"
    : >"$VENV/complete"
  else
    begin environment
    FACT_WEIGHTS=$(wc -l <"$VENV/weights")
    finish unchanged "folder=$VENV"
    check_versions
    while IFS= read -r file; do
      [[ -s $file ]] || { fetch_weights fetch "$weights" && CHANGED=true && break; }
    done <"$VENV/weights"
    check_gpu
    write_settings
  fi
  place
  check_reachable
  log "step=all status=ready seconds=$(seconds_since "$BEGAN") changed=$CHANGED"
}

setting() { sed -n "s/^$1=//p" "$VENV/settings"; }

check_all() {
  begin environment
  local cure='run setup_workers.sh without --check' found
  [[ -d $prefix/current/ ]] || die 12 "$prefix is not set up" "$cure"
  VENV=$(cd "$prefix/current" && pwd -P)
  [[ -e $VENV/complete ]] || die 12 "$VENV was not finished" "$cure"
  STAMP=${VENV##*/env-}
  [[ $(digest "$VENV/inputs" | cut -c1-16) == "$STAMP" ]] ||
    die 12 "$VENV does not have its own stamp" "remove it and $cure"
  # What was agreed at set-up holds, unless the caller says otherwise.
  [[ -n $target ]] || target=$(setting target)
  : "${gpu:=$(setting gpu)}" "${expect_beam:=$(setting expect_beam)}"
  : "${expect_python:=$(setting expect_python)}"
  python=$VENV/bin/python
  inputs given >"$SCRATCH/given"
  found=$(grep -v '^beam ' "$SCRATCH/given" | grep -vxFf "$VENV/inputs" || true)
  [[ -z $found ]] || die 12 "$VENV was made from a different ${found%%[[:space:]]*}" "$cure"
  finish ok "stamp=$STAMP"
  check_versions
  begin packages
  found=$(installed | diff "$VENV/installed.txt" - | grep '^[<>]' | head -n 1 || true)
  [[ -z $found ]] || die 12 "packages changed since set-up: $found" \
    "remove $VENV and $cure"
  finish ok "packages=$(wc -l <"$VENV/installed.txt")"
  find_gpu
  fetch_weights check "$([[ ! -f $VENV/manifest ]] || echo "$VENV/manifest")"
  check_gpu
  check_plugins
  check_boot "$prefix/bin/affectflow-boot"
  log "step=all status=ready seconds=$(seconds_since "$BEGAN") changed=false"
}

plan_all() {
  check_python
  find_gpu
  find_boot
  make_stamp
  VENV=$prefix/env-$STAMP
  if [[ -e $VENV/complete ]]; then
    log "step=plan $VENV is there; nothing would be built"
  else
    check_sources
    check_disk
    log "step=plan would build $VENV from ${wheelhouse:-the network}"
    log "step=plan would ask for apache-beam ${expect_beam:-as the packages say}"
    if wants_torch; then log "step=plan would install torch for $(torch_build)"; fi
    [[ -z $weights ]] || log "step=plan would fetch the weights of $weights"
  fi
  log "step=plan would point $prefix/current at env-$STAMP"
}

main() {
  parse "$@"
  validate
  umask 022
  SCRATCH=$(mktemp -d)
  begin options
  [[ $mode == check ]] || find_target
  read_expected_beam
  finish ok "mode=$mode target=${target:-as set up} prefix=$prefix"
  case $mode in
    install) install_all ;;
    check) check_all ;;
    dry-run) plan_all ;;
  esac
  report 0 '' ''
}

main "$@"
