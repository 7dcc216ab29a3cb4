"""Any number of invented deals for benchmarks. Filled in below."""


def deals(n: int, seed: int, path: str) -> None:
    raise NotImplementedError
