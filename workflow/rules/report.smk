rule report:
    input:
        tables=ancient(planned("report", "tables")),
    output:
        f"models/{plan.study.name}/report-{{key}}.marker",
    log:
        f"logs/{plan.study.name}/report-{{key}}.log",
    benchmark:
        f"logs/{plan.study.name}/report-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
    shell:
        "prunestudy report --params {params.file} --tables {input.tables} --out {output}"
        " > {log} 2>&1"


rule publish:
    input:
        tables=ancient(planned("publish", "tables")),
        report=ancient(planned("publish", "report")),
    output:
        f"models/{plan.study.name}/published-{{key}}.marker",
    log:
        f"logs/{plan.study.name}/published-{{key}}.log",
    benchmark:
        f"logs/{plan.study.name}/published-{{key}}.tsv"
    threads: 1
    params:
        file=PARAMS,
    shell:
        "prunestudy publish --params {params.file} --tables {input.tables} --out {output}"
        " > {log} 2>&1"
