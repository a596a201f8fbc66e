rule train:
    input:
        ancient(inputs("train")),
    output:
        directory(output("train")),
    log:
        log_of("train"),
    benchmark:
        log_of("train", "tsv")
    threads: threads_of("train")
    resources:
        gpu=gpu_of("train"),
    params:
        options=options("train"),
    shell:
        "prunestudy train {params.options} --out {output} > {log} 2>&1"


rule layer_latency:
    input:
        ancient(inputs("layer_latency")),
    output:
        output("layer_latency"),
    log:
        log_of("layer_latency"),
    benchmark:
        log_of("layer_latency", "tsv")
    threads: threads_of("layer_latency")
    resources:
        gpu=gpu_of("layer_latency"),
    params:
        options=options("layer_latency"),
    shell:
        "prunestudy layer-latency {params.options} --out {output} > {log} 2>&1"


rule prune:
    input:
        ancient(inputs("prune")),
    output:
        directory(output("prune")),
    log:
        log_of("prune"),
    benchmark:
        log_of("prune", "tsv")
    threads: threads_of("prune")
    resources:
        gpu=gpu_of("prune"),
    params:
        options=options("prune"),
    shell:
        "prunestudy prune {params.options} --out {output} > {log} 2>&1"
