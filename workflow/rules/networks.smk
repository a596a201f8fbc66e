rule train:
    input:
        data=ancient(planned("train", "data", method="dense")),
    output:
        directory(f"{CELL}/dense-{{key}}"),
    log:
        f"{CELL_LOG}/dense-{{key}}.log",
    benchmark:
        f"{CELL_LOG}/dense-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
    shell:
        "prunestudy train --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --data {input.data} --out {output} > {log} 2>&1"


rule prune:
    input:
        cell=ancient(planned("prune")),
    output:
        directory(f"{CELL}/{{method}}-{{key}}"),
    log:
        f"{CELL_LOG}/{{method}}-{{key}}.log",
    benchmark:
        f"{CELL_LOG}/{{method}}-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
        data=planned("prune", "data"),
        dense=planned("prune", "dense"),
        further=further_inputs,
    shell:
        "prunestudy prune --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --method {wildcards.method} --data {params.data}"
        " --dense {params.dense} {params.further} --out {output} > {log} 2>&1"


# Takes every core, so that nothing else runs on the machine while it measures.
rule profile:
    input:
        data=ancient(lambda wildcards: profile_of(wildcards).input_paths()),
    output:
        f"models/{plan.study.name}/{{task}}/layer_times_{{granule}}-{{key}}.csv",
    log:
        f"logs/{plan.study.name}/{{task}}/layer_times_{{granule}}-{{key}}.log",
    benchmark:
        f"logs/{plan.study.name}/{{task}}/layer_times_{{granule}}-{{key}}.tsv"
    threads: workflow.cores
    params:
        file=PARAMS,
    shell:
        "prunestudy profile --params {params.file} --task {wildcards.task}"
        " --granule {wildcards.granule} --data {input.data} --out {output} > {log} 2>&1"
