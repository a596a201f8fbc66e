"""Networks: architectures, and the spec from which any network, dense or shrunk, is rebuilt."""
