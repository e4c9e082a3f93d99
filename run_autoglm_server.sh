#!/bin/sh
# Starts the OpenAI-compatible service: run_autoglm_server.sh [options of python -m engine.server]
#
#   sh run_autoglm_server.sh                                          the bundled model, http://127.0.0.1:8000
#   sh run_autoglm_server.sh --model PATH                             another checkpoint
#   sh run_autoglm_server.sh --ssl-certfile C.pem --ssl-keyfile K.pem https://0.0.0.0:8000
#
# First it looks at the GPUs. The bundled model needs none; a model of 9 billion parameters in bf16 wants two
# with 24 GB each. AUTOGLM_SKIP_GPU_CHECK=1 starts it whatever is there, as do options that say where it is to
# run (--devices, --dtype, --max-memory); the engine then plans by itself.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

NEEDED=2       # cards
NEEDED_MIB=24000 # of memory each; a card of "24 GB" has 24,564 or 24,576 MiB

model=${AUTOGLM_MODEL:-nano}
host=${AUTOGLM_HOST:-}
name=${AUTOGLM_SERVED_MODEL_NAME:-}
https=${AUTOGLM_SSL_CERTFILE:-}
checked=${AUTOGLM_SKIP_GPU_CHECK:-0}
previous=
for argument in "$@"; do
    case $argument in
        --model=*) model=${argument#*=} ;;
        --host | --host=*) host=given ;;
        --served-model-name | --served-model-name=*) name=given ;;
        --ssl-certfile | --ssl-certfile=*) https=given ;;
        --devices* | --dtype* | --max-memory* | --plan) checked=1 ;; # the engine's own plan says no
    esac
    [ "$previous" != --model ] || model=$argument
    previous=$argument
done

# "name, MiB" of each card, one a line.
cards=$(nvidia-smi --query-gpu=name,memory.total --format=csv,noheader,nounits 2>/dev/null || true)
found=$(printf '%s' "$cards" | grep -c . || true)
large=$(printf '%s\n' "$cards" | awk -F', *' -v least="$NEEDED_MIB" '$NF + 0 >= least' | grep -c . || true)
[ "$found" -eq 0 ] || printf '%s\n' "$cards" | sed 's/^/GPU: /; s/$/ MiB/' >&2

if [ "$model" = nano ]; then
    [ "$found" -gt 0 ] || echo "GPU: none found; the bundled model runs on the CPU." >&2
elif [ "$large" -lt "$NEEDED" ] && [ "$checked" != 1 ]; then
    if [ "$found" -eq 0 ]; then
        echo "error: no NVIDIA GPU was found (nvidia-smi lists none, or is not installed)." >&2
    elif [ "$large" -gt 0 ]; then
        echo "error: $((NEEDED - large)) more GPU with 24 GB of memory is missing." >&2
    else
        echo "error: none of the $found GPUs has 24 GB of memory." >&2
    fi
    echo "A model of 9 billion parameters in bf16 wants $NEEDED GPUs with 24 GB each. What you can do:" >&2
    echo "  - start the bundled model, which needs no GPU: sh run_autoglm_server.sh --model nano" >&2
    echo "  - see what this model needs and where it would run: add --plan" >&2
    echo "  - start a smaller model all the same: AUTOGLM_SKIP_GPU_CHECK=1 sh run_autoglm_server.sh …" >&2
    echo "  - serve the model on a larger machine: docs/scale-out.md" >&2
    exit 1
fi

if [ -x "$here/.venv/bin/python" ]; then
    python=$here/.venv/bin/python
else
    python=${PYTHON:-python3}
fi
cd "$here"
[ -n "$name" ] || set -- --served-model-name autoglm-phone-9b "$@"
# Other machines are let in only over HTTPS, or when --host says so.
[ -n "$host" ] || [ -z "$https" ] || set -- --host 0.0.0.0 "$@"
exec "$python" -m engine.server "$@"
