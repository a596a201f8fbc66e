CELL = f"models/{plan.study.name}/{{task}}/seed{{seed}}"
CELL_LOG = f"logs/{plan.study.name}/{{task}}/seed{{seed}}"


def planned(step, role=None, **fixed):
    """Input paths of a step's cell: of one role, or of all."""

    def paths(wildcards):
        cell = dict(fixed)
        cell |= {
            name: wildcards[name]
            for name in ("task", "method")
            if name in wildcards.keys()
        }
        if "seed" in wildcards.keys():
            cell["seed"] = int(wildcards.seed)
        artifact = plan.find(step, **cell)
        return (
            str(artifact.inputs[role].path)
            if role
            else [str(p) for p in artifact.input_paths()]
        )

    return paths


def named_networks(step):
    """METHOD=PATH of every trajectory of a cell."""

    def names(wildcards):
        artifact = plan.find(step, task=wildcards.task, seed=int(wildcards.seed))
        networks = {
            role: made for role, made in artifact.inputs.items() if role != "data"
        }
        return [f"{method}={made.path}" for method, made in networks.items()]

    return names


def further_inputs(wildcards):
    """Options for what only some methods look at: other networks, layer times."""
    artifact = plan.find(
        "prune", task=wildcards.task, seed=int(wildcards.seed), method=wildcards.method
    )
    options = {"--reference": "reference", "--layer-times": "layer_times"}
    return [
        f"{option} {artifact.inputs[role].path}"
        for option, role in options.items()
        if role in artifact.inputs
    ]


def profile_of(wildcards):
    """The table of layer times of a task and granule."""
    return plan.find("profile", task=wildcards.task, method=wildcards.granule)
