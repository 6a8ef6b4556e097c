#!/usr/bin/env bash
# Dumps in a bucket become a lake in a bucket, on Dataflow: ingest, annotate, mine.
#
#   PROJECT=my-project BUCKET=my-bucket KEYS=my-keys IMAGE=us-docker.pkg.dev/... \
#     bash examples/dataflow.sh github 'gs://my-bucket/dumps/*.jsonl'
#
# KEYS is a bucket that readers of the lake cannot read: it holds the speaker key.
# Workers get affectflow from IMAGE, or from the file WHEEL on Beam's own image.
# MODEL, ACCELERATOR, MIN_RAM and MACHINE are for the model; DRY_RUN=1 submits nothing.
set -euo pipefail

die() {
  echo "dataflow.sh: $1" >&2
  exit 2
}

(($# >= 2)) || die "usage: dataflow.sh SOURCE PATH..."
for name in PROJECT BUCKET KEYS; do
  [[ -n ${!name:-} ]] || die "set $name"
done
[[ -n ${IMAGE:-}${WHEEL:-} ]] || die "set IMAGE or WHEEL: workers need affectflow"
readonly lake=gs://$BUCKET/lake source=$1
shift

options=(
  --runner=DataflowRunner
  --project="$PROJECT"
  --region="${REGION:-us-central1}"
  --temp_location="gs://$BUCKET/tmp"
  --staging_location="gs://$BUCKET/staging"
  --max_num_workers="${WORKERS:-10}"
)
[[ -z ${IMAGE:-} ]] || options+=(--sdk_container_image="$IMAGE" --sdk_location=container)
[[ -z ${WHEEL:-} ]] || options+=(--extra_package="$WHEEL")
[[ -z ${SERVICE_ACCOUNT:-} ]] || options+=(--service_account_email="$SERVICE_ACCOUNT")
[[ -z ${DRY_RUN:-} ]] || options+=(--dry_run=True)

model=(--model "${MODEL:-EmbeddedEmotions}")
[[ -z ${ACCELERATOR:-} ]] || model+=(--accelerator "$ACCELERATOR")
[[ -z ${MIN_RAM:-} ]] || model+=(--min-ram "$MIN_RAM")

affectflow ingest "$@" --source "$source" --to "$lake" \
  --speaker-key-uri "gs://$KEYS/affectflow.key" \
  -- "${options[@]}" --job_name=affectflow-ingest

affectflow annotate "$lake" "${model[@]}" \
  -- "${options[@]}" --job_name=affectflow-annotate \
  --machine_type="${MACHINE:-n2-standard-4}" --disk_size_gb=50

affectflow mine "$lake" -- "${options[@]}" --job_name=affectflow-mine
