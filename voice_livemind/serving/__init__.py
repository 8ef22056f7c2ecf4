"""Language models: servers that are started and watched here, or that run already, and how they are asked."""
