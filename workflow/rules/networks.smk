CELL = f"models/{plan.study.name}/{{task}}/seed{{seed}}"
CELL_LOG = f"logs/{plan.study.name}/{{task}}/seed{{seed}}"


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
        data=ancient(planned("prune", "data")),
        dense=ancient(planned("prune", "dense")),
    output:
        directory(f"{CELL}/{{method}}-{{key}}"),
    log:
        f"{CELL_LOG}/{{method}}-{{key}}.log",
    benchmark:
        f"{CELL_LOG}/{{method}}-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
    shell:
        "prunestudy prune --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --method {wildcards.method}"
        " --data {input.data} --dense {input.dense} --out {output} > {log} 2>&1"
