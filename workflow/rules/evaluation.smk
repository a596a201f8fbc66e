rule evaluate:
    input:
        ancient(inputs("evaluate")),
    output:
        output("evaluate"),
    log:
        log_of("evaluate"),
    benchmark:
        log_of("evaluate", "tsv")
    threads: threads_of("evaluate")
    resources:
        gpu=gpu_of("evaluate"),
    params:
        options=options("evaluate"),
    shell:
        "prunestudy evaluate {params.options} --out {output} > {log} 2>&1"


rule latency:
    input:
        ancient(inputs("latency")),
    output:
        output("latency"),
    log:
        log_of("latency"),
    benchmark:
        log_of("latency", "tsv")
    threads: threads_of("latency")
    resources:
        gpu=gpu_of("latency"),
    params:
        options=options("latency"),
    shell:
        "prunestudy latency {params.options} --out {output} > {log} 2>&1"


rule collect:
    input:
        ancient(inputs("collect")),
    output:
        directory(output("collect")),
    log:
        log_of("collect"),
    benchmark:
        log_of("collect", "tsv")
    threads: threads_of("collect")
    params:
        options=options("collect"),
    shell:
        "prunestudy collect {params.options} --out {output} > {log} 2>&1"
