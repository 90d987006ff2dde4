"""Language models by provider; each module registers a factory that takes the model's name."""
