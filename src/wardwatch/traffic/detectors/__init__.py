"""In: a scene. Out: findings. One rule a module: `RULE` is its name in the contract, `detect` finds it."""
