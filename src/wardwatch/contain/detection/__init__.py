"""In: what is watched for. Out: rules that tell of it, one file a language or format."""
