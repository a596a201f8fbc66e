rule fetch:
    input:
        ancient(inputs("fetch")),
    output:
        directory(output("fetch")),
    log:
        log_of("fetch"),
    benchmark:
        log_of("fetch", "tsv")
    threads: threads_of("fetch")
    params:
        options=options("fetch"),
    shell:
        "prunestudy fetch {params.options} --out {output} > {log} 2>&1"


rule prepare:
    input:
        ancient(inputs("prepare")),
    output:
        output("prepare"),
    log:
        log_of("prepare"),
    benchmark:
        log_of("prepare", "tsv")
    threads: threads_of("prepare")
    params:
        options=options("prepare"),
    shell:
        "prunestudy prepare {params.options} --out {output} > {log} 2>&1"


rule prepare_fold:
    input:
        ancient(inputs("prepare_fold")),
    output:
        output("prepare_fold"),
    log:
        log_of("prepare_fold"),
    benchmark:
        log_of("prepare_fold", "tsv")
    threads: threads_of("prepare_fold")
    params:
        options=options("prepare_fold"),
    shell:
        "prunestudy prepare-fold {params.options} --out {output} > {log} 2>&1"
