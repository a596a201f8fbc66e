rule evaluate:
    input:
        data=ancient(planned("evaluate", "data")),
        networks=ancient(planned("evaluate", "networks")),
    output:
        f"{CELL}/{{method}}_evaluation-{{key}}.csv",
    params:
        file=PARAMS,
    log:
        f"{CELL_LOG}/{{method}}_evaluation-{{key}}.log",
    benchmark:
        f"{CELL_LOG}/{{method}}_evaluation-{{key}}.tsv"
    threads: 1
    shell:
        "prunestudy evaluate --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --method {wildcards.method}"
        " --data {input.data} --networks {input.networks} --out {output} > {log} 2>&1"


# Takes every core, so that nothing else runs on the machine while it measures.
rule latency:
    input:
        networks=ancient(planned("latency")),
    output:
        f"{CELL}/latency-{{key}}.csv",
    params:
        file=PARAMS,
        networks=lambda wildcards: [
            f"{method}={artifact.path}"
            for method, artifact in plan.find(
                "latency", task=wildcards.task, seed=int(wildcards.seed)
            ).inputs.items()
        ],
    log:
        f"{CELL_LOG}/latency-{{key}}.log",
    benchmark:
        f"{CELL_LOG}/latency-{{key}}.tsv"
    threads: workflow.cores
    shell:
        "prunestudy latency --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --networks {params.networks} --out {output} > {log} 2>&1"


rule collect:
    input:
        cells=ancient(planned("collect")),
    output:
        directory(f"models/{plan.study.name}/tables-{{key}}"),
    params:
        file=PARAMS,
    log:
        f"logs/{plan.study.name}/collect-{{key}}.log",
    benchmark:
        f"logs/{plan.study.name}/collect-{{key}}.tsv"
    threads: 1
    shell:
        "prunestudy collect --params {params.file} --out {output} > {log} 2>&1"
