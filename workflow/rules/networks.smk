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
        reference=reference_of,
    shell:
        "prunestudy prune --params {params.file} --task {wildcards.task}"
        " --seed {wildcards.seed} --method {wildcards.method} --data {params.data}"
        " --dense {params.dense} {params.reference} --out {output} > {log} 2>&1"
