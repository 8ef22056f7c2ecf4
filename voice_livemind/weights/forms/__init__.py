"""Forms into which a model's weights can be brought: each module is a program, `python -m … SOURCE.gguf FOLDER`."""
