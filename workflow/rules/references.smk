rule reference:
    input:
        ancient(inputs("reference")),
    output:
        output("reference"),
    log:
        log_of("reference"),
    benchmark:
        log_of("reference", "tsv")
    threads: threads_of("reference")
    params:
        options=options("reference"),
    shell:
        "prunestudy reference {params.options} --out {output} > {log} 2>&1"


rule reference_fold:
    input:
        ancient(inputs("reference_fold")),
    output:
        output("reference_fold"),
    log:
        log_of("reference_fold"),
    benchmark:
        log_of("reference_fold", "tsv")
    threads: threads_of("reference_fold")
    params:
        options=options("reference_fold"),
    shell:
        "prunestudy reference-fold {params.options} --out {output} > {log} 2>&1"
