rule evaluate:
    input:
        cell=ancient(planned("evaluate")),
    output:
        f"{CELL}/evaluation-{{key}}.csv",
    log:
        f"{CELL_LOG}/evaluation-{{key}}.log",
    benchmark:
        f"{CELL_LOG}/evaluation-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
        data=planned("evaluate", "data"),
        networks=named_networks("evaluate"),
    shell:
        "prunestudy evaluate --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --data {params.data} --networks {params.networks}"
        " --out {output} > {log} 2>&1"


# Takes every core, so that nothing else runs on the machine while it measures.
rule latency:
    input:
        networks=ancient(planned("latency")),
    output:
        f"{CELL}/latency-{{key}}.csv",
    log:
        f"{CELL_LOG}/latency-{{key}}.log",
    benchmark:
        f"{CELL_LOG}/latency-{{key}}.tsv"
    threads: workflow.cores
    params:
        file=PARAMS,
        networks=named_networks("latency"),
    shell:
        "prunestudy latency --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --networks {params.networks} --out {output} > {log} 2>&1"


rule collect:
    input:
        cells=ancient(planned("collect")),
    output:
        directory(f"models/{plan.study.name}/tables-{{key}}"),
    log:
        f"logs/{plan.study.name}/tables-{{key}}.log",
    benchmark:
        f"logs/{plan.study.name}/tables-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
    shell:
        "prunestudy collect --params {params.file} --out {output} > {log} 2>&1"
