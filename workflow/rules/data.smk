rule fetch:
    output:
        directory(f"data/{plan.study.name}/raw/{{dataset}}-{{key}}"),
    log:
        f"logs/{plan.study.name}/raw/{{dataset}}-{{key}}.log",
    benchmark:
        f"logs/{plan.study.name}/raw/{{dataset}}-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
    shell:
        "prunestudy fetch --params {params.file} --dataset {wildcards.dataset} --out {output}"
        " > {log} 2>&1"


rule prepare:
    input:
        raw=ancient(planned("prepare", "raw")),
    output:
        f"data/{plan.study.name}/prepared/{{task}}-{{key}}.safetensors",
    log:
        f"logs/{plan.study.name}/prepared/{{task}}-{{key}}.log",
    benchmark:
        f"logs/{plan.study.name}/prepared/{{task}}-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
    shell:
        "prunestudy prepare --params {params.file} --task {wildcards.task}"
        " --raw {input.raw} --out {output} > {log} 2>&1"
