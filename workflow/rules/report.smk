rule report:
    input:
        ancient(inputs("report")),
    output:
        output("report"),
    log:
        log_of("report"),
    benchmark:
        log_of("report", "tsv")
    threads: threads_of("report")
    params:
        options=options("report"),
    shell:
        "prunestudy report {params.options} --out {output} > {log} 2>&1"


rule publish:
    input:
        ancient(inputs("publish")),
    output:
        output("publish"),
    log:
        log_of("publish"),
    benchmark:
        log_of("publish", "tsv")
    threads: threads_of("publish")
    params:
        options=options("publish"),
    shell:
        "prunestudy publish {params.options} --out {output} > {log} 2>&1"
