"""In: a scene. Out: findings; one rule a file, found by its place."""
