STUDY = plan.study.name
share_among(workflow.cores)


def output(step):
    """Where a step writes: its template with a wildcard for each coordinate and the key."""
    return STEPS[step].path.replace("{study}", STUDY)


def log_of(step, suffix="log"):
    """Where the job's log, or Snakemake's measurement of it, lies."""
    _folder, _, inner = output(step).partition("/")
    return f"logs/{inner.partition('.')[0]}.{suffix}"


def planned(step):
    """A function that gives the artifact of a rule's wildcards."""

    def find(wildcards):
        path = output(step).format(**dict(wildcards))
        return plan.by_path[Path(path)]

    return find


def inputs(step):
    """Paths of all that a step's cell needs; none once it is made.

    What is there stays: an input that was lost and is made again has the same bytes, but snakemake
    would make anew whatever was made of it.
    """
    find = planned(step)

    def needed(wildcards):
        artifact = find(wildcards)
        if artifact.path.exists():
            return []
        return [str(made.path) for made in artifact.needed()]

    return needed


def options(step):
    """Options of a step's command for its cell, with explicit paths."""
    find = planned(step)
    return lambda wildcards: shlex.join(
        ["--params", PARAMS, *find(wildcards).arguments()]
    )


def gpu_of(step):
    """Shares of GPUs that a job holds; one that measures times holds them all."""
    compute = plan.study.compute
    if not STEPS[step].torch or device_kind(compute.accelerator) == CPU:
        return 0
    return compute.gpu_shares if STEPS[step].alone else 1


def threads_of(step):
    """One; a job that measures times takes every core, so that nothing else runs beside it."""
    return workflow.cores if STEPS[step].alone else 1
