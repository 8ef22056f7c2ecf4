"""One llama.cpp server as a process: ``python -m voice_livemind.serving.llama_server WEIGHTS …``; ends on SIGTERM."""

import argparse
import os
import signal
from pathlib import Path

import xllamacpp

_PROMPT_CACHE_MIB = 256
"""Prompts other than the last one, kept in memory; llama.cpp's own default is 8 GiB."""

_BATCH_TOKENS = 16
"""Of a prompt, read at once: a request can only be aborted in between. Fewer are read more slowly, 8 by a fifth."""


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser()
    parser.add_argument("weights")
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--context-tokens", type=int, required=True, help="for each slot")
    parser.add_argument("--prompts", type=Path, required=True, help="folder for prompts that were read")
    parser.add_argument("--slots", type=int, required=True, help="requests that are served at once")
    args = parser.parse_args()
    # Blocked before the server's threads start, so that only sigwait below takes them.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})

    params = xllamacpp.CommonParams()
    params.model.path = args.weights
    params.model_alias = {args.name}
    params.hostnames = ["127.0.0.1"]
    params.port = args.port
    params.ui = False
    params.n_parallel = args.slots
    params.n_ctx = args.slots * args.context_tokens
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = args.threads
    args.prompts.mkdir(parents=True, exist_ok=True)
    params.slot_save_path = f"{args.prompts}/"
    params.cache_ram_mib = _PROMPT_CACHE_MIB
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    server = xllamacpp.Server(params)  # noqa: F841  it serves as long as it is held
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # At once: there is nothing to put away, and a server that is stuck would wait for its threads for ever.
    os._exit(0)


if __name__ == "__main__":
    main()
